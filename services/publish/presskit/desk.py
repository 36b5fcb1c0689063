"""What the channel `press` gives to partners, and kills (`PressDesk` of the adapters).

Guarantee: a kill goes to every partner by every way by which it has the item or may have: it and whoever claims sends
change the same rows, and what was only queued goes to nobody any more.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
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
from libs.common.models.press import PressState, PressStatus, PressWay
from services.publish.adapters.base import Account, ChannelError, Json, Reason
from services.publish.presskit import queries
from services.publish.presskit.contract import OnDesks
from services.publish.presskit.partners import PartnersInvalid, partners_of

AWAY = "Cơ sở dữ liệu không trả lời nên chưa biết tin đã vào bộ tin cho báo chí hay chưa"
READ_WITHIN = timedelta(minutes=15)
"""A partner that read the item by its feed has this long to read the kill before somebody is asked to call it."""


class StoredPress:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def put(
        self, account: Account, delivery_id: UUID, item: UUID, payload: Json, until: datetime | None
    ) -> OnDesks:
        """Once: put in again, or after it was killed, nothing changes."""
        async with self._at_hand() as session:
            await queries.lock_channel(session, account.channel_id)
            before = await queries.list_item(session, item)
            if not queries.is_killed(before) and all(each.delivery_id != delivery_id for each in before):
                values = self._version(account.channel_id, delivery_id, item, before) | {"payload": payload}
                await queries.add_version(session, values | {"status": PressStatus.USABLE, "embargoed_until": until})
                await queries.drop_queued(session, [each.id for each in before], self._clock.now())
                await queries.add_sends(session, self._sends(values["id"], account, until))
            found = await self._found(session, item)
        assert found is not None
        return found

    async def find(self, item: UUID, delivery_id: UUID | None = None) -> OnDesks | None:
        """`delivery_id`: only where that delivery put a version of it."""
        async with self._at_hand() as session:
            if delivery_id is not None:
                versions = await queries.list_item(session, item)
                if all(each.delivery_id != delivery_id for each in versions):
                    return None
            return await self._found(session, item)

    async def remove(self, item: UUID) -> OnDesks | None:
        async with self._at_hand() as session:
            versions = await queries.list_item(session, item)
            if not versions:
                return None
            await queries.lock_channel(session, versions[0].channel_id)
            versions = await queries.list_item(session, item)
            if not queries.is_killed(versions):
                await self._kill(session, item, versions)
            return await self._found(session, item)

    async def _kill(self, session: AsyncSession, item: UUID, versions: Sequence[m.PressVersion]) -> None:
        last, now = versions[-1], self._clock.now()
        ids = [each.id for each in versions]
        await queries.drop_queued(session, ids, now)
        values = self._version(last.channel_id, last.delivery_id, item, versions)
        payload = {name: last.payload[name] for name in ("headline", "slug", "language")} | {"pictures": []}
        told = {"payload": payload, "status": PressStatus.CANCELED, "embargoed_until": None}
        await queries.add_version(session, values | told)
        reached = {(each.partner, each.way) for each in await queries.list_sends(session, ids) if each.attempts}
        rows = [self._send(values["id"], partner, PressWay(way), now) for partner, way in sorted(reached)]
        await queries.add_sends(session, rows)

    def _version(
        self, channel_id: UUID, delivery_id: UUID, item: UUID, before: Sequence[m.PressVersion]
    ) -> dict[str, Any]:
        now = self._clock.now()
        ids = {"id": new_id(now), "channel_id": channel_id, "delivery_id": delivery_id, "item": item}
        return ids | {"version": before[-1].version + 1 if before else 1, "created_at": now}

    def _sends(self, version_id: UUID, account: Account, until: datetime | None) -> list[dict[str, Any]]:
        """Who has not agreed to keep embargoes gets it when the embargo ends."""
        try:
            partners = partners_of(account.settings, account.secret)
        except PartnersInvalid as error:
            raise ChannelError(Reason(f"Danh sách cơ quan báo chí: {error}", "partners are not valid")) from None
        now = self._clock.now()
        return [
            self._send(version_id, each.id, way, now if each.may_hold or until is None else max(until, now))
            for each in partners
            for way in each.sends
        ]

    def _send(self, version_id: UUID, partner: str, way: PressWay, at: datetime) -> dict[str, Any]:
        told = {"version_id": version_id, "partner": partner, "way": way, "state": PressState.QUEUED}
        return told | {"not_before": at, "updated_at": self._clock.now()}

    async def _found(self, session: AsyncSession, item: UUID) -> OnDesks | None:
        versions = await queries.list_item(session, item)
        if not versions:
            return None
        last, ids = versions[-1], [each.id for each in versions]
        sends = await queries.list_sends(session, ids)
        mine = [each for each in sends if each.version_id == last.id]
        left = [each for each in mine if each.state not in (PressState.ACCEPTED, PressState.DROPPED)]
        return OnDesks(
            version=last.version,
            is_removed=last.status == PressStatus.CANCELED,
            reached=any(each.attempts for each in sends),
            accepted=sum(each.state == PressState.ACCEPTED for each in mine),
            untold=tuple(sorted({each.partner for each in left})),
            are_tried=all(self._had_its_time(each, last.created_at) for each in left),
        )

    def _had_its_time(self, send: m.PressSend, since: datetime) -> bool:
        if send.way == PressWay.FEED:
            return self._clock.now() - since >= READ_WITHIN
        return send.attempts > 0 and send.state != PressState.SENDING

    @asynccontextmanager
    async def _at_hand(self) -> AsyncIterator[AsyncSession]:
        """A transaction; ChannelError where the database is away."""
        try:
            async with self._db.transaction() as session:
                yield session
        except (SQLAlchemyError, PostgresError, OSError) as error:
            raise ChannelError(Reason(AWAY, describe(error))) from None
