"""A programme's YAML file, as `libs.common.programme_file` reads it."""

from libs.common.programme_file import ProgrammeFile, ProgrammeFileError, parse_programme
from services.reports.programmes.importing.grid import FileRefused, Remark, Severity


def read_yaml(data: bytes) -> tuple[ProgrammeFile | None, list[Remark]]:
    try:
        return parse_programme(data.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        raise FileRefused("Tệp không phải DOCX, XLSX hay YAML (UTF-8).") from error
    except ProgrammeFileError as error:
        return None, [_remark(text) for text in error.problems]


def _remark(text: str) -> Remark:
    where, found, what = text.partition(": ")
    is_line = found and where.startswith("dòng ")
    return Remark(Severity.ERROR, where if is_line else "tệp", what if is_line else text)
