"""Bursts of series and stories: read what is counted, tell each event once, follow it until it is over.

Guarantee: the state of the detectors, how far they have read, the bursts and their event change in one transaction.
A reader killed at any point has read nothing or all of it, and says after a restart what it would have said.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.trends import BurstDetected
from libs.common.ids import new_id
from libs.common.models import Burst, Series
from libs.common.outbox import emit
from services.classify.trends import queries
from services.classify.trends.buckets import BUCKET, HOUR_BUCKETS, bucket_of
from services.classify.trends.counting import COUNTED
from services.classify.trends.detector import ALERT_AT
from services.classify.trends.episodes import DAY, Episode, Readers, Seen, close, follow
from services.classify.trends.queries import Growing
from services.classify.trends.settings import TrendSettings

SURGED = "surged"
CHUNK = timedelta(days=1)
"""So much of a long history is read in one turn."""
TOP_CONTENTS, TOP_STORIES, LOOKED_AT = 10, 5, 500
_FOLLOWED = ("loud_at", "ended_at", "window_minutes", "seen", "expected", "surprise", "once_in_weeks")


async def read_series(session: AsyncSession, settings: TrendSettings, *, now: datetime) -> int:
    """Read the next series that are behind; how many."""
    counted = await queries.get_mark(session, COUNTED)
    if counted is None:
        return 0
    until = bucket_of(counted)
    due = await queries.claim_unread(session, until, settings.series_batch)
    if not due:
        return 0
    spans = await _spans(session, due, until)
    since = min(first for first, _ in spans.values()) - HOUR_BUCKETS * BUCKET
    counts = await queries.list_counts(session, list(spans), since, max(last for _, last in spans.values()))
    open_bursts = await queries.list_open_bursts(session, list(spans))
    everything = await queries.list_all_counts(session, since - DAY, until)
    for series in due:
        first, last = spans[series.id]
        readers, burst = Readers.from_json(series.detectors), open_bursts.get(series.id)
        seen = Seen(counts[series.id], everything, settings.min_seen)
        found = await asyncio.to_thread(_read, readers, seen, first, last, burst)
        await queries.keep_detectors(session, series.id, readers.to_json(), last)
        await _keep(session, series, burst, found, settings, now)
    return len(due)


def _read(readers: Readers, seen: Seen, first: datetime, last: datetime, burst: Burst | None) -> list[Episode]:
    return follow(_episode(burst) if burst else None, readers.read(seen, first, last), last)


async def _spans(
    session: AsyncSession, due: Sequence[Series], until: datetime
) -> dict[UUID, tuple[datetime, datetime]]:
    """What each series is read from and to in this turn; a new one from its first count."""
    new = [series.id for series in due if series.read_until is None]
    firsts = await queries.first_buckets(session, new) if new else {}
    begins = {series.id: series.read_until or firsts.get(series.id, until) for series in due}
    return {series_id: (first, max(first, min(until, first + CHUNK))) for series_id, first in begins.items()}


# --- stories ------------------------------------------------------------------------------------------------


async def read_stories(session: AsyncSession, settings: TrendSettings, *, now: datetime) -> int:
    """A story has no rhythm: its last hour stands beside the three before. Once for each five minutes."""
    counted = await queries.get_mark(session, COUNTED)
    surged = await queries.get_mark(session, SURGED)
    if counted is None or (surged and surged >= bucket_of(counted)):
        return 0
    if not await queries.lock_counting(session):
        return 0
    until = bucket_of(counted)
    growing = await queries.list_growing_stories(session, until, settings.min_seen)
    surges = {one.series.id: (one, episode) for one in growing if (episode := surge(one, until))}
    open_bursts = {burst.series_id: burst for burst in await queries.list_open_story_bursts(session)}
    for series_id, burst in open_bursts.items():
        _follow_story(burst, surges.get(series_id), until)
    fresh = [pair for series_id, pair in surges.items() if series_id not in open_bursts]
    for one, episode in fresh:
        await _keep(session, one.series, None, [episode], settings, now)
    await queries.set_mark(session, SURGED, until)
    return len(fresh)


def surge(one: Growing, until: datetime) -> Episode | None:
    """An event where the last hour lies as far above the hours before as a series must above its rhythm."""
    expected = max(one.before / 3.0, 0.5)
    surprise = 2.0 * (math.sqrt(one.seen + 0.375) - math.sqrt(expected + 0.375))
    if surprise < ALERT_AT:
        return None
    return Episode(until - timedelta(hours=1), until, until, 60, one.seen, expected, surprise, None)


def _follow_story(burst: Burst, found: tuple[Growing, Episode] | None, until: datetime) -> None:
    episode = _episode(burst)
    close(episode, until)
    if found and episode.ended_at is None:
        higher = found[1]
        episode.loud_at = until
        if higher.surprise > episode.surprise:
            episode.seen, episode.expected, episode.surprise = higher.seen, higher.expected, higher.surprise
    _write(burst, episode)


# --- bursts -------------------------------------------------------------------------------------------------


def _episode(burst: Burst) -> Episode:
    followed = {name: getattr(burst, name) for name in _FOLLOWED}
    return Episode(began_at=burst.began_at, told_at=burst.detected_at, **followed)


def _write(burst: Burst, episode: Episode) -> None:
    for name in _FOLLOWED:
        setattr(burst, name, getattr(episode, name))


async def _keep(
    session: AsyncSession,
    series: Series,
    burst: Burst | None,
    episodes: Iterable[Episode],
    settings: TrendSettings,
    now: datetime,
) -> None:
    """The open burst is followed; each new event has its row, and what is not past already is told."""
    for place, episode in enumerate(episodes):
        if place == 0 and burst is not None:
            _write(burst, episode)
            await session.flush()
        else:
            await _tell(session, series, episode, settings, now)


async def _tell(
    session: AsyncSession, series: Series, episode: Episode, settings: TrendSettings, now: datetime
) -> None:
    made = await queries.contributors(session, series, episode.began_at, episode.told_at, LOOKED_AT)
    stories = list(dict.fromkeys(story_id for _, story_id in made if story_id))[:TOP_STORIES]
    burst = Burst(
        id=new_id(now),
        series_id=series.id,
        began_at=episode.began_at,
        detected_at=now,
        content_ids=[content_id for content_id, _ in made[:TOP_CONTENTS]],
        story_ids=stories,
    )
    _write(burst, episode)
    session.add(burst)
    await session.flush()
    if now - episode.told_at <= timedelta(hours=settings.fresh_hours):
        numbers = {"seen": burst.seen, "expected": burst.expected, "surprise": burst.surprise}
        event = BurstDetected(burst_id=burst.id, series_id=series.id, story_ids=stories, **numbers)
        await emit(session, event, now=now, source="classify")
