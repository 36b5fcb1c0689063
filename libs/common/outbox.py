"""Outbox: an event is a row in the transaction of its change; the relay publishes what is committed.

Guarantee: at least once. A relay killed after the publish and before its commit publishes again with the same
message id and event id; JetStream drops it within its window, and the inbox recognises it after.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.base import Event
from libs.common.ids import new_id
from libs.common.models import OutboxEvent

WAKE_CHANNEL = "lantoa_outbox"
RELAY_BATCH = 500


async def emit(session: AsyncSession, event: Event, *, now: datetime, source: str = "lantoa") -> UUID:
    """Record the event; it leaves the house only if this transaction commits."""
    event_id = new_id(now)
    row = {
        "id": event_id,
        "subject": event.subject,
        "source": source,
        "payload": event.model_dump(mode="json"),
        "headers": {},
        "created_at": now,
        "published_at": None,
    }
    await session.execute(insert(OutboxEvent).values(row))
    await session.execute(text(f"NOTIFY {WAKE_CHANNEL}"))
    return event_id


async def claim_unpublished(session: AsyncSession, limit: int = RELAY_BATCH) -> list[OutboxEvent]:
    """The oldest unpublished events, locked so that several relays never take the same ones."""
    query = (
        select(OutboxEvent)
        .where(OutboxEvent.published_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(query))


async def mark_published(session: AsyncSession, event_ids: list[UUID], now: datetime) -> None:
    await session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(event_ids)).values(published_at=now))
