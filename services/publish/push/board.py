"""What the channel `webpush` gives to readers' browsers, and takes back (`NoticeBoard` of the adapters).

Guarantee: what `remove` says reached nobody is sent to nobody: it and whoever claims sends lock the same rows.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.ids import new_id
from libs.common.models.push import NoticeKind, Urgency
from services.publish.adapters.base import ChannelError, Json, OnScreens, Reason, Told
from services.publish.push import queries, rules

AWAY = "Cơ sở dữ liệu không trả lời nên chưa biết thông báo đã được ghi hay chưa"
REFUSED = Reason(
    "Các dịch vụ đẩy từ chối mọi thông báo gần nhất; hãy kiểm tra khóa VAPID và địa chỉ liên hệ",
    "push services refuse everything: check the VAPID key and its subject",
)


class StoredNotices:
    """`is_able`: whether this installation has a VAPID key; `ttl`: how long a push service keeps a notice."""

    def __init__(self, db: Database, clock: Clock, ttl: timedelta) -> None:
        self._db, self._clock, self._ttl = db, clock, ttl

    async def put(self, channel_id: UUID, delivery_id: UUID, thread: UUID, topic: str, payload: Json) -> OnScreens:
        values = self._notice(channel_id, delivery_id, thread, topic) | {
            "kind": NoticeKind.NEWS,
            "payload": payload,
            "urgency": Urgency.HIGH if payload.get("is_urgent") else Urgency.NORMAL,
        }
        async with self._at_hand() as session:
            before = await queries.lock_thread(session, thread)
            if not any(one.removed_at for one in before):
                await queries.put_notice(session, values)
            found = await self._found(session, await queries.list_thread(session, thread))
        assert found is not None
        return found

    async def is_put(self, delivery_id: UUID) -> bool:
        async with self._at_hand() as session:
            found = await queries.find_news(session, delivery_id)
        return found is not None and found.removed_at is None

    async def find(self, thread: UUID) -> OnScreens | None:
        async with self._at_hand() as session:
            return await self._found(session, await queries.list_thread(session, thread))

    async def remove(self, thread: UUID) -> OnScreens | None:
        async with self._at_hand() as session:
            notices = await queries.lock_thread(session, thread)
            news = [one for one in notices if one.kind == NoticeKind.NEWS]
            now = self._clock.now()
            for one in news:
                one.removed_at = one.removed_at or now
            await session.flush()
            await queries.drop_queued(session, [one.id for one in news], now)
            if news and await _has_reached(session, news):
                await queries.put_notice(session, self._withdrawal(news[-1]))
            return await self._found(session, await queries.list_thread(session, thread))

    async def problem(self, channel_id: UUID) -> Reason | None:
        async with self._at_hand() as session:
            last = await queries.last_refusals(session, channel_id)
        return REFUSED if last is not None and last[0] == 0 else None

    async def _found(self, session: AsyncSession, notices: Sequence[m.PushNotice]) -> OnScreens | None:
        news = [one for one in notices if one.kind == NoticeKind.NEWS]
        if not news:
            return None
        instead = [one for one in notices if one.kind == NoticeKind.WITHDRAWAL]
        return OnScreens(
            is_removed=news[-1].removed_at is not None,
            reached=await _has_reached(session, news),
            news=_told(news[-1]),
            withdrawal=_told(instead[-1]) if instead else None,
        )

    def _notice(self, channel_id: UUID, delivery_id: UUID, thread: UUID, topic: str) -> dict[str, Any]:
        now = self._clock.now()
        ids = {"id": new_id(now), "channel_id": channel_id, "delivery_id": delivery_id, "thread": thread}
        return ids | {"topic": topic, "noted_at": now, "expires_at": now + self._ttl}

    def _withdrawal(self, news: m.PushNotice) -> dict[str, Any]:
        told = self._notice(news.channel_id, news.delivery_id, news.thread, news.topic)
        return told | {
            "kind": NoticeKind.WITHDRAWAL,
            "payload": rules.withdrawal(news.payload),
            "urgency": Urgency.HIGH,
            "expires_at": told["noted_at"] + rules.WITHDRAWAL_LASTS,
        }

    @asynccontextmanager
    async def _at_hand(self) -> AsyncIterator[AsyncSession]:
        """A transaction; ChannelError where the database is away."""
        try:
            async with self._db.transaction() as session:
                yield session
        except (SQLAlchemyError, PostgresError, OSError) as error:
            raise ChannelError(Reason(AWAY, describe(error))) from None


async def _has_reached(session: AsyncSession, news: Sequence[m.PushNotice]) -> bool:
    """By the totals too: who was sent what is forgotten after a while."""
    return any(one.accepted for one in news) or await queries.has_reached(session, news[-1].thread)


def _told(notice: m.PushNotice) -> Told:
    settled = notice.accepted + notice.gone + notice.refused + notice.expired + notice.dropped
    waiting = max(notice.wanted - settled, 0)
    failed, is_done = notice.refused + notice.expired, notice.finished_at is not None
    return Told(is_done, notice.wanted, notice.accepted, waiting, notice.gone, failed)
