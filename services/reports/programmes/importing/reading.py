"""A file of any kind to a programme, with every remark on it. Pure; bounded, so that it may run on a thread."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from libs.common.models.enums import ProgrammeState
from libs.common.programme_file import ProgrammeFile, reasons_of
from services.reports.programmes.importing.annex import Annex, blank_of, read_annex, values_of
from services.reports.programmes.importing.docx import DOCUMENT, read_docx
from services.reports.programmes.importing.grid import FileRefused, Remark, Severity
from services.reports.programmes.importing.heading import Heading, read_heading
from services.reports.programmes.importing.package import MAGIC, open_package
from services.reports.programmes.importing.xlsx import WORKBOOK, read_xlsx
from services.reports.programmes.importing.yaml import read_yaml

MAX_BYTES = 8 * 1024**2
LEGACY = b"\xd0\xcf\x11\xe0"
"""What .doc, .xls and protected files begin with."""


class FileFormat(StrEnum):
    YAML = "yaml"
    DOCX = "docx"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Given:
    """What a person says of the decision, over what stands above the table."""

    number: str | None = None
    title: str | None = None
    issued_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    owner_unit: str | None = None
    state: ProgrammeState | None = None
    source: str | None = None
    is_fictional: bool | None = None

    @property
    def names(self) -> list[str]:
        return [name for name, value in vars(self).items() if value is not None]


@dataclass(frozen=True)
class FileRead:
    """`programme` is there when nothing of it is wrong; `where` leads from a row's number to its line."""

    format: FileFormat
    programme: ProgrammeFile | None
    remarks: tuple[Remark, ...]
    where: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> list[Remark]:
        return [each for each in self.remarks if each.severity is Severity.ERROR]


def read_file(data: bytes, given: Given, today: date) -> FileRead:
    """Raises FileRefused where the file as a whole is not read; else its remarks say what is wrong."""
    if len(data) > MAX_BYTES:
        raise FileRefused(f"Tệp lớn hơn {MAX_BYTES // 1024**2} MB.")
    if data.startswith(LEGACY):
        raise FileRefused("Tệp .doc, .xls hoặc tệp có mật khẩu không được nhận; hãy lưu lại thành .docx hoặc .xlsx.")
    if not data.startswith(MAGIC):
        return _yaml(data, given)
    parts = open_package(data)
    if DOCUMENT in parts:
        return _table(FileFormat.DOCX, read_annex(read_docx(parts)), given, today)
    if WORKBOOK in parts:
        return _table(FileFormat.XLSX, read_annex(read_xlsx(data, parts)), given, today)
    raise FileRefused("Tệp nén này không phải DOCX hay XLSX.")


def _yaml(data: bytes, given: Given) -> FileRead:
    programme, remarks = read_yaml(data)
    if given.names:
        text = f"Tệp YAML tự nói đủ về chương trình; hãy sửa trong tệp, đừng gửi kèm {', '.join(given.names)}."
        remarks.append(Remark(Severity.ERROR, "tham số", text))
    where = {row_no: f"dòng {row_no}" for row_no, _, _ in programme.numbered_rows()} if programme else {}
    return FileRead(FileFormat.YAML, programme, tuple(remarks), where)


def _table(format_: FileFormat, annex: Annex, given: Given, today: date) -> FileRead:
    if not annex.is_found:
        return FileRead(format_, None, tuple(annex.remarks))
    heading = read_heading(annex.above)
    values, remarks = _head_values(heading, given, today), list(annex.remarks)
    remarks += [_missing(name) for name in _NEEDED if values.get(name) is None]
    sections, where = [], {}
    for section in annex.sections:
        if not section.rows:
            text = f"Mục {section.number} không có dòng nào nên không được lưu."
            remarks.append(Remark(Severity.WARNING, section.where, text))
            continue
        sections.append(
            {"number": section.number, "title": section.title, "rows": [values_of(row) for row in section.rows]}
        )
        for row in section.rows:
            row_no = f"{section.number}.{row.number}" if section.number else row.number
            where[row_no] = row.where
            if blank := blank_of(row):
                text = f"Nguồn để trống {', '.join(blank)}; dòng được ghi là không đủ trong nguồn."
                remarks.append(Remark(Severity.WARNING, row.where, text, row_no))
    if any(each.severity is Severity.ERROR for each in remarks):
        return FileRead(format_, None, tuple(remarks), where)
    values |= {"sections": sections}
    values["period"] = {"from": values.pop("period_from"), "to": values.pop("period_to")}
    try:
        return FileRead(format_, ProgrammeFile.model_validate(values), tuple(remarks), where)
    except ValidationError as error:
        remarks += [Remark(Severity.ERROR, "tệp", text) for text in reasons_of(error)]
        return FileRead(format_, None, tuple(remarks), where)


_NEEDED = {
    "number": "số hiệu văn bản",
    "title": "tên chương trình",
    "issued_on": "ngày ban hành",
    "period_from": "ngày bắt đầu",
    "period_to": "ngày kết thúc",
    "owner_unit": "mã đơn vị chủ quản",
}


def _missing(name: str) -> Remark:
    return Remark(Severity.ERROR, "đầu tệp", f"Không thấy {_NEEDED[name]} trong tệp; hãy cho biết ở tham số {name}.")


def _head_values(heading: Heading, given: Given, today: date) -> dict[str, Any]:
    """What a person says comes first, then what the file says; nothing else is filled in."""
    first, last = heading.first_year, heading.last_year
    issued = given.issued_on or heading.issued_on
    begins = given.period_from or (max(date(first, 1, 1), issued or date.min) if first else None)
    ends = given.period_to or (date(last, 12, 31) if last else None)
    number = given.number or heading.number
    state = ProgrammeState.ENDED if ends is not None and ends < today else ProgrammeState.RUNNING
    told = f" ngày {issued:%d/%m/%Y}" if issued else ""
    return {
        "number": number,
        "title": given.title or heading.title,
        "issued_on": issued,
        "period_from": begins,
        "period_to": ends,
        "owner_unit": given.owner_unit,
        "state": given.state or state,
        "source": given.source or f"Phụ lục kèm theo văn bản số {number}{told}",
        "is_fictional": bool(given.is_fictional),
    }
