"""Every SQL statement of the events desk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.activities import Row, due_at, first_post_at, rows
from libs.common.models.agenda import AgendaState, CalendarState
from libs.common.pagination import Cursor, InvalidCursor, PageRequest


class Asked(NamedTuple):
    units: frozenset[UUID]
    since: datetime
    until: datetime
    is_late: bool | None = None


def _of(asked: Asked, now: datetime) -> Select[*tuple[Any, ...]]:
    e = m.AgendaEvent
    query = rows().where(e.unit_id.in_(asked.units), e.starts_at >= asked.since, e.starts_at < asked.until)
    if asked.is_late is None:
        return query
    late = and_(e.state == AgendaState.PLANNED, e.is_all_day.is_(False), func.coalesce(first_post_at(), now) > due_at())
    return query.where(late if asked.is_late else ~late)


async def list_events(session: AsyncSession, asked: Asked, page: PageRequest, now: datetime) -> list[Row]:
    """In time order."""
    e = m.AgendaEvent
    query = _of(asked, now).order_by(e.starts_at, e.id).limit(page.limit + 1)
    if page.after is not None:
        at = _instant(page.after.key)
        query = query.where(or_(e.starts_at > at, and_(e.starts_at == at, e.id > page.after.id)))
    return [Row(*row) for row in await session.execute(query)]


async def every_event(session: AsyncSession, asked: Asked, limit: int, now: datetime) -> list[Row]:
    return [Row(*row) for row in await session.execute(_of(asked, now).limit(limit))]


def cursor_of(row: Row) -> Cursor:
    return Cursor(row.event.starts_at.isoformat(), row.event.id)


def _instant(key: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(key))
    except ValueError as error:
        raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.") from error
    if at.tzinfo is None:
        raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.")
    return at


async def get_event(session: AsyncSession, event_id: UUID) -> Row | None:
    row = (await session.execute(rows().where(m.AgendaEvent.id == event_id))).first()
    return Row(*row) if row else None


async def lock_event(session: AsyncSession, event_id: UUID) -> m.AgendaEvent | None:
    return await session.get(m.AgendaEvent, event_id, with_for_update=True, populate_existing=True)


async def list_unwarned(session: AsyncSession, now: datetime, limit: int = 200) -> list[Row]:
    """Past their time, never told of, known before that time, and nobody warned yet; locked."""
    e = m.AgendaEvent
    query = rows().where(
        e.warned_at.is_(None),
        e.state == AgendaState.PLANNED,
        e.is_all_day.is_(False),
        e.starts_at < now,
        due_at() < now,
        due_at() >= e.created_at,
        first_post_at().is_(None),
    )
    query = query.order_by(e.ends_at).limit(limit).with_for_update(of=e, skip_locked=True)
    return [Row(*row) for row in await session.execute(query)]


# --- kinds and imports --------------------------------------------------------------------------------------


async def list_kinds(session: AsyncSession, units: Iterable[UUID]) -> Sequence[m.AgendaKind]:
    query = select(m.AgendaKind).where(m.AgendaKind.unit_id.in_(list(units)))
    return (await session.scalars(query.order_by(m.AgendaKind.unit_id, m.AgendaKind.id))).all()


async def get_kind(session: AsyncSession, kind_id: UUID, *, lock: bool = False) -> m.AgendaKind | None:
    return await session.get(m.AgendaKind, kind_id, with_for_update=lock or None)


async def list_imports(session: AsyncSession, page: PageRequest, units: Iterable[UUID]) -> Sequence[m.AgendaImport]:
    query = select(m.AgendaImport).where(m.AgendaImport.unit_id.in_(list(units))).order_by(m.AgendaImport.id.desc())
    if page.after is not None:
        query = query.where(m.AgendaImport.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def lock_desk(session: AsyncSession, unit_id: UUID) -> None:
    """One import of a unit at a time."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('agenda:' || :unit, 0))"), {"unit": str(unit_id)}
    )


async def known_events(session: AsyncSession, unit_id: UUID, uids: Iterable[str]) -> Sequence[m.AgendaEvent]:
    query = select(m.AgendaEvent).where(m.AgendaEvent.unit_id == unit_id, m.AgendaEvent.uid.in_(list(uids)))
    return (await session.scalars(query)).all()


# --- calendars by their address -----------------------------------------------------------------------------


async def calendars_of(session: AsyncSession, units: Iterable[UUID]) -> Sequence[m.AgendaCalendar]:
    query = select(m.AgendaCalendar).where(m.AgendaCalendar.unit_id.in_(list(units)))
    return (await session.scalars(query.order_by(m.AgendaCalendar.id))).all()


async def list_calendars(session: AsyncSession, page: PageRequest, units: Iterable[UUID]) -> Sequence[m.AgendaCalendar]:
    """Newest first."""
    query = select(m.AgendaCalendar).where(m.AgendaCalendar.unit_id.in_(list(units)))
    if page.after is not None:
        query = query.where(m.AgendaCalendar.id < page.after.id)
    return (await session.scalars(query.order_by(m.AgendaCalendar.id.desc()).limit(page.limit + 1))).all()


async def get_calendar(session: AsyncSession, calendar_id: UUID, *, lock: bool = False) -> m.AgendaCalendar | None:
    return await session.get(m.AgendaCalendar, calendar_id, with_for_update=lock or None, populate_existing=lock)


async def claim_calendars(session: AsyncSession, now: datetime, limit: int) -> Sequence[m.AgendaCalendar]:
    """Due and not held by a lease, the longest due first; locked, and none that another worker is claiming."""
    one = m.AgendaCalendar
    query = (
        select(one)
        .where(
            one.state == CalendarState.ACTIVE,
            one.next_poll_at <= now,
            or_(one.leased_until.is_(None), one.leased_until <= now),
        )
        .order_by(one.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def named_by(
    session: AsyncSession, calendar_id: UUID, after: datetime, until: datetime
) -> Sequence[m.AgendaEvent]:
    """Activities yet to come that this calendar named last, and that nobody cancelled."""
    e = m.AgendaEvent
    query = select(e).where(
        e.calendar_id == calendar_id, e.state == AgendaState.PLANNED, e.starts_at > after, e.starts_at <= until
    )
    return (await session.scalars(query)).all()


async def last_import(session: AsyncSession, calendar_id: UUID) -> m.AgendaImport | None:
    query = select(m.AgendaImport).where(m.AgendaImport.calendar_id == calendar_id)
    return (await session.scalars(query.order_by(m.AgendaImport.id.desc()).limit(1))).first()
