"""The SQL of health: hours counted from the contents, what is usual, what is judged, and the history."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.enums import SourceState
from libs.common.pagination import PageRequest

DOCUMENTS = ("feed", "sitemap", "page")
"""Kinds whose document can be looked at; the others are read through an interface of a platform."""
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('ingest:count-hours', 0))")
_IS_COUNTED = text("SELECT EXISTS (SELECT FROM source_hours) OR NOT EXISTS (SELECT FROM contents)")
_NEWEST_HOUR = text("SELECT max(hour) FROM source_hours")
_COUNT_HOURS = text(
    """
    INSERT INTO source_hours (source_id, hour, items)
    SELECT c.source_id, date_bin('1 hour', c.first_seen_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS h, count(*)
    FROM contents c JOIN sources s ON s.id = c.source_id
    WHERE c.id >= :floor AND c.first_seen_at >= :since
    GROUP BY 1, 2
    ON CONFLICT (source_id, hour) DO UPDATE SET items = excluded.items WHERE source_hours.items <> excluded.items
    """
)
_MARK_NEWEST = text(
    """
    UPDATE sources s SET last_item_at = n.at
    FROM (SELECT source_id, max(first_seen_at) AS at FROM contents
          WHERE id >= :floor AND first_seen_at >= :since GROUP BY source_id) n
    WHERE n.source_id = s.id AND (s.last_item_at IS NULL OR s.last_item_at < n.at)
    """
)
_LAST_POLLS = text(
    """
    SELECT s.id, f.outcome, f.status, f.error, coalesce(e.empty, 0) AS empty
    FROM unnest(CAST(:ids AS uuid[])) AS s (id)
    JOIN LATERAL (SELECT outcome, status, error FROM fetches WHERE source_id = s.id ORDER BY id DESC LIMIT 1) f ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN max(items_seen) = 0 THEN count(*) ELSE 0 END AS empty
        FROM (SELECT items_seen FROM fetches
              WHERE source_id = s.id AND outcome = 'ok' ORDER BY id DESC LIMIT :empties) last) e ON f.outcome = 'ok'
    """
)
_LAST_HOUR = text(
    """
    SELECT source_id, count(*) FROM contents
    WHERE id >= :floor AND first_seen_at > :since AND source_id = ANY(:ids) GROUP BY source_id
    """
)
_LAST_CAUSES = text(
    """
    SELECT s.id, e.cause FROM unnest(CAST(:ids AS uuid[])) AS s (id)
    JOIN LATERAL (SELECT cause FROM source_events WHERE source_id = s.id ORDER BY id DESC LIMIT 1) e ON true
    """
)
_PROBABLE = text(
    """
    SELECT s.id FROM sources s LEFT JOIN source_norms n ON n.source_id = s.id
    WHERE s.state = 'active' AND s.kind = ANY(:kinds) AND s.url IS NOT NULL
      AND (n.probed_at IS NULL OR n.probed_at < :stale OR n.probed_at < :soon AND s.health IN ('broken', 'silent'))
      AND (s.health = 'ok' AND s.failures = 0 AND s.created_at < :settled
           OR s.health IN ('broken', 'silent') AND s.last_ok_at IS NOT NULL)
    ORDER BY (s.health = 'ok'), n.probed_at NULLS FIRST LIMIT 1 FOR UPDATE OF s SKIP LOCKED
    """
)


_THIN = "octet_length(text) <= greatest(coalesce(octet_length(summary), 0) + 40, 300)"
_THIN_NOW = text(
    f"""
    SELECT c.source_id, count(*) AS texts, count(*) FILTER (WHERE {_THIN}) AS thin
    FROM contents c JOIN sources s ON s.id = c.source_id
    WHERE c.id >= :floor AND c.first_seen_at >= greatest(:since, coalesce(s.health_since, :since))
      AND s.state = 'active' AND s.kind = ANY(:kinds)
    GROUP BY c.source_id HAVING count(*) >= :least
    """  # noqa: S608 - our own words
)
_THIN_BEFORE = text(
    f"""
    SELECT count(*) AS texts, count(*) FILTER (WHERE {_THIN}) AS thin
    FROM (SELECT text, summary FROM contents WHERE source_id = :id AND id < :floor ORDER BY id DESC LIMIT 200) before
    """  # noqa: S608 - our own words
)


async def count_hours(session: AsyncSession, now: datetime, history: timedelta) -> bool:
    """Bring the hours up to date from the newest counted on; False where another worker is at it."""
    if not await session.scalar(_LOCK):
        return False
    newest = await session.scalar(_NEWEST_HOUR)
    since = now - history if newest is None else newest - timedelta(hours=1)
    since = since.replace(minute=0, second=0, microsecond=0)
    names = {"floor": floor_id(since), "since": since}
    await session.execute(_COUNT_HOURS, names)
    await session.execute(_MARK_NEWEST, names)
    return True


async def is_counted(session: AsyncSession) -> bool:
    """Whether what there is was counted once; before that every source would look silent."""
    return bool(await session.scalar(_IS_COUNTED))


async def forget_hours(session: AsyncSession, before: datetime) -> None:
    await session.execute(text("DELETE FROM source_hours WHERE hour < :before"), {"before": before})


async def claim_to_judge(session: AsyncSession, before: datetime, limit: int) -> list[m.Source]:
    """Sources not judged since then, locked; sources that another worker holds are left to it."""
    query = (
        select(m.Source)
        .where(or_(m.Source.checked_at.is_(None), m.Source.checked_at < before))
        .order_by(m.Source.checked_at.nulls_first())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(query))


async def mark_judged(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> None:
    await session.execute(update(m.Source).where(m.Source.id.in_(ids)).values(checked_at=now))


async def norms(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, m.SourceNorm]:
    rows = await session.scalars(select(m.SourceNorm).where(m.SourceNorm.source_id.in_(ids)))
    return {row.source_id: row for row in rows}


async def last_polls(session: AsyncSession, ids: Sequence[UUID], empties: int) -> dict[UUID, Row[Any]]:
    rows = await session.execute(_LAST_POLLS, {"ids": list(ids), "empties": empties})
    return {row.id: row for row in rows}


async def last_hour(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    since = now - timedelta(hours=1)
    rows = await session.execute(_LAST_HOUR, {"ids": list(ids), "since": since, "floor": floor_id(since)})
    return dict(rows.all())


async def last_causes(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await session.execute(_LAST_CAUSES, {"ids": list(ids)})
    return dict(rows.all())


async def change_health(session: AsyncSession, source_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(m.Source).where(m.Source.id == source_id).values(values))


async def add_events(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(m.SourceEvent), list(rows))


async def add_notifications(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        query = upsert(m.Notification).values(list(rows))
        await session.execute(query.on_conflict_do_nothing(index_elements=["dedupe"]))


# --- learning ------------------------------------------------------------------------------------------------


async def to_learn(session: AsyncSession, before: datetime, limit: int) -> list[m.Source]:
    """Sources that have brought something and whose norm is older than that."""
    query = (
        select(m.Source)
        .outerjoin(m.SourceNorm, m.SourceNorm.source_id == m.Source.id)
        .where(
            m.Source.state == SourceState.ACTIVE,
            m.Source.last_item_at.is_not(None),
            or_(m.SourceNorm.source_id.is_(None), m.SourceNorm.learned_at < before),
        )
        .order_by(m.Source.id)
        .limit(limit)
    )
    return list(await session.scalars(query))


async def hours_of(session: AsyncSession, source_id: UUID, since: datetime) -> dict[datetime, int]:
    query = select(m.SourceHour.hour, m.SourceHour.items).where(
        m.SourceHour.source_id == source_id, m.SourceHour.hour >= since
    )
    return dict((await session.execute(query)).all())


async def history(session: AsyncSession, source_id: UUID, since: datetime) -> list[tuple[datetime, str]]:
    """(when, health) of every change since then, oldest first."""
    query = (
        select(m.SourceEvent.happened_at, m.SourceEvent.health)
        .where(m.SourceEvent.source_id == source_id, m.SourceEvent.id >= floor_id(since))
        .order_by(m.SourceEvent.id)
    )
    return [(at, health) for at, health in (await session.execute(query))]


async def keep_norm(session: AsyncSession, row: Mapping[str, Any]) -> None:
    query = upsert(m.SourceNorm).values(row)
    kept = {name: query.excluded[name] for name in row if name != "source_id"}
    await session.execute(query.on_conflict_do_update(index_elements=["source_id"], set_=kept))


async def update_norm(session: AsyncSession, source_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(m.SourceNorm).where(m.SourceNorm.source_id == source_id).values(values))


async def to_probe(session: AsyncSession, now: datetime) -> m.Source | None:
    """One source whose document is to be looked at: in trouble every six hours, else once a week."""
    names = {
        "kinds": list(DOCUMENTS),
        "stale": now - timedelta(days=7),
        "soon": now - timedelta(hours=6),
        "settled": now - timedelta(hours=1),
    }
    source_id = await session.scalar(_PROBABLE, names)
    return None if source_id is None else await session.get(m.Source, source_id)


async def thin_texts(session: AsyncSession, since: datetime, least: int) -> list[Row[Any]]:
    """(source, texts, how many of them are no more than their summary) of sources with enough texts since then, or
    since their health changed."""
    names = {"floor": floor_id(since), "since": since, "kinds": list(DOCUMENTS), "least": least}
    return list((await session.execute(_THIN_NOW, names)).all())


async def thin_before(session: AsyncSession, source_id: UUID, before: datetime) -> Row[Any]:
    """(texts, how many are thin) of the last two hundred before then."""
    return (await session.execute(_THIN_BEFORE, {"id": source_id, "floor": floor_id(before)})).one()


# --- to be read ----------------------------------------------------------------------------------------------


async def list_events(session: AsyncSession, source_id: UUID | None, page: PageRequest) -> Sequence[m.SourceEvent]:
    query = select(m.SourceEvent).order_by(m.SourceEvent.id.desc()).limit(page.limit + 1)
    if source_id is not None:
        query = query.where(m.SourceEvent.source_id == source_id)
    if page.after:
        query = query.where(m.SourceEvent.id < page.after.id)
    return (await session.scalars(query)).all()


async def items_since(session: AsyncSession, ids: Sequence[UUID], since: datetime, now: datetime) -> dict[UUID, int]:
    """New items since then: whole hours from what was counted, the present hour from the contents themselves."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counted = (
        select(m.SourceHour.source_id, func.sum(m.SourceHour.items))
        .where(m.SourceHour.source_id.in_(ids), m.SourceHour.hour >= since, m.SourceHour.hour < hour)
        .group_by(m.SourceHour.source_id)
    )
    found = {source_id: int(items) for source_id, items in (await session.execute(counted))}
    newest = (
        select(m.Content.source_id, func.count())
        .where(m.Content.source_id.in_(ids), m.Content.id >= floor_id(hour), m.Content.first_seen_at >= hour)
        .group_by(m.Content.source_id)
    )
    for source_id, items in await session.execute(newest):
        found[source_id] = found.get(source_id, 0) + items
    return found


async def count_by_health(session: AsyncSession) -> dict[str, int]:
    query = select(m.Source.health, func.count()).group_by(m.Source.health)
    return dict((await session.execute(query)).all())


async def all_items_since(session: AsyncSession, since: datetime, now: datetime) -> int:
    """The same of all sources together."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counted = select(func.coalesce(func.sum(m.SourceHour.items), 0)).where(
        m.SourceHour.hour >= since, m.SourceHour.hour < hour
    )
    newest = select(func.count()).where(m.Content.id >= floor_id(hour), m.Content.first_seen_at >= hour)
    return int(await session.scalar(counted) or 0) + int(await session.scalar(newest) or 0)
