"""The SQL of telling people by mail: what nobody was told yet, who is to be told, and which letters are due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m

UNTOLD = text(
    """
    SELECT n.id, n.role, n.unit_id, n.person_id, n.created_at FROM notifications n
    WHERE n.sent_at IS NULL AND NOT EXISTS (SELECT FROM notification_mails x WHERE x.notification_id = n.id)
    ORDER BY n.id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
HOLDERS = text(
    """
    SELECT DISTINCT p.id AS person_id, EXISTS (
        SELECT FROM duty_rosters d
        WHERE d.person_id = p.id AND d.role = g.role AND d.unit_id = g.unit_id
          AND d.starts_at <= :now AND d.ends_at > :now
    ) AS is_on_duty
    FROM role_grants g JOIN people p ON p.id = g.person_id JOIN organization_units u ON u.id = g.unit_id
    WHERE g.role = :role AND (g.unit_id = :unit OR CAST(:unit AS uuid) IS NULL AND u.kind = 'city')
      AND g.valid_from <= :now AND (g.valid_to IS NULL OR g.valid_to > :now)
      AND p.is_active AND coalesce(p.email, '') <> ''
    """
)
"""Who holds the role in the unit now and has an address; of no unit, in the city's own."""

DUE = text(
    """
    SELECT x.notification_id, x.person_id FROM notification_mails x
    WHERE x.sent_at IS NULL AND x.not_before <= :now AND x.attempts < :most
    ORDER BY x.not_before, x.notification_id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
LETTERS = text(
    """
    SELECT x.notification_id, x.person_id, x.attempts, n.subject, n.body, n.object_type, n.object_id,
           CASE WHEN p.is_active THEN p.email END AS email
    FROM notification_mails x
    JOIN notifications n ON n.id = x.notification_id JOIN people p ON p.id = x.person_id
    WHERE x.notification_id = :notification AND x.person_id = :person
    """
)
FINISHED = text(
    """
    UPDATE notifications n SET sent_at = :now
    WHERE n.id = ANY(:ids) AND n.sent_at IS NULL AND NOT EXISTS (
        SELECT FROM notification_mails x
        WHERE x.notification_id = n.id AND x.sent_at IS NULL AND x.attempts < :most)
    """
)


@dataclass(frozen=True)
class Untold:
    id: UUID
    role: str
    unit_id: UUID | None
    person_id: UUID | None
    created_at: datetime


@dataclass(frozen=True)
class Due:
    """One letter to one person. `attempts` counts the one that is under way; `email`: none where they left since."""

    notification_id: UUID
    person_id: UUID
    attempts: int
    subject: str
    body: str
    object_type: str
    object_id: UUID
    email: str | None


async def claim_untold(session: AsyncSession, limit: int) -> list[Untold]:
    return [Untold(**row) for row in (await session.execute(UNTOLD, {"limit": limit})).mappings()]


async def holders(session: AsyncSession, role: str, unit_id: UUID | None, now: datetime) -> dict[UUID, bool]:
    """People, and whether each is on duty in that role now."""
    rows = await session.execute(HOLDERS, {"role": role, "unit": unit_id, "now": now})
    found: dict[UUID, bool] = {}
    for person_id, is_on_duty in rows:
        found[person_id] = found.get(person_id, False) or is_on_duty
    return found


async def add_mails(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        query = insert(m.NotificationMail).values(list(rows))
        await session.execute(query.on_conflict_do_nothing(index_elements=["notification_id", "person_id"]))


async def close(session: AsyncSession, ids: Iterable[UUID], now: datetime) -> None:
    await session.execute(update(m.Notification).where(m.Notification.id.in_(list(ids))).values(sent_at=now))


async def claim_due(session: AsyncSession, now: datetime, lease: timedelta, most: int, limit: int) -> list[Due]:
    """Mark what is due as tried once more: nobody else takes it until its lease ends."""
    rows = (await session.execute(DUE, {"now": now, "most": most, "limit": limit})).all()
    found = []
    for notification_id, person_id in rows:
        mine = (m.NotificationMail.notification_id == notification_id) & (m.NotificationMail.person_id == person_id)
        values = {"attempts": m.NotificationMail.attempts + 1, "not_before": now + lease}
        await session.execute(update(m.NotificationMail).where(mine).values(values))
        names = {"notification": notification_id, "person": person_id}
        found.append(Due(**(await session.execute(LETTERS, names)).mappings().one()))
    return found


async def record(session: AsyncSession, due: Due, **values: Any) -> None:
    mine = (m.NotificationMail.notification_id == due.notification_id) & (m.NotificationMail.person_id == due.person_id)
    await session.execute(update(m.NotificationMail).where(mine).values(values))


async def finish(session: AsyncSession, ids: Iterable[UUID], most: int, now: datetime) -> None:
    """Notifications of which no letter is under way any more."""
    await session.execute(FINISHED, {"ids": list(ids), "most": most, "now": now})
