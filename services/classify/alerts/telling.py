"""Who is told of an alert, and when: together with what belongs to it, not in quiet hours, not while muted (what began
and ended in a mute is told when the mute is over), and to the next role while nobody acknowledges it.

Guarantee: no level of an alert is told twice. The row of a telling, the notification and the alert's next level are
written in one transaction; the key (alert, level) refuses a second. One worker tells at a time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.alerts import AlertState, AlertStepKind
from services.classify.alerts import queries, tell_queries
from services.classify.alerts.raising import manners_of
from services.classify.alerts.rules import Pending, Verdict, decide, next_due
from services.classify.alerts.sentences import body_of, subject_of

BATCH = 500
Due = tuple[m.Alert, m.AlertRule]


async def tell_due(session: AsyncSession, now: datetime) -> int:
    """How many notifications were written."""
    if not await queries.try_lock(session, "tell"):
        return 0
    due = await tell_queries.claim_due(session, now, BATCH)
    told: list[Due] = []
    for alert, rule in due:
        verdict = decide(pending_of(alert), manners_of(rule), now)
        if verdict.is_told:
            told.append((alert, rule))
        else:
            await _not_now(session, alert, verdict, now)
    bundles = _bundled(told)
    for bundle in bundles:
        await _tell(session, bundle, now)
    return len(bundles)


def pending_of(alert: m.Alert) -> Pending:
    settled = alert.acknowledged_by is not None or alert.resolved_by is not None
    return Pending(alert.state, settled, alert.next_level)


async def _not_now(session: AsyncSession, alert: m.Alert, verdict: Verdict, now: datetime) -> None:
    if verdict.until is not None and verdict.hold is not None:
        is_muted = alert.is_muted or (verdict.hold == "mute" and alert.next_level == 0)
        held = {"due_at": verdict.until, "hold": verdict.hold.value, "is_muted": is_muted}
        await tell_queries.change_alert(session, alert.id, held)
        facts = {"hold": verdict.hold.value, "until": verdict.until.isoformat()}
        await queries.add_steps(session, [step(alert.id, AlertStepKind.HELD, now, facts)])
        return
    await tell_queries.change_alert(session, alert.id, {"due_at": None, "hold": None})
    await queries.add_steps(session, [step(alert.id, AlertStepKind.DROPPED, now, {})])


def _bundled(told: Iterable[Due]) -> list[list[Due]]:
    """What goes into one notification: what was held for the night of one role and unit, or one bundle of one rule."""
    bundles: dict[tuple[Any, ...], list[Due]] = {}
    for alert, rule in told:
        level, role = alert.next_level, role_of(rule, alert.next_level)
        key: tuple[Any, ...] = (level, role, rule.unit_id, alert.hold)
        if alert.hold is None:
            key = (*key, rule.id, alert.bundle)
        bundles.setdefault(key, []).append((alert, rule))
    return list(bundles.values())


def role_of(rule: m.AlertRule, level: int) -> str:
    """Who is told at a level; a rule that was given fewer levels meanwhile tells its last one."""
    steps = rule.escalation[:level]
    return str(steps[-1]["role"]) if steps else rule.role


async def _tell(session: AsyncSession, bundle: Sequence[Due], now: datetime) -> None:
    alerts, (first, rule) = [alert for alert, _ in bundle], bundle[0]
    level, role = first.next_level, role_of(rule, first.next_level)
    notification_id = new_id(now)
    notification = {
        "id": notification_id,
        "kind": "alert",
        "role": role,
        "unit_id": rule.unit_id,
        "object_type": "alert",
        "object_id": first.id,
        "subject": subject_of(alerts, level),
        "body": body_of(alerts, {one.id: one for _, one in bundle}, level, first.hold),
        "level": level,
        "dedupe": f"alert:{first.id}:{level}",
        "created_at": now,
        "sent_at": None,
    }
    await tell_queries.add_notification(session, notification)
    await tell_queries.add_tellings(session, [a.id for a in alerts], level, role, notification_id, now)
    kind = AlertStepKind.ESCALATED if level else AlertStepKind.TOLD
    facts = {"level": level, "role": role, "together": len(alerts)}
    await queries.add_steps(session, [step(alert.id, kind, now, facts) for alert in alerts])
    for alert, own in bundle:
        await tell_queries.change_alert(session, alert.id, _after(alert, own, now))


def _after(alert: m.Alert, rule: m.AlertRule, now: datetime) -> dict[str, Any]:
    told_at = alert.told_at or now
    is_open = alert.state == AlertState.OPEN
    due = next_due(rule.escalation, alert.next_level, told_at, now) if is_open else None
    return {"told_at": told_at, "next_level": alert.next_level + 1, "due_at": due, "hold": None}


def step(
    alert_id: UUID, kind: AlertStepKind, now: datetime, facts: dict[str, Any], by: UUID | None = None
) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "alert_id": alert_id,
        "kind": kind.value,
        "done_by": by,
        "facts": facts,
        "happened_at": now,
    }
