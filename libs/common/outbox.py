"""Outbox: an event is a row in the transaction of its change; the relay publishes what is committed.

Guarantee: at least once. A relay killed after the publish and before its commit publishes again with the same
message id and event id; JetStream drops it within its window, and the inbox recognises it after.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, any_, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from libs.common import telemetry
from libs.common.events.base import Event
from libs.common.ids import new_id
from libs.common.models import OutboxEvent

WAKE_CHANNEL = "lantoa_outbox"
RELAY_BATCH = 500
MAX_PAYLOAD = 512 * 1024
"""Half of what the stream takes in one message: room for headers."""

_EMIT = text(
    f"""
    WITH written AS (
        INSERT INTO outbox (id, subject, source, payload, headers, created_at, published_at)
        SELECT id, subject, CAST(:source AS text), CAST(payload AS jsonb), CAST(:headers AS jsonb),
               CAST(:now AS timestamptz), NULL
        FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:payloads AS text[]))
             AS new (id, subject, payload)
    )
    SELECT pg_notify('{WAKE_CHANNEL}', '')
    """
)


class EventTooLarge(ValueError):
    """The stream would never take this event; carry ids, and split what is long."""


async def emit(session: AsyncSession, event: Event, *, now: datetime, source: str = "lantoa") -> UUID:
    """Record the event; it leaves the house only if this transaction commits."""
    return (await emit_all(session, [event], now=now, source=source))[0]


async def emit_all(
    session: AsyncSession, events: Sequence[Event], *, now: datetime, source: str = "lantoa"
) -> list[UUID]:
    """The same for many, in one round trip."""
    ids, payloads = [new_id(now) for _ in events], [event.model_dump_json() for event in events]
    for event, payload in zip(events, payloads, strict=True):
        if len(payload.encode()) > MAX_PAYLOAD:
            raise EventTooLarge(f"{event.subject}: {len(payload)} characters")
    values = {"ids": ids, "subjects": [e.subject for e in events], "payloads": payloads}
    headers = json.dumps(telemetry.carried())
    await session.execute(_EMIT, values | {"source": source, "headers": headers, "now": now})
    return ids


_MESSAGE = (
    OutboxEvent.id,
    OutboxEvent.subject,
    OutboxEvent.source,
    OutboxEvent.headers,
    OutboxEvent.created_at,
    cast(OutboxEvent.payload, Text).label("payload"),
)
"""What a message is made of; the payload as the text it is sent as."""


async def claim_unpublished(session: AsyncSession, limit: int = RELAY_BATCH) -> Sequence[Row[Any]]:
    """The oldest unpublished events, locked so that several relays never take the same ones."""
    query = (
        select(*_MESSAGE)
        .where(OutboxEvent.published_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).all()


async def mark_published(session: AsyncSession, event_ids: Sequence[UUID], now: datetime) -> None:
    ids = any_(cast(list(event_ids), ARRAY(Uuid())))
    await session.execute(update(OutboxEvent).where(OutboxEvent.id == ids).values(published_at=now))


async def list_since(session: AsyncSession, after: UUID, limit: int) -> Sequence[Row[Any]]:
    """Events after this id, published or not, in order."""
    query = select(*_MESSAGE).where(OutboxEvent.id > after).order_by(OutboxEvent.id).limit(limit)
    return (await session.execute(query)).all()


async def pending_events(session: AsyncSession, limit: int) -> tuple[int, datetime | None]:
    """How many events wait for the relay (counted up to the limit), and since when the oldest does."""
    oldest = (
        select(OutboxEvent.created_at)
        .where(OutboxEvent.published_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(limit)
        .subquery()
    )
    count, since = (await session.execute(select(func.count(), func.min(oldest.c.created_at)))).one()
    return count, since
