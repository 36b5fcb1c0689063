"""SQL of the hub."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m

H = m.HubSubscription


async def lock_by_hash(session: AsyncSession, key_hash: bytes) -> m.HubSubscription | None:
    query = select(H).where(H.key_hash == key_hash).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def lock(session: AsyncSession, subscription_id: UUID) -> m.HubSubscription | None:
    query = select(H).where(H.id == subscription_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def counted(session: AsyncSession, host: str) -> tuple[int, int]:
    """Subscriptions that lead to this host, and all there are."""
    query = select(func.count().filter(H.host == host), func.count())
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(H).values(values).on_conflict_do_nothing(index_elements=["key_hash"]))


async def claim_wishes(session: AsyncSession, now: datetime, until: datetime, most: int) -> Sequence[m.HubSubscription]:
    """Those to be verified now; nobody else asks before `until`."""
    query = select(H).where(H.ask_at <= now).order_by(H.ask_at).limit(most).with_for_update(skip_locked=True)
    rows = (await session.scalars(query)).all()
    for row in rows:
        row.ask_at, row.asks = until, row.asks + 1
    return rows


async def claim_pushes(
    session: AsyncSession, digests: Mapping[str, str], now: datetime, until: datetime, most: int
) -> Sequence[m.HubSubscription]:
    """Those that were told another feed last than the one that stands (`digests`, by topic)."""
    behind = or_(*(and_(H.topic == topic, H.sent_digest.is_distinct_from(each)) for topic, each in digests.items()))
    open_now = and_(H.lease_ends_at > now, H.push_at <= now)
    query = select(H).where(open_now, behind).order_by(H.push_at).limit(most).with_for_update(skip_locked=True)
    rows = (await session.scalars(query)).all()
    for row in rows:
        row.push_at = until
    return rows


async def change(session: AsyncSession, subscription_id: UUID, **values: Any) -> None:
    await session.execute(update(H).where(H.id == subscription_id).values(**values))


async def erase(session: AsyncSession, subscription_id: UUID) -> None:
    await session.execute(delete(H).where(H.id == subscription_id))


async def erase_over(session: AsyncSession, now: datetime) -> int:
    """Leases that have ended, and nobody is asking to renew them."""
    over = delete(H).where(H.lease_ends_at <= now, H.wish.is_(None)).returning(H.id)
    return len(list(await session.scalars(over)))
