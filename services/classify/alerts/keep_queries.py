"""SQL of rules as people keep them, and of the lists of alerts."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.alerts import AlertKind, AlertSeverity, AlertState
from libs.common.pagination import PageRequest


async def add_rule(session: AsyncSession, values: dict[str, Any]) -> m.AlertRule:
    rule = m.AlertRule(**values)
    session.add(rule)
    await session.flush()
    return rule


async def lock_rule(session: AsyncSession, rule_id: UUID) -> m.AlertRule | None:
    return await session.get(m.AlertRule, rule_id, with_for_update=True)


async def get_rule(session: AsyncSession, rule_id: UUID) -> m.AlertRule | None:
    return await session.get(m.AlertRule, rule_id)


async def save_rule(session: AsyncSession, rule: m.AlertRule, values: dict[str, Any]) -> m.AlertRule:
    """Each change is a version."""
    for name, value in values.items():
        setattr(rule, name, value)
    rule.version += 1
    await session.flush()
    return rule


async def forget(session: AsyncSession, rule_id: UUID) -> None:
    await session.execute(delete(m.AlertMemory).where(m.AlertMemory.rule_id == rule_id))
    await session.execute(delete(m.AlertHit).where(m.AlertHit.rule_id == rule_id))


async def remove_rule(session: AsyncSession, rule_id: UUID) -> None:
    await session.execute(delete(m.AlertRule).where(m.AlertRule.id == rule_id))


async def has_alerts(session: AsyncSession, rule_id: UUID) -> bool:
    return bool(await session.scalar(select(exists().where(m.Alert.rule_id == rule_id))))


async def going_on(session: AsyncSession, rule_id: UUID) -> Sequence[UUID]:
    a = m.Alert
    return (await session.scalars(select(a.id).where(a.rule_id == rule_id, a.ended_at.is_(None)))).all()


async def has_unit(session: AsyncSession, unit_id: UUID) -> bool:
    return await session.get(m.OrganizationUnit, unit_id) is not None


async def list_rules(session: AsyncSession, page: PageRequest) -> Sequence[m.AlertRule]:
    query = select(m.AlertRule).order_by(m.AlertRule.id).limit(page.limit + 1)
    if page.after:
        query = query.where(m.AlertRule.id > page.after.id)
    return (await session.scalars(query)).all()


class AlertFilter(NamedTuple):
    state: AlertState | None = None
    kind: AlertKind | None = None
    severity: AlertSeverity | None = None
    rule_id: UUID | None = None


async def list_alerts(session: AsyncSession, wanted: AlertFilter, page: PageRequest) -> Sequence[m.Alert]:
    """Newest first."""
    a = m.Alert
    query = select(a).order_by(a.id.desc()).limit(page.limit + 1)
    for column, value in zip((a.state, a.kind, a.severity, a.rule_id), wanted, strict=True):
        if value is not None:
            query = query.where(column == value)
    if page.after:
        query = query.where(a.id < page.after.id)
    return (await session.scalars(query)).all()


async def get_alert(session: AsyncSession, alert_id: UUID) -> m.Alert | None:
    return await session.get(m.Alert, alert_id)


async def lock_alert(session: AsyncSession, alert_id: UUID) -> m.Alert | None:
    return await session.get(m.Alert, alert_id, with_for_update=True)


async def save_alert(session: AsyncSession, alert: m.Alert, values: dict[str, Any]) -> m.Alert:
    for name, value in values.items():
        setattr(alert, name, value)
    await session.flush()
    return alert


async def list_steps(session: AsyncSession, alert_id: UUID) -> Sequence[m.AlertStep]:
    query = select(m.AlertStep).where(m.AlertStep.alert_id == alert_id).order_by(m.AlertStep.id)
    return (await session.scalars(query)).all()
