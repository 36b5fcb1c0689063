"""SQL of the day so far. Contents are counted by the instant in their ids, each day one range of one key."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id

DAY = timedelta(days=1)
_ARRIVED = text(
    """
    SELECT (SELECT count(*) FROM contents WHERE id >= :floor) AS items,
           (SELECT count(*) FROM unnest(CAST(:lows AS uuid[]), CAST(:highs AS uuid[])) AS span (low, high)
            JOIN contents AS c ON c.id >= span.low AND c.id < span.high) AS before,
           (SELECT min(created_at) FROM sources) AS watched_since
    """
)
_LABELLED = text(
    """
    SELECT (SELECT count(*) FROM annotations WHERE content_id >= :floor) AS classified,
           count(*) AS grouped, count(DISTINCT story_id) AS stories
    FROM story_items WHERE content_id >= :floor
    """
)
_SIGNALS = text(
    """
    SELECT (SELECT count(*) FROM bursts WHERE ended_at IS NULL) AS bursts,
           (SELECT count(*) FROM alerts AS a JOIN alert_rules AS r ON r.id = a.rule_id
            WHERE a.state = 'open' AND (:is_city OR r.unit_id IS NULL OR r.unit_id = ANY(:units))) AS alerts,
           (SELECT reached_at FROM series_marks WHERE name = 'counted') AS counted
    """
)
_FEEDBACK = text(
    """
    SELECT (SELECT count(*) FROM feedback_cases
            WHERE received_at >= :since AND (:all_cases OR unit_id = ANY(:units))) AS received,
           (SELECT count(DISTINCT e.case_id) FROM case_events AS e JOIN feedback_cases AS c ON c.id = e.case_id
            WHERE e.id >= :floor AND e.action = 'answered' AND (:all_cases OR c.unit_id = ANY(:units))) AS answered,
           (SELECT count(*) FROM feedback_cases
            WHERE state IN ('received', 'reopened', 'accepted', 'assigned', 'in_progress')
              AND (:all_cases OR unit_id = ANY(:units))) AS waiting
    """
)
# Of each unit apart, by the index of its calendar: over all publications it would be a walk through the whole table.
_PUBLISHED = text(
    """
    SELECT count(*) AS published, count(*) FILTER (WHERE out.kind = 'correction') AS corrections
    FROM organization_units AS u CROSS JOIN LATERAL (
        SELECT p.kind FROM publications AS p
        WHERE p.unit_id = u.id AND coalesce(p.published_at, p.scheduled_at) >= :since AND p.published_at >= :since
          AND NOT p.is_drill
        OFFSET 0
    ) AS out
    WHERE :is_city OR u.id = ANY(:units)
    """
)
_AHEAD = text(
    """
    SELECT (SELECT count(*) FROM publications WHERE state IN ('approved', 'scheduled') AND scheduled_at >= :now
              AND scheduled_at < :until AND unit_id = ANY(:units) AND NOT is_drill) AS scheduled,
           (SELECT count(*) FROM publications
            WHERE state = 'in_review' AND unit_id = ANY(:units) AND NOT is_drill) AS approvals,
           (SELECT count(*) FROM tasks WHERE state = 'open' AND unit_id = ANY(:units) AND NOT is_drill) AS tasks
    """
)
_GOING_ON = text(
    """
    SELECT 'situation' AS kind, s.id, s.title, u.name AS unit, s.is_drill, s.opened_at AS since,
           CAST(NULL AS timestamptz) AS at
    FROM situations AS s JOIN organization_units AS u ON u.id = s.unit_id
    WHERE s.state = 'open' AND s.unit_id = ANY(:units)
    UNION ALL
    SELECT 'pause', p.id, NULL, u.name, false, p.paused_at, NULL
    FROM pauses AS p LEFT JOIN organization_units AS u ON u.id = p.unit_id
    WHERE p.resumed_at IS NULL AND (p.unit_id IS NULL OR p.unit_id = ANY(:units))
    UNION ALL
    SELECT 'publication', p.id, p.title, u.name, p.is_drill, p.updated_at, p.scheduled_at
    FROM publications AS p JOIN organization_units AS u ON u.id = p.unit_id
    WHERE p.state IN ('approved', 'scheduled') AND p.scheduled_at >= :now AND p.scheduled_at < :until
      AND p.unit_id = ANY(:units)
    UNION ALL
    SELECT 'activity', e.id, e.title, u.name, false, e.created_at, e.starts_at
    FROM agenda_events AS e JOIN organization_units AS u ON u.id = e.unit_id
    WHERE e.state = 'planned' AND e.unit_id = ANY(:units) AND e.starts_at < :until AND e.ends_at >= :now
    ORDER BY at NULLS FIRST, since, id LIMIT :limit
    """
)


class Arrived(NamedTuple):
    """`before`: of the same hours of the seven days before. `watched_since`: the first source of all."""

    items: int
    before: int
    watched_since: datetime | None


async def arrived(session: AsyncSession, since: datetime, now: datetime) -> Arrived:
    back = [days * DAY for days in range(1, 8)]
    spans = {"lows": [floor_id(since - days) for days in back], "highs": [floor_id(now - days) for days in back]}
    return Arrived(*(await session.execute(_ARRIVED, {"floor": floor_id(since), **spans})).one())


async def labelled(session: AsyncSession, since: datetime) -> Row[Any]:
    """(classified, grouped, stories) of the contents that came since then."""
    return (await session.execute(_LABELLED, {"floor": floor_id(since)})).one()


async def signals(session: AsyncSession, units: Collection[UUID], *, is_city: bool) -> Row[Any]:
    """(bursts that go on, alerts that nobody has taken up, up to when contents are counted)."""
    return (await session.execute(_SIGNALS, {"units": list(units), "is_city": is_city})).one()


async def feedback(session: AsyncSession, units: Collection[UUID] | None, since: datetime) -> Row[Any]:
    """(received, answered, waiting now); of all units where None."""
    names = {"units": list(units or ()), "all_cases": units is None, "since": since, "floor": floor_id(since)}
    return (await session.execute(_FEEDBACK, names)).one()


async def published(session: AsyncSession, units: Collection[UUID], since: datetime, *, is_city: bool) -> Row[Any]:
    """(published, of these corrections)."""
    return (await session.execute(_PUBLISHED, {"units": list(units), "is_city": is_city, "since": since})).one()


async def ahead(session: AsyncSession, units: Collection[UUID], now: datetime, until: datetime) -> Row[Any]:
    """(scheduled until then, waiting for approval, open tasks)."""
    return (await session.execute(_AHEAD, {"units": list(units), "now": now, "until": until})).one()


async def going_on(
    session: AsyncSession, units: Collection[UUID], now: datetime, until: datetime, limit: int
) -> Sequence[Row[Any]]:
    """(kind, id, title, unit, is_drill, since, at): what goes on first, then by its hour."""
    names = {"units": list(units), "now": now, "until": until, "limit": limit}
    return (await session.execute(_GOING_ON, names)).all()
