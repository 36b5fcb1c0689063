"""SQL of telling: what is due, and what was told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.alerts import AlertHold


async def claim_due(session: AsyncSession, now: datetime, limit: int) -> list[tuple[m.Alert, m.AlertRule]]:
    """Locked against whoever acknowledges or ends them meanwhile."""
    a = m.Alert
    query = (
        select(a, m.AlertRule)
        .join(m.AlertRule, m.AlertRule.id == a.rule_id)
        .where(a.due_at <= now)
        .order_by(a.due_at, a.id)
        .limit(limit)
        .with_for_update(of=a, skip_locked=True)
    )
    return [(alert, rule) for alert, rule in (await session.execute(query)).all()]


async def change_alert(session: AsyncSession, alert_id: UUID, values: dict[str, Any]) -> None:
    await session.execute(update(m.Alert).where(m.Alert.id == alert_id).values(values))


async def add_notification(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(m.Notification).values(values))


async def add_tellings(
    session: AsyncSession, alert_ids: Sequence[UUID], level: int, role: str, notification_id: UUID, now: datetime
) -> None:
    """A second telling of one level breaks the key, and with it the whole transaction."""
    told = {"level": level, "role": role, "notification_id": notification_id, "told_at": now}
    await session.execute(insert(m.AlertTelling).values([{"alert_id": one, **told} for one in alert_ids]))


async def release_muted(session: AsyncSession, rule_id: UUID, now: datetime) -> None:
    """The mute is over before its end: what it held is due now."""
    a = m.Alert
    held = (a.rule_id == rule_id) & (a.hold == AlertHold.MUTE)
    await session.execute(update(a).where(held).values(due_at=now))
