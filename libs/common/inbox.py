"""Inbox: the first transaction that records (event, consumer) is the only one whose effect counts.

A second transaction with the same event waits for the first one's end: after a commit it finds nothing to do, after a
rollback it is the first.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_RECORD = text(
    """
    INSERT INTO inbox (event_id, consumer, received_at)
    SELECT id, CAST(:consumer AS text), CAST(:now AS timestamptz) FROM unnest(CAST(:ids AS uuid[])) AS new (id)
    ON CONFLICT DO NOTHING
    RETURNING event_id
    """
)


async def first_deliveries(session: AsyncSession, consumer: str, event_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Of these events, the ones this consumer has not yet taken effect of; recorded in this transaction.

    In the order of their ids, so that two batches that share events wait for each other and never in a ring.
    """
    rows = await session.execute(_RECORD, {"consumer": consumer, "now": now, "ids": sorted(set(event_ids))})
    return set(rows.scalars())
