"""Counting contents into series: each counts once, in the five minutes in which it was seen, whenever it comes.

Guarantee: a bucket is counted from the items that lie in it and from nothing else, so doing it again changes nothing.
What comes or changes late (a slow label, another story, an import) has its own bucket counted anew. The mark
`counted` says up to when all that was seen is counted; bursts are read up to there and no further.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.classify.trends import queries
from services.classify.trends.buckets import BUCKET
from services.classify.trends.settings import TrendSettings

COUNTED, SWEPT = "counted", "swept"


async def count_contents(session: AsyncSession, settings: TrendSettings, *, now: datetime) -> int:
    """Take in what is new or changed and count its buckets; how many contents."""
    if not await queries.lock_counting(session):
        return 0
    floor, is_sweep = await _look_from(session, settings, now)
    oldest = now - timedelta(days=settings.late_days)
    prompt = timedelta(minutes=settings.prompt_minutes)
    taken = await queries.take_in(session, floor, oldest, prompt, settings.batch)
    if taken:
        await queries.recount(session, taken, now)
    if len(taken) < settings.batch:
        await _advance(session, settings, now, is_sweep)
    return len(taken)


async def _look_from(session: AsyncSession, settings: TrendSettings, now: datetime) -> tuple[datetime, bool]:
    """Mostly the last minutes; now and then the whole of days, for what was labelled late."""
    swept = await queries.get_mark(session, SWEPT)
    is_sweep = swept is None or now - swept >= timedelta(seconds=settings.sweep_seconds)
    back = timedelta(days=settings.late_days) if is_sweep else timedelta(minutes=settings.lookback_minutes)
    return now - back, is_sweep


async def _advance(session: AsyncSession, settings: TrendSettings, now: datetime, is_sweep: bool) -> None:
    """Nothing is left to count: the mark moves on, but not past contents that still wait for their labels."""
    held = timedelta(minutes=settings.hold_minutes)
    waiting = await queries.oldest_unlabelled(session, now - held)
    reached = now - timedelta(seconds=settings.settle_seconds)
    await queries.set_mark(session, COUNTED, min(reached, waiting) if waiting else reached)
    if is_sweep:
        await queries.set_mark(session, SWEPT, now)


async def prune(session: AsyncSession, settings: TrendSettings, *, now: datetime, limit: int = 20_000) -> int:
    """Delete counts and bursts that are past their time. Items stay while their buckets can still change."""

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    items = ago(settings.late_days + 1) - BUCKET
    return await queries.prune(
        session, ago(settings.keep_days), ago(settings.keep_story_days), items, ago(settings.keep_burst_days), limit
    )
