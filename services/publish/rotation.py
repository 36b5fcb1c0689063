"""Rotation of the key that wraps the channels' credentials, readers' addresses and browsers, and where comments are
answered: every row is sealed anew under the current one.

Safe to repeat, and beside writers: each row is locked, opened, sealed and stored in a transaction of its own, and
whoever stores a fresh secret meanwhile waits for that one row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

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


@dataclass(frozen=True)
class _Sealed:
    """A table of sealed rows: what each is bound to."""

    table: (
        type[m.ChannelCredential]
        | type[m.MailSubscription]
        | type[m.PushSubscription]
        | type[m.ReplyAddress]
        | type[m.HubSubscription]
    )
    owner: InstrumentedAttribute[UUID]

    def under_another(self, key_id: str) -> ColumnElement[bool]:
        return self.table.key_id.is_distinct_from(key_id) & self.table.ciphertext.is_not(None)


SEALED = (
    _Sealed(m.ChannelCredential, m.ChannelCredential.channel_id),
    _Sealed(m.MailSubscription, m.MailSubscription.id),
    _Sealed(m.PushSubscription, m.PushSubscription.id),
    _Sealed(m.ReplyAddress, m.ReplyAddress.comment_id),
    _Sealed(m.HubSubscription, m.HubSubscription.id),
)


async def count_under_others(session: AsyncSession, key_id: str) -> int:
    found = 0
    for each in SEALED:
        query = select(func.count()).select_from(each.table).where(each.under_another(key_id))
        found += int(await session.scalar(query) or 0)
    return found


async def rotate(db: Database, vault: Vault, progress: Callable[[int], None] = lambda _: None) -> Rotation:
    """Until every row that can be read lies under the current key; `progress` is told how many are left."""
    done = Rotation(vault.key_id)
    for each in SEALED:
        after = UUID(int=0)
        while (row := await _rotate_next(db, vault, each, after, done)) is not None:
            after = row
            async with db.transaction() as session:
                progress(await count_under_others(session, vault.key_id))
    async with db.transaction() as session:
        done.remaining = await count_under_others(session, vault.key_id)
    return done


async def _rotate_next(db: Database, vault: Vault, each: _Sealed, after: UUID, done: Rotation) -> UUID | None:
    """The owner of the row that was sealed anew or could not be read; None when there is no further one."""
    async with db.transaction() as session:
        found = await _lock_next(session, each, vault.key_id, after)
        if found is None:
            return None
        owner, ciphertext = found
        try:
            secret = vault.open(owner, ciphertext)
        except CredentialsUnreadable:
            done.unreadable.append(owner)
            return owner
        values = {"ciphertext": vault.seal(owner, secret), "key_id": vault.key_id}
        await session.execute(update(each.table).where(each.owner == owner).values(values))
    done.rotated += 1
    return owner


async def _lock_next(session: AsyncSession, each: _Sealed, key_id: str, after: UUID) -> tuple[UUID, bytes] | None:
    query = select(each.owner, each.table.ciphertext).where(each.under_another(key_id), each.owner > after)
    row = (await session.execute(query.order_by(each.owner).limit(1).with_for_update())).one_or_none()
    return (row[0], row[1] or b"") if row is not None else None
