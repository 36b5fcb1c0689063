"""SQL of the slow lane."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import LateContent
from libs.common.models.enums import LateReason

_PARK = text(
    """
    INSERT INTO late_contents (content_id, reason, tries, parked_at)
    SELECT id, :reason, 0, CAST(:now AS timestamptz) FROM unnest(CAST(:ids AS uuid[])) AS id
    ON CONFLICT (content_id) DO UPDATE SET reason = excluded.reason, tries = 0
    """
)


async def park(session: AsyncSession, ids: Sequence[UUID], reason: LateReason, now: datetime) -> None:
    await session.execute(_PARK, {"ids": list(ids), "reason": reason.value, "now": now})


async def claim(session: AsyncSession, limit: int, tries: int) -> list[UUID]:
    """Lock the next ones, what came singly first, then the newest: one that just missed the stream
    does not wait behind a whole backlog.
    Several workers take different ones."""
    late = LateContent
    query = (
        select(late.content_id)
        .where(late.tries < tries)
        .order_by(late.tries, late.reason != LateReason.BEHIND, late.content_id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(query))


async def done(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await session.execute(delete(LateContent).where(LateContent.content_id.in_(ids)))


async def failed(session: AsyncSession, content_id: UUID) -> None:
    await session.execute(
        update(LateContent).where(LateContent.content_id == content_id).values(tries=LateContent.tries + 1)
    )


async def count(session: AsyncSession) -> dict[str, int]:
    """How many wait, by reason."""
    query = select(LateContent.reason, func.count()).group_by(LateContent.reason)
    return dict((await session.execute(query)).all())


async def count_given_up(session: AsyncSession, tries: int) -> int:
    query = select(func.count()).select_from(LateContent).where(LateContent.tries >= tries)
    return await session.scalar(query) or 0
