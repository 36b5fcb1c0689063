"""SQL of transfers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.transfers import CaseTransfer, TransferState

WAITING = (TransferState.QUEUED, TransferState.ARMED, TransferState.SENT, TransferState.UNKNOWN)


async def add_once(session: AsyncSession, row: dict[str, object]) -> CaseTransfer | None:
    """None where one to the same server stands already."""
    query = upsert(CaseTransfer).values(row).on_conflict_do_nothing().returning(CaseTransfer)
    return await session.scalar(query)


async def list_transfers(session: AsyncSession, case_id: UUID) -> Sequence[CaseTransfer]:
    query = select(CaseTransfer).where(CaseTransfer.case_id == case_id).order_by(CaseTransfer.id)
    return (await session.scalars(query)).all()


async def lock(session: AsyncSession, transfer_id: UUID) -> CaseTransfer | None:
    return await session.get(CaseTransfer, transfer_id, with_for_update=True, populate_existing=True)


async def claim_due(
    session: AsyncSession, servers: Sequence[str], now: datetime, lease: timedelta
) -> CaseTransfer | None:
    """The one that has been due longest, of a server that is set; its next claim comes after the lease."""
    query = (
        select(CaseTransfer)
        .where(CaseTransfer.state.in_(WAITING), CaseTransfer.due_at <= now, CaseTransfer.server.in_(servers))
        .order_by(CaseTransfer.due_at, CaseTransfer.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalar(query)
    if found is not None:
        found.due_at = now + lease
    return found
