"""What the channel `email` puts into the next letter, and takes out of it (`LetterBasket` of the adapters).

Guarantee: what `take_out` says was in no letter is in none: it and whoever marks letters as being sent lock the issue.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.ids import new_id
from libs.common.models.readers import DigestItemKind
from services.publish.adapters.base import ChannelError, InLetter, Json, Reason
from services.publish.readers import queries

AWAY = "Cơ sở dữ liệu không trả lời nên chưa biết tin đã vào thư hay chưa"


class StoredBasket:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def put(self, channel_id: UUID, delivery_id: UUID, payload: Json) -> InLetter:
        async with self._at_hand() as session:
            await queries.put_item(session, self._item(channel_id, delivery_id, DigestItemKind.NEWS, payload))
            return InLetter(**(await queries.find_item(session, delivery_id) or {}))

    async def find(self, delivery_id: UUID) -> InLetter | None:
        async with self._at_hand() as session:
            found = await queries.find_item(session, delivery_id)
        return InLetter(**found) if found else None

    async def take_out(self, delivery_id: UUID) -> InLetter | None:
        async with self._at_hand() as session:
            item = await queries.lock_item(session, delivery_id)
            if item is None:
                return None
            item.removed_at = item.removed_at or self._clock.now()
            await session.flush()
            found = InLetter(**(await queries.find_item(session, delivery_id) or {}))
            if found.letters:
                notice = {"title": item.payload["title"], "link": item.payload["link"], "number": found.number}
                told = {**notice, "is_urgent": item.is_urgent}
                values = self._item(item.channel_id, delivery_id, DigestItemKind.WITHDRAWAL, told)
                await queries.put_item(session, values)
            return found

    def _item(self, channel_id: UUID, delivery_id: UUID, kind: DigestItemKind, payload: Json) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "id": new_id(now),
            "delivery_id": delivery_id,
            "channel_id": channel_id,
            "kind": kind,
            "payload": payload,
            "is_urgent": bool(payload.get("is_urgent")),
            "added_at": now,
        }

    @asynccontextmanager
    async def _at_hand(self) -> AsyncIterator[AsyncSession]:
        """A transaction; ChannelError where the database is away."""
        try:
            async with self._db.transaction() as session:
                yield session
        except (SQLAlchemyError, PostgresError, OSError) as error:
            raise ChannelError(Reason(AWAY, describe(error))) from None
