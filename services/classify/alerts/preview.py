"""What a rule would have raised over the last days, by the same rules over what is stored; nothing is written."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import id_time
from libs.common.text import fold
from services.classify.alerts import preview_queries as queries
from services.classify.alerts.conditions import (
    BurstCondition,
    ClaimSeen,
    Condition,
    FirstAppearance,
    SavedQueryHit,
    SourceQuiet,
    Threshold,
)
from services.classify.alerts.rules import Episode, Item, appearance_keys, episodes, threshold_keys

DAYS = 7
SHOWN = 200
MOST_ITEMS = 100_000
"""Read for one run, the newest; where more is stored, the run says how far back it went."""


@dataclass(frozen=True)
class WouldRaise:
    key: str
    at: datetime
    count: int


@dataclass(frozen=True)
class Preview:
    since: datetime
    as_of: datetime
    total: int
    is_complete: bool
    alerts: list[WouldRaise]


async def preview(session: AsyncSession, condition: Condition, now: datetime) -> Preview:
    since = now - timedelta(days=DAYS)
    found, reached = await _find(session, condition, since)
    newest = sorted((one for one in found if one.at >= since), key=lambda one: (one.at, one.key), reverse=True)
    return Preview(max(since, reached or since), now, len(newest), reached is None, newest[:SHOWN])


Found = tuple[list[WouldRaise], datetime | None]
"""What would have been raised, and how far back was read where that is not all."""


async def _find(session: AsyncSession, condition: Condition, since: datetime) -> Found:
    match condition:
        case Threshold():
            return await _thresholds(session, condition, since)
        case FirstAppearance():
            return await _appearances(session, condition, since)
        case BurstCondition():
            rows = await queries.bursts(session, condition, since)
            return [WouldRaise(row.key, row.detected_at, row.seen) for row in rows], None
        case SourceQuiet():
            rows = await queries.silences(session, condition, since)
            return [WouldRaise(row.name, row.happened_at, 1) for row in rows], None
        case ClaimSeen():
            rows = await queries.matches(session, condition, since)
            return _waves(rows, condition.min_matches, condition.within_hours), None
        case SavedQueryHit():
            rows = await queries.hits(session, condition, since)
            return _waves(rows, condition.min_hits, condition.within_hours), None
        case _:
            assert_never(condition)


async def _thresholds(session: AsyncSession, condition: Threshold, since: datetime) -> Found:
    if condition.by == "story":
        rows = await queries.story_items(session, condition.fields, since, MOST_ITEMS)
    else:
        rows = await queries.items(session, condition, since, MOST_ITEMS)
    return await asyncio.to_thread(_counted, condition, rows), _reached(rows)


def _reached(rows: Sequence[Row[Any]]) -> datetime | None:
    return id_time(rows[-1].content_id) if len(rows) == MOST_ITEMS else None


def _counted(condition: Threshold, rows: Sequence[Row[Any]]) -> list[WouldRaise]:
    times: dict[str, list[datetime]] = {}
    for row in rows:
        keys = [str(row.story_id)] if condition.by == "story" else threshold_keys(condition, _item(row))
        for key in keys:
            times.setdefault(key, []).append(id_time(row.content_id))
    window = timedelta(minutes=condition.window_minutes)
    return [
        WouldRaise(key, one.raised_at, one.items)
        for key, ats in times.items()
        for one in episodes(sorted(ats), condition.count, window)
    ]


def _item(row: Row[Any]) -> Item:
    return Item(row.content_id, id_time(row.content_id), row.field, row.kind, row.tone, row.places, row.source_group)


async def _appearances(session: AsyncSession, condition: FirstAppearance, since: datetime) -> Found:
    """Each time after so many days without; nothing in what is stored less long than that."""
    days = timedelta(days=condition.days)
    oldest = await queries.oldest_content(session)
    if oldest is None:
        return [], None
    times: dict[str, list[datetime]] = {}
    reached = None
    if condition.of == "place_field":
        rows = await queries.items(session, condition, since - days, MOST_ITEMS)
        reached = _reached(rows)
        for item in map(_item, rows):
            for key in appearance_keys(condition, item):
                times.setdefault(key, []).append(item.at)
    else:
        for phrase in condition.phrases:
            ids = await queries.saying(session, phrase, condition, since - days)
            times[fold(phrase)] = [id_time(id) for id in ids]
    known = max(oldest, reached) if reached else oldest
    return [one for key, ats in times.items() for one in _after_silence(key, sorted(ats), days, known)], reached


def _after_silence(key: str, ats: Sequence[datetime], days: timedelta, oldest: datetime) -> Iterator[WouldRaise]:
    before = None
    for at in ats:
        if (before is None and at - oldest >= days) or (before is not None and at - before >= days):
            yield WouldRaise(key, at, 1)
        before = at


def _waves(rows: Sequence[Row[Any]], least: int, hours: int) -> list[WouldRaise]:
    """Matches or hits made into events: over when nothing came for so long."""
    times: dict[UUID, list[datetime]] = {}
    for row in rows:
        times.setdefault(row.id, []).append(row.at)
    gap = timedelta(hours=hours)
    return [
        WouldRaise(str(key), one.raised_at, one.items)
        for key, ats in times.items()
        for one in _events(sorted(ats), least, gap)
    ]


def _events(ats: Sequence[datetime], least: int, gap: timedelta) -> Iterator[Episode]:
    wave: list[datetime] = []
    for at in ats:
        if wave and at - wave[-1] >= gap:
            if len(wave) >= least:
                yield Episode(wave[least - 1], len(wave), wave[-1])
            wave = []
        wave.append(at)
    if len(wave) >= least:
        yield Episode(wave[least - 1], len(wave), wave[-1])
