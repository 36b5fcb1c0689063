"""How a programme enters the database: from the shipped files (seed) and from what a city imports."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import AssignmentState
from libs.common.programme_file import ProgrammeFile, Row, Section
from libs.common.programme_periods import parse_period


class UnknownUnit(ValueError):
    """The owner named in the file is not among the units of this installation."""


async def store_programme(
    session: AsyncSession, spec: ProgrammeFile, *, now: datetime, replace: bool = False
) -> m.Programme:
    """The stored programme of this number; an existing one is left as it is unless told to replace it.

    Replacing takes the rows and texts of the file. How far each row has come is kept, and so are its rules of evidence
    and its unit where the file says none. A row the file lacks is gone, or withdrawn where it has a history.
    """
    programme = await session.scalar(select(m.Programme).where(m.Programme.number == spec.number).with_for_update())
    if programme is not None and not replace:
        return programme
    values = await _programme_values(session, spec)
    if programme is None:
        programme = m.Programme(id=new_id(now), created_at=now, **values)
        session.add(programme)
    for name, value in values.items():
        setattr(programme, name, value)
    await session.flush()
    await _leave_out(session, programme, [row_no for row_no, _, _ in spec.numbered_rows()], now)
    for sort, (row_no, section, row) in enumerate(spec.numbered_rows(), 1):
        values = row_values(spec, section, row) | {"sort": sort}
        await _store_row(session, programme, row_no, values, now)
    return programme


def row_values(spec: ProgrammeFile, section: Section, row: Row) -> dict[str, Any]:
    """What a file says of a row, as the table keeps it; what it leaves open is not in it."""
    timing = parse_period(row.period or "", spec.period.begins, spec.period.ends)
    values: dict[str, Any] = {
        "section": section.heading,
        "text": row.text,
        "lead": row.lead,
        "partners": list(row.partners),
        "period": row.period,
        "source_state": row.source_state.value,
        "starts_on": timing.starts_on if timing else None,
        "due_on": timing.due_on if timing else None,
        "every": timing.every.value if timing and timing.every else None,
        "until_on": timing.until_on if timing else None,
    }
    if row.lead_unit is not None:
        values["lead_unit_code"] = row.lead_unit
    if row.evidence is not None:
        values["evidence"] = [rule.stored() for rule in row.evidence]
    return values


async def find_owner(session: AsyncSession, code: str) -> m.OrganizationUnit | None:
    """The unit of this code, the newest where it changed its name; it may have ended."""
    unit = m.OrganizationUnit
    query = select(unit).where(unit.code == code).order_by(unit.valid_from.desc()).limit(1)
    return await session.scalar(query)


async def _programme_values(session: AsyncSession, spec: ProgrammeFile) -> dict[str, object]:
    owner = await find_owner(session, spec.owner_unit)
    if owner is None:
        raise UnknownUnit(f"owner_unit: không có đơn vị nào mang mã {spec.owner_unit}")
    return {
        **spec.model_dump(include={"number", "title", "issued_on", "is_fictional", "source"}),
        "period_from": spec.period.begins,
        "period_to": spec.period.ends,
        "owner_unit_id": owner.id,
        "state": spec.state.value,
    }


async def _leave_out(session: AsyncSession, programme: m.Programme, kept: list[str], now: datetime) -> None:
    row = m.Assignment
    left_out = (row.programme_id == programme.id) & row.row_no.not_in(kept)
    reported = select(m.AssignmentProgress.id).where(m.AssignmentProgress.assignment_id == row.id).exists()
    chosen = select(m.EvidenceChoice.id).where(m.EvidenceChoice.assignment_id == row.id).exists()
    await session.execute(delete(row).where(left_out, ~reported, ~chosen))
    await session.execute(update(row).where(left_out, row.withdrawn_at.is_(None)).values(withdrawn_at=now))


async def _store_row(
    session: AsyncSession, programme: m.Programme, row_no: str, values: dict[str, Any], now: datetime
) -> None:
    key = {"id": new_id(now), "programme_id": programme.id, "row_no": row_no, "state": AssignmentState.OPEN.value}
    statement = insert(m.Assignment).values(**key, **values)
    changed = {**values, "withdrawn_at": None}
    await session.execute(statement.on_conflict_do_update(index_elements=["programme_id", "row_no"], set_=changed))
