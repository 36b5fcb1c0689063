"""Rules are kept by people: made, changed, muted, removed; alerts are acknowledged and resolved."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.alerts import AlertState, AlertStepKind
from services.classify.alerts import keep_queries, queries, sweep_queries, tell_queries
from services.classify.alerts.conditions import may_be_public, names_a_person, words_of
from services.classify.alerts.problems import (
    AlertAboutAPerson,
    AlertAlreadySettled,
    AlertMuteTooLong,
    AlertNotForOutsiders,
    AlertNotFound,
    AlertRuleChanged,
    AlertRuleInUse,
    AlertRuleNotFound,
    AlertUnitUnknown,
)
from services.classify.alerts.schemas import RuleBody
from services.classify.alerts.sentences import at_hanoi
from services.classify.alerts.telling import step

LONGEST_MUTE = timedelta(days=30)


def check(body: RuleBody) -> None:
    """Refuse what is aimed at a person, and what outsiders may not hear of."""
    if names_a_person([body.name, *words_of(body.condition)]):
        raise AlertAboutAPerson("Quy tắc không nhận số điện thoại, số giấy tờ, email hay tên tài khoản.")
    if body.is_public and not may_be_public(body.condition):
        raise AlertNotForOutsiders("Chỉ công khai được cảnh báo không hé lộ nguồn, truy vấn hay liên hệ chưa xác nhận.")


async def _check_unit(session: AsyncSession, body: RuleBody) -> None:
    if body.unit_id is not None and not await keep_queries.has_unit(session, body.unit_id):
        raise AlertUnitUnknown(f"Không có đơn vị {body.unit_id}; nếu để vậy thì không ai được báo.")


def values_of(body: RuleBody) -> dict[str, Any]:
    values = body.model_dump(mode="json", exclude={"version", "unit_id", "expires_at"})
    return values | {"kind": body.condition.kind.value, "unit_id": body.unit_id, "expires_at": body.expires_at}


async def create_rule(session: AsyncSession, body: RuleBody, *, by: UUID, now: datetime) -> m.AlertRule:
    check(body)
    await _check_unit(session, body)
    values = values_of(body) | {"id": new_id(now), "created_by": by, "created_at": now, "updated_at": now, "version": 1}
    rule = await keep_queries.add_rule(session, values)
    await _record_rule(session, "alert_rule.created", by, rule, now)
    return rule


async def require_rule(session: AsyncSession, rule_id: UUID) -> m.AlertRule:
    rule = await keep_queries.lock_rule(session, rule_id)
    if rule is None:
        raise AlertRuleNotFound(f"Không có quy tắc {rule_id}.")
    return rule


async def change_rule(
    session: AsyncSession, rule_id: UUID, body: RuleBody, version: int, *, by: UUID, now: datetime
) -> m.AlertRule:
    check(body)
    await _check_unit(session, body)
    rule = await _of_version(session, rule_id, version)
    values = values_of(body)
    if values["condition"] != rule.condition:
        values["remembers_from"] = None  # another question needs another memory
        await keep_queries.forget(session, rule_id)
        await _close(session, rule_id, now)
    rule = await keep_queries.save_rule(session, rule, values | {"updated_at": now})
    await _record_rule(session, "alert_rule.changed", by, rule, now)
    return rule


async def _close(session: AsyncSession, rule_id: UUID, now: datetime) -> None:
    """What the old question found is over with it."""
    ended = await sweep_queries.end_alerts(session, await keep_queries.going_on(session, rule_id), now)
    await queries.add_steps(session, [step(one, AlertStepKind.ENDED, now, {"why": "rule_changed"}) for one in ended])


async def _of_version(session: AsyncSession, rule_id: UUID, version: int) -> m.AlertRule:
    rule = await require_rule(session, rule_id)
    if rule.version != version:
        raise AlertRuleChanged(f"Bản đang có là {rule.version}, bản gửi lên là {version}.")
    return rule


async def remove_rule(session: AsyncSession, rule_id: UUID, version: int, *, by: UUID, now: datetime) -> None:
    rule = await _of_version(session, rule_id, version)
    if await keep_queries.has_alerts(session, rule_id):
        raise AlertRuleInUse("Hãy tắt quy tắc (is_enabled) để sổ cảnh báo còn nguyên.")
    await _record_rule(session, "alert_rule.removed", by, rule, now)
    await keep_queries.remove_rule(session, rule_id)


async def mute_rule(
    session: AsyncSession, rule_id: UUID, until: datetime, reason: str, *, by: UUID, now: datetime
) -> m.AlertRule:
    if not now < until <= now + LONGEST_MUTE:
        raise AlertMuteTooLong(f"Hãy chọn một thời điểm từ nay đến {at_hanoi(now + LONGEST_MUTE)}.")
    rule = await require_rule(session, rule_id)
    muted = {"mute_until": until, "muted_at": now, "mute_reason": mask_personal_data(reason), "muted_by": by}
    rule = await keep_queries.save_rule(session, rule, muted | {"updated_at": now})
    await _record_rule(session, "alert_rule.muted", by, rule, now)
    return rule


async def unmute_rule(session: AsyncSession, rule_id: UUID, *, by: UUID, now: datetime) -> m.AlertRule:
    rule = await require_rule(session, rule_id)
    values: dict[str, Any] = {"mute_until": None, "muted_at": None, "mute_reason": None, "muted_by": None}
    rule = await keep_queries.save_rule(session, rule, values | {"updated_at": now})
    await tell_queries.release_muted(session, rule_id, now)
    await _record_rule(session, "alert_rule.unmuted", by, rule, now)
    return rule


async def _record_rule(session: AsyncSession, action: str, by: UUID, rule: m.AlertRule, now: datetime) -> None:
    facts = {"kind": rule.kind, "version": rule.version}
    await _record(session, action, by, ("alert_rule", rule.id), now, facts)


async def _record(
    session: AsyncSession, action: str, by: UUID, about: tuple[str, UUID], now: datetime, facts: dict[str, Any]
) -> None:
    what: dict[str, Any] = {"object_type": about[0], "object_id": about[1], "facts": facts}
    await audit.append(session, service="classify", action=action, actor_id=by, now=now, **what)


# --- alerts --------------------------------------------------------------------------------------------------


async def acknowledge(session: AsyncSession, alert_id: UUID, note: str, *, by: UUID, now: datetime) -> m.Alert:
    """Somebody takes care of it: nobody above is told any more."""
    alert = await _unsettled(session, alert_id, (AlertState.OPEN,))
    values = {"state": AlertState.ACKNOWLEDGED.value, "acknowledged_by": by, "acknowledged_at": now}
    await _record(session, "alert.acknowledged", by, ("alert", alert.id), now, {"kind": alert.kind})
    return await _settle(session, alert, values, step(alert_id, AlertStepKind.ACKNOWLEDGED, now, _note(note), by))


async def resolve(session: AsyncSession, alert_id: UUID, note: str, *, by: UUID, now: datetime) -> m.Alert:
    """It is dealt with. While its condition goes on, what repeats is still counted here, and nobody is told again."""
    alert = await _unsettled(session, alert_id, (AlertState.OPEN, AlertState.ACKNOWLEDGED))
    values = {"state": AlertState.RESOLVED.value, "resolved_by": by, "resolved_at": now}
    await _record(session, "alert.resolved", by, ("alert", alert.id), now, {"kind": alert.kind})
    return await _settle(session, alert, values, step(alert_id, AlertStepKind.RESOLVED, now, _note(note), by))


def _note(note: str) -> dict[str, Any]:
    return {"note": mask_personal_data(note)} if note else {}


async def _unsettled(session: AsyncSession, alert_id: UUID, states: tuple[AlertState, ...]) -> m.Alert:
    alert = await keep_queries.lock_alert(session, alert_id)
    if alert is None:
        raise AlertNotFound(f"Không có cảnh báo {alert_id}.")
    if alert.state not in states:
        raise AlertAlreadySettled(f"Trạng thái hiện nay: {alert.state}.")
    return alert


async def _settle(session: AsyncSession, alert: m.Alert, values: dict[str, Any], told: dict[str, Any]) -> m.Alert:
    alert = await keep_queries.save_alert(session, alert, values | {"due_at": None, "hold": None})
    await queries.add_steps(session, [told])
    return alert
