"""SQL of the register of programmes."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ProgrammeState
from libs.common.pagination import PageRequest


def _programmes() -> Select[m.Programme, m.OrganizationUnit]:
    owner = m.OrganizationUnit
    return select(m.Programme, owner).outerjoin(owner, owner.id == m.Programme.owner_unit_id)


async def list_programmes(session: AsyncSession, page: PageRequest) -> Sequence[Row[m.Programme, m.OrganizationUnit]]:
    """(programme, owner), by number."""
    query = _programmes().order_by(m.Programme.number, m.Programme.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.Programme.number > str(page.after.key))
    return (await session.execute(query)).all()


async def running_programmes(session: AsyncSession) -> Sequence[Row[m.Programme, m.OrganizationUnit]]:
    query = _programmes().where(m.Programme.state == ProgrammeState.RUNNING).order_by(m.Programme.id)
    return (await session.execute(query)).all()


async def get_programme(session: AsyncSession, programme_id: UUID) -> Row[m.Programme, m.OrganizationUnit] | None:
    return (await session.execute(_programmes().where(m.Programme.id == programme_id))).one_or_none()


async def programme_of_number(session: AsyncSession, number: str) -> m.Programme | None:
    return await session.scalar(select(m.Programme).where(m.Programme.number == number))


async def assignments(session: AsyncSession, programme_id: UUID) -> Sequence[m.Assignment]:
    query = select(m.Assignment).where(m.Assignment.programme_id == programme_id).order_by(m.Assignment.sort)
    return (await session.scalars(query)).all()


async def get_assignment(session: AsyncSession, assignment_id: UUID) -> Row[m.Assignment, m.Programme] | None:
    row = m.Assignment
    query = select(row, m.Programme).join(m.Programme, m.Programme.id == row.programme_id)
    return (await session.execute(query.where(row.id == assignment_id))).one_or_none()


async def lock_assignment(session: AsyncSession, assignment_id: UUID) -> None:
    """One change of a row at a time, until this transaction ends."""
    query = select(m.Assignment.id).where(m.Assignment.id == assignment_id).with_for_update()
    await session.execute(query)


# --- progress -----------------------------------------------------------------------------------------------


async def latest_progress(session: AsyncSession, programme_id: UUID) -> dict[UUID, m.AssignmentProgress]:
    """The newest word on each row of a programme that has any."""
    told, row = m.AssignmentProgress, m.Assignment
    query = (
        select(told)
        .ext(distinct_on(told.assignment_id))
        .join(row, row.id == told.assignment_id)
        .where(row.programme_id == programme_id)
        .order_by(told.assignment_id, told.version.desc())
    )
    return {each.assignment_id: each for each in await session.scalars(query)}


async def last_version(session: AsyncSession, assignment_id: UUID) -> int:
    told = m.AssignmentProgress
    return await session.scalar(select(func.max(told.version)).where(told.assignment_id == assignment_id)) or 0


async def progress_history(
    session: AsyncSession, assignment_id: UUID, page: PageRequest
) -> Sequence[m.AssignmentProgress]:
    """Newest first."""
    told = m.AssignmentProgress
    query = select(told).where(told.assignment_id == assignment_id).order_by(told.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(told.id < page.after.id)
    return (await session.scalars(query)).all()


# --- units --------------------------------------------------------------------------------------------------


async def units_of_codes(session: AsyncSession, codes: Iterable[str], today: date) -> dict[str, m.OrganizationUnit]:
    """The unit of each code that is there today."""
    unit = m.OrganizationUnit
    is_there = or_(unit.valid_to.is_(None), unit.valid_to >= today)
    query = select(unit).where(unit.code.in_(list(codes)), is_there, unit.valid_from <= today).order_by(unit.valid_from)
    return {each.code: each for each in await session.scalars(query)}


# --- telling ------------------------------------------------------------------------------------------------
