"""SQL of the views of the audit log, its checks and its exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.inspection import CheckScope, ExportState
from libs.common.pagination import PageRequest
from services.reports.audit_views.acts import ActClass, actions_of

ATTEMPTS = 3
"""How often an export is tried before it is left to a person."""
entry = m.AuditEntry


@dataclass(frozen=True)
class Wanted:
    """Which entries; what is None does not matter. `since` is included, `until` is not."""

    actor_id: UUID | None = None
    object_type: str | None = None
    object_id: UUID | None = None
    act: ActClass | None = None
    action: str | None = None
    service: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Ids carry their instant, so a window of time is a range of the primary key."""
    same: list[tuple[Any, Any]] = [
        (entry.actor_id, wanted.actor_id),
        (entry.object_type, wanted.object_type),
        (entry.object_id, wanted.object_id),
        (entry.action, wanted.action),
        (entry.service, wanted.service),
    ]
    conditions = [column == value for column, value in same if value is not None]
    if wanted.act is not None:
        conditions.append(entry.action.in_(actions_of(wanted.act)))
    if wanted.since is not None:
        conditions.append(entry.id >= floor_id(wanted.since))
    if wanted.until is not None:
        conditions.append(entry.id < floor_id(wanted.until))
    return conditions


def _named() -> Select[m.AuditEntry, str]:
    return select(entry, m.Person.display_name).outerjoin(m.Person, m.Person.id == entry.actor_id)


async def list_entries(
    session: AsyncSession, wanted: Wanted, page: PageRequest
) -> Sequence[Row[m.AuditEntry, str | None]]:
    """(entry, name of who did it), newest first."""
    query = _named().where(*_conditions(wanted)).order_by(entry.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(entry.id < page.after.id)
    return (await session.execute(query)).all()


async def timeline(
    session: AsyncSession, object_type: str, object_id: UUID, page: PageRequest
) -> Sequence[Row[m.AuditEntry, str | None]]:
    """(entry, name of who did it) about one thing, from its beginning."""
    wanted = Wanted(object_type=object_type, object_id=object_id)
    query = _named().where(*_conditions(wanted)).order_by(entry.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(entry.id > page.after.id)
    return (await session.execute(query)).all()


def _counts() -> list[Any]:
    return [func.count(case((entry.action.in_(actions_of(kind)), 1))).label(kind.value) for kind in ActClass]


async def count_by_person(session: AsyncSession, wanted: Wanted, page: PageRequest) -> Sequence[Row[*tuple[Any, ...]]]:
    """(actor_id, entries, a count for each class, last_at, name), who did most first; nobody: the services."""
    counted = (
        select(entry.actor_id, func.count().label("entries"), *_counts(), func.max(entry.at).label("last_at"))
        .where(*_conditions(wanted))
        .group_by(entry.actor_id)
        .subquery()
    )
    key = func.coalesce(counted.c.actor_id, UUID(int=0))
    query = (
        select(counted, m.Person.display_name.label("actor_name"))
        .outerjoin(m.Person, m.Person.id == counted.c.actor_id)
        .order_by(counted.c.entries.desc(), key.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        query = query.where(tuple_(counted.c.entries, key) < (page.after.key, page.after.id))
    return (await session.execute(query)).all()


async def count_by_object(session: AsyncSession, wanted: Wanted, page: PageRequest) -> Sequence[Row[*tuple[Any, ...]]]:
    """(object_type, object_id, entries, one count for each class, last_at, people), what was touched most first. People
    are told apart for the page alone: of a whole window that costs more than everything else."""
    counted = (
        select(
            entry.object_type,
            entry.object_id,
            func.count().label("entries"),
            *_counts(),
            func.max(entry.at).label("last_at"),
        )
        .where(*_conditions(wanted))
        .group_by(entry.object_type, entry.object_id)
        .subquery()
    )
    order = counted.c.entries.desc(), counted.c.object_id.desc()
    most = select(counted).order_by(*order).limit(page.limit + 1)
    if page.after is not None:
        most = most.where(tuple_(counted.c.entries, counted.c.object_id) < (page.after.key, page.after.id))
    shown = most.subquery()
    same = (entry.object_type == shown.c.object_type, entry.object_id == shown.c.object_id)
    people = select(func.count(entry.actor_id.distinct())).where(*_conditions(wanted), *same).scalar_subquery()
    query = select(shown, people.label("people")).order_by(shown.c.entries.desc(), shown.c.object_id.desc())
    return (await session.execute(query)).all()


# --- checks -------------------------------------------------------------------------------------------------


async def is_mine(session: AsyncSession) -> bool:
    """Whether this transaction is the one that checks: another holds it until it ends."""
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended('reports:audit-check', 0))")
    return bool(await session.scalar(query))


async def last_check(session: AsyncSession, scope: CheckScope | None = None) -> m.AuditCheck | None:
    query = select(m.AuditCheck).order_by(m.AuditCheck.id.desc()).limit(1)
    return await session.scalar(query if scope is None else query.where(m.AuditCheck.scope == scope))


async def checks_since(session: AsyncSession, check: m.AuditCheck | None) -> Sequence[m.AuditCheck]:
    """A check and those that came after it, oldest first; all where there is none."""
    query = select(m.AuditCheck).order_by(m.AuditCheck.id)
    return (await session.scalars(query if check is None else query.where(m.AuditCheck.id >= check.id))).all()


async def list_checks(session: AsyncSession, page: PageRequest) -> Sequence[m.AuditCheck]:
    """Newest first."""
    query = select(m.AuditCheck).order_by(m.AuditCheck.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.AuditCheck.id < page.after.id)
    return (await session.scalars(query)).all()


async def first_entry_at(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(entry.at).order_by(entry.id).limit(1))


async def list_days(session: AsyncSession, since: date, until: date) -> Sequence[m.AuditDay]:
    """Sealed days, both ends included, oldest first."""
    query = select(m.AuditDay).where(m.AuditDay.day.between(since, until)).order_by(m.AuditDay.day)
    return (await session.scalars(query)).all()


# --- exports ------------------------------------------------------------------------------------------------


async def get_export(session: AsyncSession, export_id: UUID, *, lock: bool = False) -> m.AuditExport | None:
    return await session.get(m.AuditExport, export_id, with_for_update=lock, populate_existing=lock)


async def list_exports(session: AsyncSession, page: PageRequest) -> Sequence[m.AuditExport]:
    """Newest first."""
    query = select(m.AuditExport).order_by(m.AuditExport.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.AuditExport.id < page.after.id)
    return (await session.scalars(query)).all()


async def claim_export(session: AsyncSession, now: datetime, lease: timedelta) -> m.AuditExport | None:
    """The oldest export that waits and that no living worker holds; the attempt counts before it is made."""
    export = m.AuditExport
    is_free = or_(export.claimed_until.is_(None), export.claimed_until < now)
    query = select(export).where(export.state == ExportState.WAITING, is_free).order_by(export.id).limit(1)
    found = await session.scalar(query.with_for_update(skip_locked=True))
    if found is not None:
        found.attempts += 1
        found.claimed_until = now + lease
    return found


async def keep_claim(session: AsyncSession, export_id: UUID, done: int, until: datetime) -> None:
    """How far an export has come; whoever makes it goes on doing so."""
    values = {"done": done, "claimed_until": until}
    is_it = (m.AuditExport.id == export_id) & (m.AuditExport.state == ExportState.WAITING)
    await session.execute(update(m.AuditExport).where(is_it).values(values))
