"""The SQL of approving: who may approve now, what waits, who is told of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import PublicationState, Role
from libs.common.pagination import PageRequest

ASKED = "approval"


@dataclass(frozen=True)
class Speaker:
    """A spokesperson of a unit at one instant; `on_duty_until` where they are on duty there."""

    person_id: UUID
    name: str
    unit_id: UUID
    unit_name: str
    on_duty_until: datetime | None


def holds(role: Role, now: datetime) -> ColumnElement[bool]:
    """The grant is in force and its holder active."""
    ends = or_(m.RoleGrant.valid_to.is_(None), m.RoleGrant.valid_to > now)
    return and_(m.RoleGrant.role == role, m.RoleGrant.valid_from <= now, ends, m.Person.is_active)


async def speakers(session: AsyncSession, publication: m.Publication, now: datetime) -> list[Speaker]:
    """Who speaks for the unit; where it is urgent, whoever is on duty as a spokesperson of any unit."""
    on_duty = and_(
        m.DutyRoster.person_id == m.RoleGrant.person_id,
        m.DutyRoster.unit_id == m.RoleGrant.unit_id,
        m.DutyRoster.role == Role.SPOKESPERSON,
        m.DutyRoster.starts_at <= now,
        m.DutyRoster.ends_at > now,
    )
    query = (
        select(m.Person.id, m.Person.display_name, m.OrganizationUnit.id, m.OrganizationUnit.name, m.DutyRoster.ends_at)
        .join(m.RoleGrant, m.RoleGrant.person_id == m.Person.id)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.RoleGrant.unit_id)
        .join(m.DutyRoster, on_duty, isouter=True)
        .where(holds(Role.SPOKESPERSON, now))
        .order_by(m.DutyRoster.ends_at.is_(None), m.Person.display_name, m.Person.id)
    )
    asked = m.DutyRoster.id.is_not(None) if publication.is_urgent else m.RoleGrant.unit_id == publication.unit_id
    return [Speaker(*row) for row in await session.execute(query.where(asked))]


async def names_of(session: AsyncSession, people: Iterable[UUID]) -> dict[UUID, str]:
    """Officials by id, as their colleagues know them."""
    rows = await session.execute(select(m.Person.id, m.Person.display_name).where(m.Person.id.in_(list(people))))
    return {row[0]: row[1] for row in rows}


async def unit_above(session: AsyncSession, unit_id: UUID) -> UUID | None:
    """The unit's parent; without one, the city. None for the city itself."""
    parent = await session.scalar(select(m.OrganizationUnit.parent_id).where(m.OrganizationUnit.id == unit_id))
    if parent is not None:
        return parent
    city = select(m.OrganizationUnit.id).where(m.OrganizationUnit.kind == "city", m.OrganizationUnit.id != unit_id)
    is_city = select(m.OrganizationUnit.id).where(m.OrganizationUnit.id == unit_id, m.OrganizationUnit.kind == "city")
    if await session.scalar(is_city) is not None:
        return None
    return await session.scalar(city.order_by(m.OrganizationUnit.valid_from.desc()).limit(1))


async def list_waiting(session: AsyncSession) -> list[tuple[m.Publication, datetime]]:
    """What is in review, locked, with the instant at which its approval was asked for."""
    p = m.Publication
    key = literal(f"{ASKED}:") + cast(p.id, String) + ":" + cast(p.revision, String)
    first = key + f":0:{Role.SPOKESPERSON}:" + cast(p.unit_id, String)
    query = (
        select(p, m.Notification.created_at)
        .join(m.Notification, m.Notification.dedupe == first)
        .where(p.state == PublicationState.IN_REVIEW)
        .order_by(p.id.desc())
        .limit(500)
        .with_for_update(of=p, skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def asked_at(session: AsyncSession, dedupe: str) -> datetime | None:
    return await session.scalar(select(m.Notification.created_at).where(m.Notification.dedupe == dedupe))


async def units_with(session: AsyncSession, role: Role, now: datetime) -> list[UUID]:
    """Units in which somebody holds the role now."""
    query = select(m.RoleGrant.unit_id).join(m.Person, m.Person.id == m.RoleGrant.person_id).where(holds(role, now))
    return sorted(set(await session.scalars(query)))


async def list_notifications(
    session: AsyncSession, page: PageRequest, grants: Iterable[tuple[Role, UUID]], person_id: UUID
) -> Sequence[m.Notification]:
    """Newest first: what is for a role one holds, in the unit in which one holds it, and not for another alone."""
    mine = [and_(m.Notification.role == role, m.Notification.unit_id == unit) for role, unit in grants]
    to_all = and_(m.Notification.unit_id.is_(None), m.Notification.role.in_({role for role, _ in grants}))
    not_anothers = or_(m.Notification.person_id.is_(None), m.Notification.person_id == person_id)
    query = select(m.Notification).where(or_(to_all, *mine), not_anothers).order_by(m.Notification.id.desc())
    if page.after is not None:
        query = query.where(m.Notification.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def is_syndicated(session: AsyncSession, draft_id: UUID) -> bool:
    """Whether a draft was handed to its unit by another: then the unit alone approves it."""
    return await session.scalar(select(m.Syndication.id).where(m.Syndication.draft_id == draft_id)) is not None
