"""An alert is raised once for each event: what repeats adds to it, and two workers never raise the same twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.events.alert import AlertRaised
from libs.common.ids import new_id
from libs.common.models.alerts import AlertState, AlertStepKind
from libs.common.outbox import emit_all
from services.classify.alerts import queries
from services.classify.alerts.conditions import may_be_public, read_condition
from services.classify.alerts.queries import Adding
from services.classify.alerts.rules import Manners, bundle_of, first_due, held
from services.classify.alerts.sentences import Said, say
from services.classify.trends.showing import LEAST_OUTSIDE


@dataclass(frozen=True)
class Candidate:
    """An event that a rule found. `is_enough`: raise it where nothing of its event is going on."""

    rule: m.AlertRule
    event_key: str
    count: int
    first_at: datetime
    last_at: datetime
    facts: dict[str, Any]
    """What the sentences are made of."""
    added: int = 0
    is_enough: bool = True
    is_once: bool = False
    """Its key names the event itself: when that alert is over, it is over for good."""
    field: str | None = None
    place: str | None = None
    story_id: UUID | None = None
    content_ids: Sequence[UUID] = ()

    @property
    def key(self) -> tuple[UUID, str]:
        return self.rule.id, self.event_key

    @property
    def adding(self) -> Adding:
        total = 0 if self.added else self.count
        return Adding(self.rule.id, self.event_key, self.last_at, total, self.added)


def manners_of(rule: m.AlertRule) -> Manners:
    return Manners(
        rule.severity, rule.quiet_from, rule.quiet_to, rule.breaks_quiet, rule.mute_until, rule.group_minutes
    )


async def raise_alerts(session: AsyncSession, candidates: Sequence[Candidate], now: datetime) -> int:
    """How many were new."""
    going_on = await queries.add_to_going_on(session, [one.adding for one in candidates])
    fresh = [one for one in candidates if one.is_enough and one.key not in going_on]
    earlier = await _earlier(session, fresh)
    fresh = sorted((one for one in fresh if not (one.is_once and one.key in earlier)), key=lambda one: one.key)
    if not fresh:
        return 0
    rows = await _rows(session, fresh, earlier, now)
    made = await queries.insert_alerts(session, rows)
    new = [row for row in rows if row["id"] in made]
    taken = {(row["rule_id"], row["event_key"]) for row in rows if row["id"] not in made}
    await queries.add_to_going_on(session, [one.adding for one in fresh if one.key in taken])
    await queries.add_steps(session, [_step(row, now) for row in new])
    rules = {one.rule.id: one.rule for one in fresh}
    told = [event for row in new if (event := public_event(row, rules[row["rule_id"]]))]
    if told:
        await emit_all(session, told, now=now)
    return len(new)


async def _earlier(session: AsyncSession, candidates: Sequence[Candidate]) -> dict[tuple[UUID, str], int]:
    """How many alerts there were of each, over or not."""
    asked: dict[UUID, list[str]] = {}
    for one in candidates:
        asked.setdefault(one.rule.id, []).append(one.event_key)
    return {
        (rule_id, event_key): number
        for rule_id, event_keys in asked.items()
        for event_key, number in (await queries.earlier(session, rule_id, event_keys)).items()
    }


async def _rows(
    session: AsyncSession, fresh: Sequence[Candidate], earlier: Mapping[tuple[UUID, str], int], now: datetime
) -> list[dict[str, Any]]:
    titles = await queries.titles(session, [id for one in fresh for id in one.content_ids])
    places = await queries.place_names(session, [one.place for one in fresh if one.place])
    due: dict[tuple[UUID, str], datetime] = {}
    rows = []
    for one in fresh:
        shown = [{"id": str(id), "title": titles[id]} for id in one.content_ids if id in titles]
        said = say(one.rule, one, places.get(one.place or "", one.place), earlier.get(one.key, 0))
        bundle = bundle_of(one.rule.group_by, one.event_key, one.field, one.place, one.story_id)
        if (one.rule.id, bundle) not in due:
            due[one.rule.id, bundle] = await _due(session, one.rule, bundle, now)
        rows.append(_row(one, said, shown, bundle, due[one.rule.id, bundle], now))
    return rows


async def _due(session: AsyncSession, rule: m.AlertRule, bundle: str, now: datetime) -> datetime:
    """With what already waits in the same bundle, where something does."""
    told, waiting = await queries.bundle_times(session, rule.id, bundle, now)
    own = first_due(manners_of(rule), told, now)
    return min(own, waiting) if waiting else own


def _row(
    one: Candidate, said: Said, shown: list[dict[str, str]], bundle: str, due: datetime, now: datetime
) -> dict[str, Any]:
    is_muted = one.rule.mute_until is not None and now < one.rule.mute_until
    verdict = held(manners_of(one.rule), now)
    return {
        "id": new_id(now),
        "rule_id": one.rule.id,
        "kind": one.rule.kind,
        "event_key": one.event_key,
        "bundle": bundle,
        "severity": one.rule.severity,
        "state": AlertState.OPEN.value,
        "title": said.title,
        "why": {"what": said.what, "unusual": said.unusual, "next": said.next, "contents": shown, "links": said.links},
        "field": one.field,
        "place": one.place,
        "story_id": one.story_id,
        "count": one.count,
        "first_at": one.first_at,
        "last_at": one.last_at,
        "raised_at": now,
        "is_muted": is_muted,
        "hold": verdict.hold if verdict else None,
        "due_at": verdict.until if verdict else due,
        "next_level": 0,
    }


def _step(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    facts = {"count": row["count"], "hold": row["hold"]}
    return {
        "id": new_id(now),
        "alert_id": row["id"],
        "kind": AlertStepKind.RAISED.value,
        "facts": facts,
        "happened_at": now,
    }


def public_event(row: dict[str, Any], rule: m.AlertRule) -> AlertRaised | None:
    """What outsiders may hear; nothing of a rule that is not public, nothing while it is muted."""
    if not rule.is_public or row["is_muted"] or not may_be_public(read_condition(rule.condition)):
        return None
    return AlertRaised(
        alert_id=row["id"],
        rule_kind=row["kind"],
        severity=row["severity"],
        field=row["field"],
        place=row["place"] if row["count"] >= LEAST_OUTSIDE else None,
        count=row["count"],
        first_at=row["first_at"],
    )
