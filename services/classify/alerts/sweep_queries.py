"""SQL of what is looked at every few seconds: bursts, claims, sources, kept queries, stories, and what is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.alerts import AlertKind, AlertState
from libs.common.models.enums import MatchState
from services.classify.alerts.conditions import BurstCondition, ClaimSeen, FirstAppearance, SavedQueryHit, SourceQuiet
from services.classify.searching.lexemes import whatever_marks

BURST_FRESH = timedelta(hours=6)
"""A burst that was found later than this is history, and nobody is woken for it."""
DECIDED_WITHIN = timedelta(days=7)
"""A match that a person confirms later than this after its content came in is no news."""
RECENT = timedelta(minutes=2)
"""Longer than any transaction of two workers that do not see each other."""


async def _all(session: AsyncSession, query: Any) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def recent_groups(session: AsyncSession, rule_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    """Groups that grew lately, with their newest hit."""
    h = m.AlertHit
    query = select(h.rule_id, h.key, func.max(h.hit_at).label("until"))
    query = query.where(h.rule_id.in_(rule_ids), h.hit_at > now - RECENT)
    return await _all(session, query.group_by(h.rule_id, h.key))


_STORIES = text(
    """
    SELECT s.id, s.title, s.field, s.first_at, s.last_at, found.items, found.content_ids
    FROM stories s CROSS JOIN LATERAL (
        SELECT count(*) AS items, (array_agg(i.content_id ORDER BY i.content_id DESC))[1:5] AS content_ids
        FROM story_items i WHERE i.story_id = s.id AND i.content_id >= :since
    ) AS found
    WHERE s.last_at > :after AND s.items >= :least AND (:is_any_field OR s.field = ANY(CAST(:fields AS text[])))
      AND found.items >= :least
    ORDER BY s.id
    """
)


async def busy_stories(
    session: AsyncSession, fields: Sequence[str], least: int, window: timedelta, now: datetime
) -> Sequence[Row[Any]]:
    """Stories of which at least so many items came in within the window."""
    values = {
        "since": floor_id(now - window),
        "after": now - window,
        "least": least,
        "is_any_field": not fields,
        "fields": [str(one) for one in fields],
    }
    return (await session.execute(_STORIES, values)).all()


async def open_bursts(session: AsyncSession, wanted: BurstCondition, now: datetime) -> Sequence[Row[Any]]:
    b, s = m.Burst, m.Series
    query = (
        select(b, s.dimension, s.key, m.Story.title, m.Story.field)
        .join(s, s.id == b.series_id)
        .join(m.Story, m.Story.id == b.story_ids[1], isouter=True)
        .where(b.ended_at.is_(None), b.detected_at > now - BURST_FRESH, b.loud_at > now - BURST_FRESH)
        .where(s.dimension.in_(wanted.dimensions), b.seen >= wanted.min_seen, b.surprise >= wanted.min_surprise)
        .order_by(b.id)
    )
    if wanted.keys:
        query = query.where(s.key.in_(wanted.keys))
    return await _all(session, query)


def told_again(wanted: ClaimSeen) -> tuple[Any, Any]:
    """(condition, when): what counts as seen again, from when it was suggested, or from when a person confirmed it."""
    x = m.ClaimMatch
    states = [MatchState.CONFIRMED] if wanted.only_confirmed else [MatchState.SUGGESTED, MatchState.CONFIRMED]
    at = func.coalesce(x.decided_at, x.created_at) if wanted.only_confirmed else x.created_at
    return m.Claim.verdict.in_(wanted.verdicts) & x.state.in_(states), at


async def seen_claims(session: AsyncSession, wanted: ClaimSeen, now: datetime) -> Sequence[Row[Any]]:
    """Checked claims with what may repeat them lately; not what is old and was only found now."""
    c, x = m.Claim, m.ClaimMatch
    since = now - timedelta(hours=wanted.within_hours)
    counts, at = told_again(wanted)
    came_in = since - (DECIDED_WITHIN if wanted.only_confirmed else timedelta())
    query = (
        select(
            c.id,
            c.text,
            func.count().label("items"),
            func.min(at).label("first_at"),
            func.max(at).label("last_at"),
            func.bool_or(x.state == MatchState.CONFIRMED).label("is_confirmed"),
            func.array_agg(x.content_id.distinct()).label("content_ids"),
        )
        .join(x, x.claim_id == c.id)
        .where(counts, at > since, x.content_id >= floor_id(came_in))
        .group_by(c.id)
        .having(func.count() >= wanted.min_matches)
        .order_by(c.id)
    )
    return await _all(session, query)


async def quiet_sources(session: AsyncSession, wanted: SourceQuiet, now: datetime) -> Sequence[Row[Any]]:
    s = m.Source
    query = select(s.id, s.name, s.health, s.health_since, s.health_reason).where(
        s.state == "active",
        s.health.in_(wanted.healths),
        s.health_since <= now - timedelta(minutes=wanted.minutes),
    )
    if wanted.source_groups:
        query = query.where(s.group.in_(wanted.source_groups))
    return await _all(session, query.order_by(s.id))


async def query_hits(session: AsyncSession, wanted: SavedQueryHit, now: datetime) -> Sequence[Row[Any]]:
    q, h = m.SavedQuery, m.SavedQueryHit
    ids = func.array_agg(h.content_id).label("content_ids")
    query = (
        select(
            q.id,
            q.name,
            func.count().label("items"),
            func.min(h.found_at).label("first_at"),
            func.max(h.found_at).label("last_at"),
            ids,
        )
        .join(h, h.saved_query_id == q.id)
        .where(q.id.in_(wanted.query_ids), q.ended_at.is_(None), q.expires_at > now)
        .where(h.is_new, h.found_at > now - timedelta(hours=wanted.within_hours))
        .group_by(q.id)
        .having(func.count() >= wanted.min_hits)
        .order_by(q.id)
    )
    return await _all(session, query)


# --- memories of first appearances ---------------------------------------------------------------------------

_LEARN_PLACES = text(
    """
    INSERT INTO alert_memories AS m (rule_id, key, seen_at)
    SELECT :rule, place || ':' || a.field, max(c.first_seen_at)
    FROM annotations a JOIN contents c ON c.id = a.content_id CROSS JOIN LATERAL unnest(a.places) AS place
    WHERE a.content_id >= :since AND c.id >= :since AND a.places <> '{}'
    GROUP BY 2 ORDER BY 2
    ON CONFLICT (rule_id, key) DO UPDATE SET seen_at = greatest(m.seen_at, excluded.seen_at)
    """
)
_LEARN_PHRASE = text(
    """
    INSERT INTO alert_memories AS m (rule_id, key, seen_at)
    SELECT :rule, :key, max(c.first_seen_at)
    FROM search_documents d JOIN contents c ON c.id = d.content_id
    WHERE d.tsv @@ CAST(:asked AS tsquery) AND d.content_id >= :since AND c.id >= :since
    HAVING max(c.first_seen_at) IS NOT NULL
    ON CONFLICT (rule_id, key) DO UPDATE SET seen_at = greatest(m.seen_at, excluded.seen_at)
    """
)


async def learn(
    session: AsyncSession, rule: m.AlertRule, wanted: FirstAppearance, keys: dict[str, str], now: datetime
) -> None:
    """Fill the memory of a new rule from what is stored, as far back as it asks."""
    since = now - timedelta(days=wanted.days)
    values = {"rule": rule.id, "since": floor_id(since)}
    if wanted.of == "place_field":
        await session.execute(_LEARN_PLACES, values)
    for key, phrase in keys.items():
        await session.execute(_LEARN_PHRASE, values | {"key": key, "asked": whatever_marks(phrase)})
    oldest = await session.scalar(select(m.Content.first_seen_at).order_by(m.Content.id).limit(1))
    reaches = max(since, oldest) if oldest else now
    await session.execute(update(m.AlertRule).where(m.AlertRule.id == rule.id).values(remembers_from=reaches))


# --- what is over --------------------------------------------------------------------------------------------


async def going_on(session: AsyncSession, kind: AlertKind) -> Sequence[Row[Any]]:
    a = m.Alert
    query = select(a.id, a.rule_id, a.event_key, a.story_id, a.last_at, m.AlertRule.condition)
    query = query.join(m.AlertRule, m.AlertRule.id == a.rule_id).where(a.kind == kind, a.ended_at.is_(None))
    return await _all(session, query.order_by(a.id))


async def ended_bursts(session: AsyncSession, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these that go on no more, or are not there any more."""
    on = set(await session.scalars(select(m.Burst.id).where(m.Burst.id.in_(ids), m.Burst.ended_at.is_(None))))
    return set(ids) - on


async def source_healths(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    s = m.Source
    rows = await session.execute(select(s.id, s.health).where(s.id.in_(ids), s.state == "active"))
    return dict(rows.all())


async def story_counts(session: AsyncSession, ids: Sequence[UUID], window: timedelta, now: datetime) -> dict[UUID, int]:
    i = m.StoryItem
    query = select(i.story_id, func.count()).where(i.story_id.in_(ids), i.content_id >= floor_id(now - window))
    return dict((await session.execute(query.group_by(i.story_id))).all())


_END = text(
    """
    UPDATE alerts SET ended_at = :now, state = 'resolved', resolved_at = coalesce(resolved_at, :now),
           due_at = CASE WHEN next_level = 0 AND state = 'open' THEN due_at END,
           hold = CASE WHEN next_level = 0 AND state = 'open' THEN hold END
    WHERE id = ANY(CAST(:ids AS uuid[])) AND ended_at IS NULL
    RETURNING id
    """
)
"""What nobody was told of yet is still told, of a muted rule when the mute is over: a short event is an event."""


async def end_alerts(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> list[UUID]:
    return list(await session.scalars(_END, {"ids": sorted(ids), "now": now}))


# --- retention -----------------------------------------------------------------------------------------------


async def prune(session: AsyncSession, hits_before: datetime, alerts_before: datetime, memory_before: datetime) -> int:
    """Remove old hits, memories, and alerts that were over long ago; how many alerts went."""
    await session.execute(delete(m.AlertHit).where(m.AlertHit.hit_at < hits_before))
    await session.execute(delete(m.AlertMemory).where(m.AlertMemory.seen_at < memory_before))
    a = m.Alert
    old = (a.state == AlertState.RESOLVED) & (a.ended_at < alerts_before) & a.due_at.is_(None)
    return len((await session.scalars(delete(a).where(old).returning(a.id))).all())
