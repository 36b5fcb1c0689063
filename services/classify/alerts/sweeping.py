"""What is not told by a batch is looked for every few seconds, and what is over is closed; by one worker at a time.

Everything is read from tables and counted as a total, so that a sweep may run twice, late, or after a crash.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.faults import describe
from libs.common.ids import new_id
from libs.common.models.alerts import AlertKind, AlertStepKind
from libs.common.models.enums import Field
from libs.common.models.trends import Dimension
from libs.common.text import fold
from services.classify.alerts import queries, sweep_queries
from services.classify.alerts.conditions import (
    BurstCondition,
    ClaimSeen,
    Condition,
    FirstAppearance,
    SavedQueryHit,
    SourceQuiet,
    Threshold,
    known_condition,
)
from services.classify.alerts.queries import SHOWN_CONTENTS
from services.classify.alerts.raising import Candidate, raise_alerts
from services.classify.alerts.rules import lull
from services.classify.alerts.watching import count_groups, group_of

log = logging.getLogger("lantoa.classify")

KEEP_HITS = timedelta(hours=26)
"""Longer than the longest window."""
KEEP_RESOLVED = timedelta(days=365)
"""How long an alert is kept after its event was over, with its timeline."""
KEEP_MEMORY = timedelta(days=400)
APPEARANCE_LASTS = timedelta(hours=24)
"""An appearance is over when it is not seen again for a day."""


async def sweep(session: AsyncSession, now: datetime) -> int:
    """How many alerts were raised; none where another worker is at it."""
    if not await queries.try_lock(session, "sweep"):
        return 0
    rules = await queries.active_rules(session, list(AlertKind), now)
    raised = 0
    for rule in rules:
        if (condition := known_condition(rule.id, rule.condition)) is not None:
            raised += await _look(session, rule, condition, now)
    await _end(session, now)
    return raised


async def _look(session: AsyncSession, rule: m.AlertRule, condition: Condition, now: datetime) -> int:
    """One rule that fails does not hold up the others."""
    try:
        async with session.begin_nested():
            return await raise_alerts(session, await _candidates(session, rule, condition, now), now)
    except Exception as error:
        log.error("alert rule %s could not be looked at: %s", rule.id, describe(error))
        return 0


async def _candidates(session: AsyncSession, rule: m.AlertRule, condition: Condition, now: datetime) -> list[Candidate]:
    match condition:
        case Threshold():
            return await _threshold(session, rule, condition, now)
        case FirstAppearance():
            await _learn(session, rule, condition, now)
            return []
        case BurstCondition():
            return [_burst(rule, row) for row in await sweep_queries.open_bursts(session, condition, now)]
        case ClaimSeen():
            return [_claim(rule, row) for row in await sweep_queries.seen_claims(session, condition, now)]
        case SourceQuiet():
            return [_source(rule, row) for row in await sweep_queries.quiet_sources(session, condition, now)]
        case SavedQueryHit():
            return [_hit(rule, row) for row in await sweep_queries.query_hits(session, condition, now)]
        case _:
            assert_never(condition)


async def _threshold(session: AsyncSession, rule: m.AlertRule, condition: Threshold, now: datetime) -> list[Candidate]:
    """Stories; and groups of which two workers each saw a part and neither saw enough."""
    window = timedelta(minutes=condition.window_minutes)
    if condition.by == "story":
        rows = await sweep_queries.busy_stories(session, condition.fields, condition.count, window, now)
        return [_story(rule, condition, row) for row in rows]
    rows = await sweep_queries.recent_groups(session, [rule.id], now)
    groups = [group_of(condition, rule.id, row.key, row.until) for row in rows]
    return await count_groups(session, {rule.id: (rule, condition)}, groups, {})


def _story(rule: m.AlertRule, condition: Threshold, row: Row[Any]) -> Candidate:
    facts = {"window_minutes": condition.window_minutes, "threshold": condition.count, "story": f"“{row.title}”"}
    return Candidate(
        rule,
        str(row.id),
        row.items,
        row.first_at,
        row.last_at,
        facts,
        field=row.field,
        story_id=row.id,
        content_ids=row.content_ids,
    )


async def _learn(
    session: AsyncSession, rule: m.AlertRule, condition: FirstAppearance, now: datetime
) -> list[Candidate]:
    """A new rule learns what was there before it; the batches raise."""
    if rule.remembers_from is None:
        await sweep_queries.learn(session, rule, condition, {fold(one): one for one in condition.phrases}, now)
    return []


def _burst(rule: m.AlertRule, row: Row[Any]) -> Candidate:
    burst: m.Burst = row.Burst
    dimension = Dimension(row.dimension)
    facts = {
        "dimension": dimension.value,
        "key": row.key,
        "story": f"“{row.title}”" if row.title and dimension is Dimension.STORY else None,
        "expected": burst.expected,
        "surprise": burst.surprise,
        "window_minutes": burst.window_minutes,
        "once_in_weeks": burst.once_in_weeks,
    }
    is_field = dimension is Dimension.FIELD and row.key in set(Field)
    return Candidate(
        rule,
        str(burst.id),
        burst.seen,
        burst.began_at,
        burst.loud_at,
        facts,
        is_once=True,
        field=row.key if is_field else row.field if dimension is Dimension.STORY else None,
        place=row.key if dimension is Dimension.PLACE else None,
        story_id=burst.story_ids[0] if burst.story_ids else None,
        content_ids=burst.content_ids[:SHOWN_CONTENTS],
    )


def _claim(rule: m.AlertRule, row: Row[Any]) -> Candidate:
    facts = {"claim": row.text, "claim_id": row.id, "is_confirmed": row.is_confirmed}
    newest = sorted(row.content_ids, reverse=True)[:SHOWN_CONTENTS]
    return Candidate(rule, str(row.id), row.items, row.first_at, row.last_at, facts, content_ids=newest)


def _source(rule: m.AlertRule, row: Row[Any]) -> Candidate:
    facts = {"name": row.name, "health": row.health, "reason": row.health_reason, "source_id": row.id}
    return Candidate(rule, str(row.id), 1, row.health_since, row.health_since, facts)


def _hit(rule: m.AlertRule, row: Row[Any]) -> Candidate:
    facts = {"name": row.name, "query_id": row.id}
    newest = sorted(row.content_ids, reverse=True)[:SHOWN_CONTENTS]
    return Candidate(rule, str(row.id), row.items, row.first_at, row.last_at, facts, content_ids=newest)


# --- what is over --------------------------------------------------------------------------------------------


async def _end(session: AsyncSession, now: datetime) -> None:
    over: list[UUID] = []
    for kind in AlertKind:
        rows = await sweep_queries.going_on(session, kind)
        over += await _over(session, kind, rows, now) if rows else []
    ended = await sweep_queries.end_alerts(session, over, now) if over else []
    await queries.add_steps(session, [_ended(alert_id, now) for alert_id in ended])


def _ended(alert_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "alert_id": alert_id,
        "kind": AlertStepKind.ENDED.value,
        "facts": {},
        "happened_at": now,
    }


async def _over(session: AsyncSession, kind: AlertKind, rows: Sequence[Row[Any]], now: datetime) -> list[UUID]:
    match kind:
        case AlertKind.THRESHOLD:
            return await _thresholds_over(session, rows, now)
        case AlertKind.FIRST_APPEARANCE:
            return [row.id for row in rows if row.last_at <= now - APPEARANCE_LASTS]
        case AlertKind.BURST:
            ended = await sweep_queries.ended_bursts(session, [UUID(row.event_key) for row in rows])
            return [row.id for row in rows if UUID(row.event_key) in ended]
        case AlertKind.SOURCE_QUIET:
            return await _sources_over(session, rows)
        case AlertKind.CLAIM_SEEN | AlertKind.SAVED_QUERY:
            return [row.id for row in rows if row.last_at <= now - timedelta(hours=row.condition["within_hours"])]


async def _thresholds_over(session: AsyncSession, rows: Sequence[Row[Any]], now: datetime) -> list[UUID]:
    counted: dict[tuple[UUID, str], int] = {}
    least: dict[tuple[UUID, str], int] = {}
    groups = []
    for row in rows:
        condition = known_condition(row.rule_id, row.condition)
        key = (row.rule_id, row.event_key)
        if not isinstance(condition, Threshold):
            continue
        least[key] = lull(condition.count)
        if row.story_id is None:
            groups.append(group_of(condition, row.rule_id, row.event_key, now)._replace(most=least[key]))
        else:
            window = timedelta(minutes=condition.window_minutes)
            counted[key] = (await sweep_queries.story_counts(session, [row.story_id], window, now)).get(row.story_id, 0)
    counted |= {(found.rule_id, found.key): found.items for found in await queries.count_hits(session, groups)}
    return [row.id for row in rows if (key := (row.rule_id, row.event_key)) in least and counted[key] < least[key]]


async def _sources_over(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[UUID]:
    """Well again, paused or gone; a change from one trouble of the rule to another is the same event."""
    healths = await sweep_queries.source_healths(session, [UUID(row.event_key) for row in rows])
    return [row.id for row in rows if healths.get(UUID(row.event_key)) not in row.condition["healths"]]


async def prune(session: AsyncSession, now: datetime) -> int:
    return await sweep_queries.prune(session, now - KEEP_HITS, now - KEEP_RESOLVED, now - KEEP_MEMORY)
