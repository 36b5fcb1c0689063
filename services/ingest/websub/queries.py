"""The SQL of subscriptions at hubs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Source, WebSubSubscription
from libs.common.models.enums import SourceState
from libs.common.models.rhythm import SubscriptionState

S, State = WebSubSubscription, SubscriptionState
_OURS = (State.WANTED, State.ASKED, State.ACTIVE)


async def of_source(session: AsyncSession, source_id: UUID) -> WebSubSubscription | None:
    found: WebSubSubscription | None = await session.scalar(select(S).where(S.source_id == source_id))
    return found


async def lock(session: AsyncSession, subscription_id: UUID) -> tuple[WebSubSubscription, Source] | None:
    """A subscription and its source, locked until the transaction ends."""
    query = select(S, Source).join(Source, Source.id == S.source_id).where(S.id == subscription_id)
    row = (await session.execute(query.with_for_update(of=S))).first()
    return None if row is None else (row[0], row[1])


async def get(session: AsyncSession, subscription_id: UUID) -> tuple[WebSubSubscription, Source] | None:
    query = select(S, Source).join(Source, Source.id == S.source_id).where(S.id == subscription_id)
    row = (await session.execute(query)).first()
    return None if row is None else (row[0], row[1])


async def replace(session: AsyncSession, row: WebSubSubscription) -> None:
    """The one subscription of its source; what was there before is forgotten, and so is the address hubs knew."""
    await session.execute(delete(S).where(S.source_id == row.source_id))
    session.add(row)
    await session.flush()


async def claim_due(session: AsyncSession, now: datetime) -> tuple[WebSubSubscription, Source] | None:
    """One subscription of which something is to be asked: its time has come, or its source is not read any more."""
    is_over = and_(S.state.in_(_OURS), Source.state != SourceState.ACTIVE)
    query = (
        select(S, Source)
        .join(Source, Source.id == S.source_id)
        .where(or_(S.next_at <= now, is_over), S.state != State.ENDED)
        .order_by(S.next_at.nulls_first())
        .limit(1)
        .with_for_update(of=S, skip_locked=True)
    )
    row = (await session.execute(query)).first()
    return None if row is None else (row[0], row[1])


async def change(session: AsyncSession, subscription_id: UUID, **values: Any) -> None:
    await session.execute(update(S).where(S.id == subscription_id).values(**values))
