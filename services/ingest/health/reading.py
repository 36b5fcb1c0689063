"""What people read of a source's health; nothing is changed here."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import midnight
from services.ingest.health import queries, wording
from services.ingest.health.rules import shown_health
from services.ingest.health.schemas import HealthCounts, SourceHealthOut, Window
from services.ingest.health.service import norm_of, pulse_of
from services.ingest.health.volume import LEAST_DAYS, Norm, judge_silence, usual_range
from services.ingest.queries import POLLED_KINDS


async def counts(session: AsyncSession, now: datetime) -> HealthCounts:
    found = await queries.count_by_health(session)
    return HealthCounts(as_of=now, counts=found, new_today=await queries.all_items_since(session, midnight(now), now))


async def health(session: AsyncSession, source: m.Source, now: datetime) -> SourceHealthOut:
    row = (await queries.norms(session, [source.id])).get(source.id)
    norm = norm_of(row)
    pulse = pulse_of(source)
    shown = shown_health(source.health, pulse, now, is_known=source.health_since is not None)
    day, hour = midnight(now), now - timedelta(hours=1)
    today = (await queries.items_since(session, [source.id], day, now)).get(source.id, 0)
    last_hour = (await queries.last_hour(session, [source.id], now)).get(source.id, 0)
    newest = max(source.created_at, source.last_item_at or source.created_at)
    until = (source.last_ok_at if source.kind in POLLED_KINDS else now) or now
    return SourceHealthOut(
        source_id=source.id,
        health=shown,
        health_name=wording.NAMES[shown],
        since=source.health_since,
        reason=source.health_reason,
        last_ok_at=source.last_ok_at,
        last_item_at=source.last_item_at,
        silence_probability=None if norm is None else judge_silence(norm, newest, until).probability,
        today=_window(norm, day, now, today),
        last_hour=_window(norm, hour, now, last_hour),
        per_week=None if norm is None else round(norm.per_week, 2),
        learned_days=0.0 if norm is None else round(norm.days, 1),
        learned_at=None if row is None or norm is None else row.learned_at,
        as_of=now,
    )


def _window(norm: Norm | None, start: datetime, end: datetime, seen: int) -> Window:
    if norm is None or norm.days < LEAST_DAYS:
        return Window(starts_at=start, ends_at=end, seen=seen, expected=None, usual_least=None, usual_most=None)
    least, most = usual_range(norm, start, end)
    expected = round(norm.expected(start, end), 2)
    return Window(starts_at=start, ends_at=end, seen=seen, expected=expected, usual_least=least, usual_most=most)
