"""A programme (a decision with its annex of assignments) as plain data, and as a YAML file.

What the source leaves out stays blank and the row says so; nothing is filled in. A wrong file is refused with the
line and the reason, before anything is stored (`programme_store`).
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from typing_extensions import override

from libs.common.models.enums import ProgrammeState, SourceCompleteness
from libs.common.programme_evidence import Rules
from libs.common.text import nfc

PROGRAMMES_DIR = Path(__file__).parent / "data" / "programmes"

MAX_YAML = 512 * 1024
"""Bytes; the longest annex of a city is a tenth of it."""

Text = Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(nfc)]
Number = Annotated[str, Field(pattern=r"^[0-9A-Za-zĐđ][0-9A-Za-zĐđ.]{0,19}$")]

MOST_ROWS = 500

_REASONS = {
    "missing": "thiếu mục này",
    "extra_forbidden": "mục lạ, không có trong mẫu",
    "string_too_short": "không được để trống",
    "enum": "giá trị không có trong danh sách: {expected}",
    "date_from_datetime_parsing": "ngày không hợp lệ, cần dạng 2026-01-31",
    "date_type": "ngày không hợp lệ, cần dạng 2026-01-31",
    "list_type": "phải là một danh sách",
    "too_short": "danh sách không được rỗng",
    "value_error": "{error}",
    "string_pattern_mismatch": "có ký tự không được phép",
    "string_too_long": "dài quá {max_length} ký tự",
    "too_long": "nhiều hơn {max_length} mục",
    "model_type": "phải gồm các mục của một chương trình (number, title, sections...)",
}


class ProgrammeFileError(ValueError):
    """A file that can't be loaded; every problem with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Row(Strict):
    number: Number
    text: Text | None = None
    lead: Text | None = None
    lead_unit: Text | None = None
    """The code of the unit that answers for it, where the lead's name does not say so."""
    partners: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    period: Text | None = None
    evidence: Rules | None = None
    """None: nothing is said of it, and what the row has stays."""
    source_state: SourceCompleteness = SourceCompleteness.WHOLE

    @model_validator(mode="after")
    def _whole_rows_are_whole(self) -> Self:
        blank = [name for name in ("text", "lead", "period") if getattr(self, name) is None]
        if blank and self.source_state is SourceCompleteness.WHOLE:
            raise ValueError(
                f"dòng {self.number} thiếu {', '.join(blank)}; "
                "nếu nguồn không có thì ghi source_state: incomplete_in_source"
            )
        return self


class Section(Strict):
    """A part of the annex; an annex that has no parts is one without number and title."""

    number: Number | None = None
    title: Text | None = None
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]

    @property
    def heading(self) -> str:
        return ". ".join(part for part in (self.number, self.title) if part)


class Period(Strict):
    begins: date = Field(alias="from")
    ends: date = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.begins:
            raise ValueError(f"thời gian kết thúc {self.ends} trước thời gian bắt đầu {self.begins}")
        return self


class ProgrammeFile(Strict):
    number: Text
    title: Text
    issued_on: date
    period: Period
    owner_unit: Text
    state: ProgrammeState
    is_fictional: bool = False
    source: Text
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rows_are_not_too_many(self) -> Self:
        if sum(len(section.rows) for section in self.sections) > MOST_ROWS:
            raise ValueError(f"phụ lục có hơn {MOST_ROWS} dòng")
        return self

    @model_validator(mode="after")
    def _rows_are_numbered_once(self) -> Self:
        seen: set[str] = set()
        for row_no, _, _ in self.numbered_rows():
            if row_no in seen:
                raise ValueError(f"dòng {row_no} có hai lần")
            seen.add(row_no)
        return self

    def numbered_rows(self) -> Iterator[tuple[str, Section, Row]]:
        """Every row with its number in the annex: I.1, I.2, II.1."""
        for section in self.sections:
            for row in section.rows:
                yield f"{section.number}.{row.number}" if section.number else row.number, section, row


class _Plain(yaml.SafeLoader):
    """Without anchors: a short file that refers to itself is a long one."""

    @override
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "không nhận chỗ dẫn lại (*)", self.get_mark())
        return super().compose_node(parent, index)


def read_programme(path: Path) -> ProgrammeFile:
    """The programme in a file, or `ProgrammeFileError` naming each line that is wrong."""
    return parse_programme(path.read_text(encoding="utf-8"))


def parse_programme(text: str) -> ProgrammeFile:
    if len(text) > MAX_YAML:
        raise ProgrammeFileError([f"tệp dài hơn {MAX_YAML // 1024} KB"])
    try:
        loader = _Plain(text)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProgrammeFileError([f"dòng {line}: không phải YAML hợp lệ ({error.problem})"]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # a sign that is none, a number or date that is none
        raise ProgrammeFileError([f"không phải YAML hợp lệ ({error})"]) from error
    try:
        return ProgrammeFile.model_validate(values)
    except ValidationError as error:
        raise ProgrammeFileError([_describe(problem, root) for problem in error.errors()]) from error


def _describe(problem: ErrorDetails, root: yaml.Node | None) -> str:
    return f"dòng {_line(root, problem['loc'])}: {_reason(problem)}"


def _reason(problem: ErrorDetails) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in problem["loc"])
    reason = _REASONS.get(problem["type"], problem["msg"]).format_map(
        {"expected": "", "error": "", "max_length": "", **(problem.get("ctx") or {})}
    )
    return f"{place or 'tệp'}: {reason.replace(' or ', ' hoặc ')}"


def reasons_of(error: ValidationError) -> list[str]:
    """What is wrong with values that stood in no YAML file."""
    return [_reason(problem) for problem in error.errors()]


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line in the file of the deepest part of a path that is there."""
    line = node.start_mark.line + 1 if node else 1
    for part in path:
        match node, part:
            case yaml.MappingNode(), str():
                pairs = {key.value: (key, value) for key, value in node.value}
                if part not in pairs:
                    return line
                key, node = pairs[part]
                line = key.start_mark.line + 1
            case yaml.SequenceNode(), int():
                node = node.value[part]
                line = node.start_mark.line + 1
            case _:
                return line
    return line
