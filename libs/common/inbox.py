"""Inbox: the first transaction that records (event, consumer) is the only one whose effect counts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import InboxEvent


async def first_deliveries(session: AsyncSession, consumer: str, event_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Of these events, the ones this consumer has not yet taken effect of; recorded in this transaction."""
    rows = [{"event_id": i, "consumer": consumer, "received_at": now} for i in sorted(set(event_ids))]
    query = insert(InboxEvent).values(rows).on_conflict_do_nothing().returning(InboxEvent.event_id)
    return set(await session.scalars(query))
