"""Rotation of the key that wraps the channels' credentials: every row is sealed anew under the current one.

Safe to repeat, and beside writers: each row is locked, opened, sealed and stored in a transaction of its own, and
whoever stores a fresh secret meanwhile waits for that one row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.db import Database
from services.publish.credentials import CredentialsUnreadable, Vault


@dataclass
class Rotation:
    """`remaining` still lie under another key; `unreadable` of them open with none of those that were given."""

    key_id: str
    rotated: int = 0
    remaining: int = 0
    unreadable: list[UUID] = field(default_factory=list)


async def count_under_others(session: AsyncSession, key_id: str) -> int:
    query = select(func.count()).select_from(m.ChannelCredential).where(_under_another(key_id))
    return int(await session.scalar(query) or 0)


async def rotate(db: Database, vault: Vault, progress: Callable[[int], None] = lambda _: None) -> Rotation:
    """Until every row that can be read lies under the current key; `progress` is told how many are left."""
    done, after = Rotation(vault.key_id), UUID(int=0)
    while (row := await _rotate_next(db, vault, after, done)) is not None:
        after = row
        async with db.transaction() as session:
            progress(await count_under_others(session, vault.key_id))
    async with db.transaction() as session:
        done.remaining = await count_under_others(session, vault.key_id)
    return done


async def _rotate_next(db: Database, vault: Vault, after: UUID, done: Rotation) -> UUID | None:
    """The channel whose row was sealed anew or could not be read; None when there is no further one."""
    async with db.transaction() as session:
        row = await _lock_next(session, vault.key_id, after)
        if row is None:
            return None
        try:
            secret = vault.open(row.channel_id, row.ciphertext)
        except CredentialsUnreadable:
            done.unreadable.append(row.channel_id)
            return row.channel_id
        values = {"ciphertext": vault.seal(row.channel_id, secret), "key_id": vault.key_id}
        mine = m.ChannelCredential.channel_id == row.channel_id
        await session.execute(update(m.ChannelCredential).where(mine).values(values))
    done.rotated += 1
    return row.channel_id


async def _lock_next(session: AsyncSession, key_id: str, after: UUID) -> m.ChannelCredential | None:
    query = select(m.ChannelCredential).where(_under_another(key_id), m.ChannelCredential.channel_id > after)
    return await session.scalar(query.order_by(m.ChannelCredential.channel_id).limit(1).with_for_update())


def _under_another(key_id: str) -> ColumnElement[bool]:
    return m.ChannelCredential.key_id.is_distinct_from(key_id)
