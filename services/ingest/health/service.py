"""Use cases of health: judge what is due, learn what is usual, record a change and tell whom it concerns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.catalogue import HealthCause, SourceHealth
from libs.common.models.enums import Role
from services.ingest.health import queries, wording
from services.ingest.health.rules import (
    EMPTY_READS,
    TROUBLES,
    LastPoll,
    Pulse,
    Verdict,
    Vitals,
    is_thick_again,
    is_thin,
    judge,
    was_thick,
)
from services.ingest.health.structure import Finding, Look
from services.ingest.health.volume import HOUR, SLOTS, Norm
from services.ingest.queries import POLLED_KINDS

HISTORY = timedelta(weeks=10)
"""How far back a norm is learned from, and how long hours are kept."""
JUDGE_EVERY = timedelta(minutes=2)
LEARN_EVERY = timedelta(hours=24)
AT_ONCE = 250
MANY = 10
"""More that change to the same trouble in one round are told in one notification."""
_LONGEST_TROUBLE = timedelta(days=14)
"""A trouble that lasts longer is how the source is now, and is learned."""
_TECHNICAL = frozenset({SourceHealth.BROKEN, SourceHealth.BLOCKED})
"""Not the editor's: somebody must mend the reader, or ask the site."""


# --- judged --------------------------------------------------------------------------------------------------


async def judge_due(session: AsyncSession, now: datetime) -> tuple[int, int]:
    """Judge the sources that are due: (how many were judged, how many changed)."""
    if not await queries.is_counted(session):
        return 0, 0
    sources = await queries.claim_to_judge(session, now - JUDGE_EVERY, AT_ONCE)
    if not sources:
        return 0, 0
    ids = [source.id for source in sources]
    changed: list[tuple[m.Source, Verdict]] = []
    for source, vitals in await _vitals(session, sources, now):
        verdict = judge(vitals, now)
        if (verdict.health, verdict.cause) != (vitals.was, vitals.cause) and verdict.reason:
            changed.append((source, verdict))
    await record_changes(session, changed, now)
    await queries.mark_judged(session, ids, now)
    return len(ids), len(changed)


async def _vitals(session: AsyncSession, sources: Sequence[m.Source], now: datetime) -> list[tuple[m.Source, Vitals]]:
    ids = [source.id for source in sources]
    norms = await queries.norms(session, ids)
    polls = await queries.last_polls(session, ids, EMPTY_READS)
    hour = await queries.last_hour(session, ids, now)
    causes = await queries.last_causes(session, ids)
    found = []
    for source in sources:
        poll, cause = polls.get(source.id), causes.get(source.id)
        vitals = Vitals(
            pulse=pulse_of(source),
            was=SourceHealth(source.health),
            since=source.health_since,
            read_until=source.last_ok_at if source.kind in POLLED_KINDS else now,
            state_reason=source.state_reason,
            cause=HealthCause(cause) if cause else None,
            last=LastPoll(poll.outcome, poll.status, poll.error, poll.empty) if poll else None,
            norm=norm_of(norms.get(source.id)),
            last_hour=hour.get(source.id, 0),
        )
        found.append((source, vitals))
    return found


def pulse_of(source: m.Source) -> Pulse:
    return Pulse(source.state, source.failures, source.created_at, source.last_ok_at, source.last_item_at)


def norm_of(row: m.SourceNorm | None) -> Norm | None:
    if row is None or row.days <= 0:
        return None
    return Norm(row.rates, row.spread, row.longest_gap, row.busiest, row.days)


async def record_changes(session: AsyncSession, changed: Sequence[tuple[m.Source, Verdict]], now: datetime) -> None:
    """Each change in the source's history, at the source, and told to whom it concerns."""
    events: list[dict[str, Any]] = []
    told: list[_Told] = []
    for source, verdict in changed:
        was = SourceHealth(source.health)  # read before the row changes under it
        event_id = new_id(now)
        event = {
            "id": event_id,
            "source_id": source.id,
            "was": was.value,
            "health": verdict.health.value,
            "cause": verdict.cause.value,
            "reason": verdict.reason,
            "facts": verdict.facts,
            "happened_at": now,
        }
        events.append(event)
        values: dict[str, Any] = {"health": verdict.health.value, "health_reason": verdict.reason}
        if verdict.health is not was:
            told.append(_Told(source, was, verdict, event_id))
            values["health_since"] = now
        await queries.change_health(session, source.id, values)
    await queries.add_events(session, events)
    await queries.add_notifications(session, _notifications(told, now))


@dataclass(frozen=True)
class _Told:
    source: m.Source
    was: SourceHealth
    verdict: Verdict
    event_id: UUID


def _notifications(told: Sequence[_Told], now: datetime) -> list[dict[str, Any]]:
    """One for each trouble and each end of one; one for many alike."""
    worth = [
        one
        for one in told
        if one.verdict.health in TROUBLES or (one.was in TROUBLES and one.verdict.health is SourceHealth.OK)
    ]
    many = {health for health, count in Counter(one.verdict.health for one in worth).items() if count > MANY}
    rows = [_notification(one, now) for one in worth if one.verdict.health not in many]
    for health in sorted(many):
        alike = [one for one in worth if one.verdict.health is health]
        subject, body = wording.many(len(alike), health)
        rows.append(_notification(alike[0], now) | {"subject": subject, "body": body})
    return rows


def _notification(one: _Told, now: datetime) -> dict[str, Any]:
    is_technical = not _TECHNICAL.isdisjoint({one.was, one.verdict.health})
    return {
        "id": new_id(now),
        "kind": "source_health",
        "role": (Role.ADMIN if is_technical else Role.EDITOR).value,
        "unit_id": None,
        "object_type": "source",
        "object_id": one.source.id,
        "subject": wording.title(one.source.name, one.verdict.health),
        "body": one.verdict.reason,
        "dedupe": f"source-health:{one.event_id}",
        "created_at": now,
    }


TEXTS_OF = timedelta(hours=24)


async def judge_texts(session: AsyncSession, now: datetime) -> None:
    """A source whose articles come thin all at once is broken, and is well again when they come whole."""
    since = now - TEXTS_OF
    changed: list[tuple[m.Source, Verdict]] = []
    for row in await queries.thin_texts(session, since, 3):
        source = await session.get(m.Source, row.source_id)
        if source is None:
            continue
        verdict = await _of_texts(session, source, row.thin, row.texts, since)
        if verdict is not None:
            changed.append((source, verdict))
    await record_changes(session, changed, now)


async def _of_texts(session: AsyncSession, source: m.Source, thin: int, texts: int, since: datetime) -> Verdict | None:
    facts: dict[str, Any] = {"thin": thin, "texts": texts}
    if source.health == SourceHealth.BROKEN:
        cause = (await queries.last_causes(session, [source.id])).get(source.id)
        is_over = cause == HealthCause.THIN and is_thick_again(thin, texts)
        words = wording.recovered(SourceHealth.BROKEN)
        return Verdict(SourceHealth.OK, HealthCause.RECOVERED, words, facts) if is_over else None
    if source.health != SourceHealth.OK or not is_thin(thin, texts):
        return None
    before = await queries.thin_before(session, source.id, since)
    if not was_thick(before.thin, before.texts):
        return None
    words = wording.thin(thin, texts, before.thin, before.texts)
    return Verdict(SourceHealth.BROKEN, HealthCause.THIN, words, facts)


# --- learned -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a norm is learned from: new items of each hour, and the hours in which the source was watched."""

    source_id: UUID
    items: dict[datetime, int]
    watched: list[datetime]


async def lessons(session: AsyncSession, now: datetime, limit: int) -> list[Lesson]:
    found = []
    for source in await queries.to_learn(session, now - LEARN_EVERY, limit):
        since = max(now - HISTORY, source.created_at).astimezone(UTC)
        items = await queries.hours_of(session, source.id, since)
        history = await queries.history(session, source.id, since)
        found.append(Lesson(source.id, items, _watched(items, history, since, now.astimezone(UTC))))
    return found


def _watched(
    items: dict[datetime, int], history: Sequence[tuple[datetime, str]], since: datetime, now: datetime
) -> list[datetime]:
    """Whole hours after the first with items (its backlog), without those of troubles."""
    if not items:
        return []
    hour = max(min(items).astimezone(UTC), since.replace(minute=0, second=0, microsecond=0)) + HOUR
    troubled = _troubled(history, now)
    watched = []
    while hour + HOUR <= now:
        if not any(start - HOUR < hour < end for start, end in troubled):
            watched.append(hour)
        hour += HOUR
    return watched


def _troubled(history: Sequence[tuple[datetime, str]], now: datetime) -> list[tuple[datetime, datetime]]:
    ends = [*(at for at, _ in history[1:]), now][: len(history)]
    left_out = TROUBLES | {SourceHealth.PAUSED, SourceHealth.GONE}
    return [
        (start, min(end, start + _LONGEST_TROUBLE))
        for (start, health), end in zip(history, ends, strict=True)
        if health in left_out
    ]


async def keep_norm(session: AsyncSession, source_id: UUID, norm: Norm | None, now: datetime) -> None:
    """Keep what was learned; nothing learned is kept too, so that it is not tried again at once."""
    norm = norm or Norm([0.0] * SLOTS, 1.0, 0.0, 0.0, 0.0)
    row = {name: getattr(norm, name) for name in ("rates", "spread", "longest_gap", "busiest", "days")}
    await queries.keep_norm(session, row | {"source_id": source_id, "rates": list(norm.rates), "learned_at": now})


# --- looked at -----------------------------------------------------------------------------------------------


async def claim_probe(session: AsyncSession, now: datetime) -> tuple[m.Source, bytes | None] | None:
    """A source whose turn it is to be looked at, and its structure as it was; no other worker looks at it now."""
    source = await queries.to_probe(session, now)
    if source is None:
        return None
    known = (await queries.norms(session, [source.id])).get(source.id)
    baseline = None if known is None else known.sketch
    if known is None:
        await keep_norm(session, source.id, None, now - LEARN_EVERY)
    await queries.update_norm(session, source.id, {"probed_at": now})
    return source, baseline


async def record_probe(session: AsyncSession, source: m.Source, seen: Look | None, now: datetime) -> None:
    """Keep the structure of what was read well; say what is wrong with what was not."""
    if seen is not None and seen.cause is None and seen.sketch is not None:
        await queries.update_norm(session, source.id, {"sketch": seen.sketch, "sketched_at": now})
    if seen is None or seen.cause is None:
        return
    finding = Finding(HealthCause(seen.cause), seen.similarity)
    cause = (await queries.last_causes(session, [source.id])).get(source.id)
    if (source.health, cause) != (finding.health, finding.cause):
        alike = None if seen.similarity is None else round(seen.similarity, 2)
        verdict = Verdict(finding.health, finding.cause, wording.found(finding.cause), {"similarity": alike})
        await record_changes(session, [(source, verdict)], now)
