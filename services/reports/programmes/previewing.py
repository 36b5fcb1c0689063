"""What a file would store, line by line, before anything is stored."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Assignment, Programme
from libs.common.programme_file import ProgrammeFile
from libs.common.programme_store import find_owner, row_values
from libs.common.units import load_stored_register
from services.reports.programmes import queries, rules
from services.reports.programmes.importing.grid import Remark, Severity
from services.reports.programmes.importing.reading import FileFormat, FileRead
from services.reports.programmes.rules import Named
from services.reports.programmes.views import leads_of, today_of


class RowResult(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left_out"
    """There, and not in the file: gone where nobody reported on it, else kept for its history."""


@dataclass(frozen=True)
class RowPreview:
    row_no: str
    result: RowResult
    where: str | None
    values: dict[str, Any]
    leads: list[Named]
    partners: list[Named]


@dataclass(frozen=True)
class Preview:
    """`programme`: None where errors keep the file from being read whole. `is_known`: one of this number is there."""

    format: FileFormat
    programme: ProgrammeFile | None
    is_known: bool
    can_be_stored: bool
    rows: list[RowPreview]
    remarks: list[Remark]


async def preview_import(session: AsyncSession, read: FileRead, now: datetime) -> Preview:
    remarks, spec = list(read.remarks), read.programme
    if spec is None:
        return Preview(read.format, None, False, False, [], remarks)
    if await find_owner(session, spec.owner_unit) is None:
        text = f"Không có đơn vị nào mang mã {spec.owner_unit}."
        remarks.append(Remark(Severity.ERROR, "owner_unit", text))
    known = await queries.programme_of_number(session, spec.number)
    there = {row.row_no: row for row in await queries.assignments(session, known.id)} if known else {}
    rows = await _rows(session, read, spec, there, today_of(now))
    remarks += [_unread(row) for row in rows if row.values.get("period") and row.values["due_on"] is None]
    remarks += _changed_head(spec, known)
    can_be_stored = all(each.severity is not Severity.ERROR for each in remarks)
    return Preview(read.format, spec, known is not None, can_be_stored, rows, remarks)


async def _rows(
    session: AsyncSession, read: FileRead, spec: ProgrammeFile, there: dict[str, Assignment], today: date
) -> list[RowPreview]:
    register, found = await load_stored_register(session), []
    for row_no, section, row in spec.numbered_rows():
        values = row_values(spec, section, row)
        leads = leads_of(row.lead, row.lead_unit, today, register)
        partners = rules.named_units(row.partners, today, register)
        result = _result(there.pop(row_no, None), values)
        found.append(RowPreview(row_no, result, read.where.get(row_no), values, leads, partners))
    gone = [row for row in there.values() if row.withdrawn_at is None]
    return found + [RowPreview(row.row_no, RowResult.LEFT_OUT, None, _values_of(row), [], []) for row in gone]


def _result(row: Assignment | None, values: dict[str, Any]) -> RowResult:
    if row is None:
        return RowResult.NEW
    is_same = row.withdrawn_at is None and all(getattr(row, name) == value for name, value in values.items())
    return RowResult.UNCHANGED if is_same else RowResult.CHANGED


def _values_of(row: Assignment) -> dict[str, Any]:
    names = ("section", "text", "lead", "partners", "period", "source_state", "starts_on", "due_on", "every")
    return {name: getattr(row, name) for name in names}


def _unread(row: RowPreview) -> Remark:
    text = f"Không đọc được ngày nào từ “{row.values['period'][:60]}”; hạn là ngày cuối của chương trình."
    return Remark(Severity.WARNING, row.where or "tệp", text, row.row_no)


def _changed_head(spec: ProgrammeFile, known: Programme | None) -> list[Remark]:
    """What the file would change of a programme that is there, beside its rows."""
    if known is None:
        return []
    told = (
        ("tên", known.title, spec.title),
        ("thời gian", (known.period_from, known.period_to), (spec.period.begins, spec.period.ends)),
        ("trạng thái", known.state, spec.state.value),
    )
    names = ", ".join(name for name, was, now in told if was != now)
    return [Remark(Severity.WARNING, "đầu tệp", f"Sẽ đổi {names} của chương trình đã có.")] if names else []
