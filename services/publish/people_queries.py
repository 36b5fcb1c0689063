"""Every SQL statement of the publish service about people, their roles and their shifts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.pagination import PageRequest


async def get_person(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> m.Person | None:
    return await session.get(m.Person, person_id, with_for_update=lock or None)


async def list_people(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], subject: str | None
) -> Sequence[m.Person]:
    """Who belongs to the units or ever held a role there; by the exact subject whoever it is, to be granted one."""
    query = select(m.Person).order_by(m.Person.id).limit(page.limit + 1)
    query = query.where(m.Person.subject == subject) if subject is not None else query.where(_of(units))
    if page.after is not None:
        query = query.where(m.Person.id > page.after.id)
    return (await session.scalars(query)).all()


def _of(units: Iterable[UUID]) -> ColumnElement[bool]:
    here = list(units)
    held = exists().where(m.RoleGrant.person_id == m.Person.id, m.RoleGrant.unit_id.in_(here))
    return or_(m.Person.unit_id.in_(here), held)


async def is_person_of(session: AsyncSession, person_id: UUID, units: Iterable[UUID]) -> bool:
    return await session.scalar(select(m.Person.id).where(m.Person.id == person_id, _of(units))) is not None


async def get_grant(session: AsyncSession, grant_id: UUID) -> m.RoleGrant | None:
    return await session.get(m.RoleGrant, grant_id, with_for_update=True)


async def grants_of(session: AsyncSession, person_id: UUID) -> Sequence[m.RoleGrant]:
    query = select(m.RoleGrant).where(m.RoleGrant.person_id == person_id)
    return (await session.scalars(query.order_by(m.RoleGrant.valid_from, m.RoleGrant.id))).all()


async def holds_throughout(session: AsyncSession, shift: m.DutyRoster) -> bool:
    """Whether one grant covers the whole shift."""
    query = select(m.RoleGrant.id).where(
        m.RoleGrant.person_id == shift.person_id,
        m.RoleGrant.unit_id == shift.unit_id,
        m.RoleGrant.role == shift.role,
        m.RoleGrant.valid_from <= shift.starts_at,
        or_(m.RoleGrant.valid_to.is_(None), m.RoleGrant.valid_to >= shift.ends_at),
    )
    return await session.scalar(query.limit(1)) is not None


async def get_roster(session: AsyncSession, roster_id: UUID) -> m.DutyRoster | None:
    return await session.get(m.DutyRoster, roster_id, with_for_update=True)


async def list_rosters(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], since: datetime | None, until: datetime | None
) -> Sequence[m.DutyRoster]:
    """Shifts that touch the time asked for, in the order in which they were made."""
    query = select(m.DutyRoster).where(m.DutyRoster.unit_id.in_(list(units))).order_by(m.DutyRoster.id)
    if since is not None:
        query = query.where(m.DutyRoster.ends_at > since)
    if until is not None:
        query = query.where(m.DutyRoster.starts_at < until)
    if page.after is not None:
        query = query.where(m.DutyRoster.id > page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def shifts_now(session: AsyncSession, person_id: UUID, now: datetime) -> Sequence[m.DutyRoster]:
    query = select(m.DutyRoster).where(
        m.DutyRoster.person_id == person_id, m.DutyRoster.starts_at <= now, m.DutyRoster.ends_at > now
    )
    return (await session.scalars(query)).all()


async def units_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[m.OrganizationUnit]:
    query = select(m.OrganizationUnit).where(m.OrganizationUnit.id.in_(list(ids)))
    return (await session.scalars(query.order_by(m.OrganizationUnit.name, m.OrganizationUnit.id))).all()
