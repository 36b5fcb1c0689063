"""Counting days into their totals: one day, one transaction, one counter at a time. Counting a day again replaces what
it had, as long as its rows are all kept; after that it stays."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from services.reports.totals import queries
from services.reports.totals.measures import MEASURES
from services.reports.totals.reading import held
from services.reports.totals.rules import Kept, closed_days, day_of, due_days, span_of


async def count_next_day(session: AsyncSession, kept_for: timedelta, now: datetime) -> date | None:
    """Count the newest day that is due, unless somebody else counts."""
    if not await queries.is_my_turn(session):
        return None
    limit = now - kept_for
    rows = await held(session, limit)
    due = due_days(await _counted(session, rows, now), rows, limit, now)
    if not due:
        return None
    await _count(session, due[-1], now)
    return due[-1]


@dataclass(frozen=True)
class Plan:
    """`days`: to be counted. `already`: counted before. `gone`: never counted, and their rows are not all kept."""

    days: list[date]
    already: int
    gone: int


async def plan_days(
    session: AsyncSession, kept_for: timedelta, now: datetime, *, since: date | None, again: bool
) -> Plan:
    """Closed days from `since` on, or from when the first source was taken up. `again`: also those that are counted, as
    long as nothing of them can have been dropped."""
    limit = now - kept_for
    rows = await held(session, limit)
    counted = await _counted(session, rows, now)
    closed = [day for day in closed_days(rows, now) if since is None or day >= since]
    wanted = [day for day in closed if day not in counted or (again and span_of(day).start >= limit)]
    days = [day for day in wanted if rows.has(span_of(day))]
    gone = sum(day not in counted for day in wanted) - sum(day not in counted for day in days)
    return Plan(days, len(closed) - len(days) - gone, gone)


async def count_days(db: Database, days: Sequence[date], kept_for: timedelta, clock: Clock) -> AsyncIterator[date]:
    """Each day in a transaction of its own, so that what is done stays done; told as each is stored."""
    for day in days:
        async with db.transaction() as session:
            await queries.wait_for_turn(session)
            now = clock.now()
            if (await held(session, now - kept_for)).has(span_of(day)):
                await _count(session, day, now)
        yield day


async def _counted(session: AsyncSession, rows: Kept, now: datetime) -> dict[date, datetime]:
    return await queries.counted_days(session, day_of(rows.watched_since or now), day_of(now))


async def _count(session: AsyncSession, day: date, now: datetime) -> None:
    span = span_of(day)
    await queries.mark_counted(session, day, now)
    await queries.store_totals(session, day, {one: await count(session, span) for one, count in MEASURES.items()})
    await queries.store_stories(session, day, span)
