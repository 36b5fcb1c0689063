"""House rules: written by one person of a unit, put in force by a spokesperson, public with what was hidden by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.errors import Forbidden
from libs.common.ids import new_id
from libs.common.models.conversation import HouseGround
from libs.common.models.enums import Role
from services.publish.conversation import problems as wrong
from services.publish.conversation import queries

WRITES = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.SPOKESPERSON)


async def write_rule(
    session: AsyncSession, unit_id: UUID, ground: HouseGround, title: str, body: str, who: Principal, now: datetime
) -> m.HouseRule:
    if not who.has_within(unit_id, *WRITES):
        raise Forbidden("Chỉ người của đơn vị viết nội quy cho trang của đơn vị.")
    rule = m.HouseRule(
        id=new_id(now),
        unit_id=unit_id,
        ground=ground,
        title=title,
        body=body,
        written_by=who.person_id,
        written_at=now,
    )
    session.add(rule)
    await session.flush()
    await _audit(session, "house_rule.written", rule, who, now)
    return rule


async def put_in_force(session: AsyncSession, rule_id: UUID, who: Principal, now: datetime) -> m.HouseRule:
    rule = await _require(session, rule_id, who)
    if rule.in_force_at is not None:
        raise wrong.HouseRuleStands("Quy tắc này đã có hiệu lực.")
    if rule.written_by == who.person_id:
        raise wrong.HouseRuleByTwo("Người viết không tự cho quy tắc của mình có hiệu lực.")
    rule.in_force_by, rule.in_force_at = who.person_id, now
    await session.flush()
    await _audit(session, "house_rule.in_force", rule, who, now)
    return rule


async def retire_rule(session: AsyncSession, rule_id: UUID, who: Principal, now: datetime) -> m.HouseRule:
    rule = await _require(session, rule_id, who)
    if rule.in_force_at is None or rule.retired_at is not None:
        raise wrong.HouseRuleStands("Chỉ quy tắc đang có hiệu lực mới thôi hiệu lực.")
    rule.retired_at = now
    await session.flush()
    await _audit(session, "house_rule.retired", rule, who, now)
    return rule


async def _require(session: AsyncSession, rule_id: UUID, who: Principal) -> m.HouseRule:
    rule = await queries.lock_house_rule(session, rule_id)
    if rule is None or rule.unit_id not in who.units(Role.SPOKESPERSON):
        raise wrong.HouseRuleNotFound("Không có quy tắc này trong đơn vị mà bạn là người phát ngôn.")
    return rule


async def public_view(session: AsyncSession) -> dict[str, Any]:
    """The rules as everybody reads them, and how often something was hidden: counts alone."""
    rules: Sequence[Any] = await queries.public_rules(session)
    shown = [
        {
            "ground": row.HouseRule.ground,
            "title": row.HouseRule.title,
            "body": row.HouseRule.body,
            "in_force_at": row.HouseRule.in_force_at,
            "retired_at": row.HouseRule.retired_at,
            "hidden": row.hidden,
            "shown_again": row.shown_again,
        }
        for row in rules
    ]
    return {
        "rules": shown,
        "hidden": sum(one["hidden"] for one in shown),
        "shown_again": sum(one["shown_again"] for one in shown),
        "hidden_elsewhere": await queries.hidden_elsewhere(session),
    }


async def _audit(session: AsyncSession, action: str, rule: m.HouseRule, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="house_rule",
        object_id=rule.id,
        now=now,
    )
