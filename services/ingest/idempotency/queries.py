"""SQL of answers that were given."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import PushKey
from services.ingest.idempotency.rules import Call


async def take_turn(session: AsyncSession, call: Call) -> bool:
    """Whether no other transaction works on this key; held until ours ends, however it ends."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(call.lock))))


async def get_answer(session: AsyncSession, call: Call, now: datetime) -> PushKey | None:
    query = select(PushKey).where(PushKey.key_hash == call.key_hash, PushKey.expires_at > now)
    return (await session.scalars(query)).first()


async def keep_answer(session: AsyncSession, row: dict[str, object]) -> None:
    """In the place of one that has expired, if there is one."""
    query = insert(PushKey).values(row)
    await session.execute(query.on_conflict_do_update(index_elements=["key_hash"], set_=row))


async def forget_answers(session: AsyncSession, now: datetime, limit: int) -> int:
    old = select(PushKey.key_hash).where(PushKey.expires_at <= now).limit(limit)
    gone = await session.scalars(delete(PushKey).where(PushKey.key_hash.in_(old)).returning(PushKey.key_hash))
    return len(gone.all())
