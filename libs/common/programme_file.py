"""A programme (a decision with its annex of assignments) as a YAML file, and how it enters the database.

What the source leaves out stays blank and the row says so; nothing is filled in. A wrong file is refused with the
line and the reason, before anything is stored.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import AssignmentState, ProgrammeState, SourceCompleteness

PROGRAMMES_DIR = Path(__file__).parent / "data" / "programmes"

Text = Annotated[str, Field(min_length=1)]

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
    "model_type": "phải gồm các mục của một chương trình (number, title, sections...)",
}


class ProgrammeFileError(ValueError):
    """A file that can't be loaded; every problem with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnknownUnit(ValueError):
    """The owner named in the file is not among the units of this installation."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Row(Strict):
    number: Text
    text: Text | None = None
    lead: Text | None = None
    partners: tuple[Text, ...] = ()
    period: Text | None = None
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
    number: Text
    title: Text
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]


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
                yield f"{section.number}.{row.number}", section, row


def read_programme(path: Path) -> ProgrammeFile:
    """The programme in a file, or `ProgrammeFileError` naming each line that is wrong."""
    return parse_programme(path.read_text(encoding="utf-8"))


def parse_programme(text: str) -> ProgrammeFile:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProgrammeFileError([f"dòng {line}: không phải YAML hợp lệ ({error.problem})"]) from error
    try:
        return ProgrammeFile.model_validate(values)
    except ValidationError as error:
        raise ProgrammeFileError([_describe(problem, root) for problem in error.errors()]) from error


def _describe(problem: ErrorDetails, root: yaml.Node | None) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in problem["loc"])
    reason = _REASONS.get(problem["type"], problem["msg"]).format_map(
        {"expected": "", "error": "", **(problem.get("ctx") or {})}
    )
    return f"dòng {_line(root, problem['loc'])}: {place or 'tệp'}: {reason.replace(' or ', ' hoặc ')}"


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


async def store_programme(
    session: AsyncSession, spec: ProgrammeFile, *, now: datetime, replace: bool = False
) -> m.Programme:
    """The stored programme of this number; an existing one is left as it is unless told to replace it.

    Replacing takes the rows and texts of the file; how far each row has come is kept, a row the file lacks is gone.
    """
    programme = await session.scalar(select(m.Programme).where(m.Programme.number == spec.number))
    if programme is not None and not replace:
        return programme
    values = await _programme_values(session, spec)
    if programme is None:
        programme = m.Programme(id=new_id(now), created_at=now, **values)
        session.add(programme)
    for name, value in values.items():
        setattr(programme, name, value)
    await session.flush()
    kept = [row_no for row_no, _, _ in spec.numbered_rows()]
    await session.execute(
        delete(m.Assignment).where(m.Assignment.programme_id == programme.id, m.Assignment.row_no.not_in(kept))
    )
    for sort, (row_no, section, row) in enumerate(spec.numbered_rows(), 1):
        await _store_row(session, programme, row_no, section, row, sort=sort, now=now)
    return programme


async def _programme_values(session: AsyncSession, spec: ProgrammeFile) -> dict[str, object]:
    owner = await session.scalar(
        select(m.OrganizationUnit.id)
        .where(m.OrganizationUnit.code == spec.owner_unit)
        .order_by(m.OrganizationUnit.valid_from.desc())
        .limit(1)
    )
    if owner is None:
        raise UnknownUnit(f"owner_unit: không có đơn vị nào mang mã {spec.owner_unit}")
    return {
        **spec.model_dump(include={"number", "title", "issued_on", "is_fictional", "source"}),
        "period_from": spec.period.begins,
        "period_to": spec.period.ends,
        "owner_unit_id": owner,
        "state": spec.state.value,
    }


async def _store_row(
    session: AsyncSession,
    programme: m.Programme,
    row_no: str,
    section: Section,
    row: Row,
    *,
    sort: int,
    now: datetime,
) -> None:
    texts = {
        "section": f"{section.number}. {section.title}",
        "text": row.text,
        "lead": row.lead,
        "partners": list(row.partners),
        "period": row.period,
        "source_state": row.source_state.value,
        "sort": sort,
    }
    statement = insert(m.Assignment).values(
        id=new_id(now),
        programme_id=programme.id,
        row_no=row_no,
        state=AssignmentState.OPEN.value,
        **texts,
    )
    await session.execute(statement.on_conflict_do_update(index_elements=["programme_id", "row_no"], set_=texts))
