"""SQL of how far mailboxes were read."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import MailboxPosition


async def get_position(session: AsyncSession, box_hash: bytes) -> MailboxPosition | None:
    return await session.get(MailboxPosition, box_hash)


async def lock_position(session: AsyncSession, box_hash: bytes) -> MailboxPosition | None:
    """Two readers of one mailbox wait for each other, letter by letter."""
    query = select(MailboxPosition).where(MailboxPosition.box_hash == box_hash).with_for_update()
    return (await session.scalars(query)).first()


async def set_position(session: AsyncSession, box_hash: bytes, uid_validity: int, uid: int, now: datetime) -> None:
    values = {"box_hash": box_hash, "uid_validity": uid_validity, "last_uid": uid, "read_at": now}
    query = insert(MailboxPosition).values(values)
    await session.execute(query.on_conflict_do_update(index_elements=["box_hash"], set_=values))
