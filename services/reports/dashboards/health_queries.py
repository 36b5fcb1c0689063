"""SQL of how channels and sources are."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id
from libs.common.models.catalogue import SourceHealth

LATELY = timedelta(days=7)
SLOW = timedelta(minutes=5)
"""How long after its hour a delivery that was not sent yet holds for waiting."""
TROUBLES = (
    SourceHealth.BROKEN,
    SourceHealth.BLOCKED,
    SourceHealth.FAILING,
    SourceHealth.SILENT,
    SourceHealth.FLOODING,
)
"""The worst first: what has to be mended by a person, then what may pass."""

_CHANNELS = text(
    """
    SELECT c.id, c.kind, c.name, c.state, c.is_drill, c.created_at, c.health_at, c.credentials_end_at, u.name AS unit,
           l.blocked_until, last.confirmed_at AS last_seen_at, coalesce(done.posts, 0) AS published,
           coalesce(open.waiting, 0) AS waiting, coalesce(open.stuck, 0) AS stuck, open.since
    FROM channels AS c JOIN organization_units AS u ON u.id = c.unit_id
    LEFT JOIN channel_limits AS l ON l.channel_id = c.id AND l.name = '*' AND l.blocked_until > :now
    LEFT JOIN LATERAL (
        SELECT d.confirmed_at FROM deliveries AS d WHERE d.channel_id = c.id AND d.confirmed_at IS NOT NULL
        ORDER BY d.id DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN (
        SELECT channel_id, count(*) AS posts FROM deliveries WHERE id >= :floor AND state = 'published' GROUP BY 1
    ) AS done ON done.channel_id = c.id
    LEFT JOIN (
        SELECT channel_id, min(updated_at) AS since,
               count(*) FILTER (WHERE state IN ('rejected', 'auth_required', 'manual')) AS stuck,
               count(*) FILTER (WHERE state NOT IN ('rejected', 'auth_required', 'manual')) AS waiting
        FROM deliveries
        WHERE state IN ('pending', 'prepared', 'armed', 'committed', 'accepted', 'throttled', 'unknown')
              AND (not_before < :slow OR attempt > 0)
           OR state IN ('rejected', 'auth_required', 'manual') AND updated_at >= :lately
        GROUP BY channel_id
    ) AS open ON open.channel_id = c.id
    WHERE c.state <> 'retired' AND (:is_city OR c.unit_id = ANY(:units))
    ORDER BY c.kind, c.name, c.id
    """
)
_COUNTS = text(
    """
    SELECT health, count(*) AS sources, max(checked_at) AS checked_at,
           count(*) FILTER (WHERE state = 'active' AND next_poll_at IS NOT NULL
               AND next_poll_at + 2 * make_interval(secs => poll_seconds) < :now) AS late
    FROM sources WHERE state <> 'gone' GROUP BY health
    """
)
_TROUBLED = text(
    """
    SELECT id, name, kind, "group", health, health_since, health_reason, created_at, last_ok_at, last_item_at
    FROM sources WHERE health = ANY(:troubles) AND state = 'active'
    ORDER BY array_position(CAST(:troubles AS text[]), health), health_since, id LIMIT :limit
    """
)
_ITEMS = text("SELECT sum(items) AS items, max(hour) AS hour FROM source_hours WHERE hour >= :since")


async def channels(session: AsyncSession, units: Collection[UUID], now: datetime, *, is_city: bool) -> list[Row[Any]]:
    """(id, kind, name, state, is_drill, created_at, health_at, credentials_end_at, unit, blocked_until, last_seen_at,
    published, waiting, stuck, since): each channel with what became of its deliveries lately."""
    lately = now - LATELY
    names = {"units": list(units), "is_city": is_city, "now": now, "slow": now - SLOW, "lately": lately}
    return list((await session.execute(_CHANNELS, {**names, "floor": floor_id(lately)})).all())


async def source_counts(session: AsyncSession, now: datetime) -> Sequence[Row[Any]]:
    """(health, sources, when the newest of them was judged, how many of them should have been read by now)."""
    return (await session.execute(_COUNTS, {"now": now})).all()


async def troubled_sources(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """The worst first, then those that have been so the longest."""
    names = {"troubles": [each.value for each in TROUBLES], "limit": limit}
    return (await session.execute(_TROUBLED, names)).all()


async def items_since(session: AsyncSession, since: datetime) -> Row[Any]:
    """(items, the newest hour that was counted); null where none was."""
    return (await session.execute(_ITEMS, {"since": since})).one()
