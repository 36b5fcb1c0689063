"""The bus: one JetStream stream, pull consumers with explicit acks, and three ways out of a failure.

Success: the inbox row and the effect commit together, then ack. Transient: nak with a delay from RETRY_DELAYS.
Permanent, or tries used up: a row in dead_letters, then term. Losing the stream loses nothing: the outbox
refills it and the inbox recognises what was done. The only import of nats besides the relay's tests.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import Error as JetStreamError
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.events.base import Event
from libs.common.ids import new_id
from libs.common.inbox import first_deliveries
from libs.common.models import DeadLetter
from libs.common.settings import NatsSettings

log = logging.getLogger("lantoa.bus")
R = TypeVar("R")

SUBJECTS = "lantoa.>"
RETRY_DELAYS = (1.0, 5.0, 30.0, 120.0)
"""Seconds before each further try; when they are used up the event goes to dead letters."""
ACK_WAIT = 60.0
DUPLICATE_WINDOW = 120.0
HEADER_ID, HEADER_TYPE, HEADER_TIME, HEADER_FOR = (
    "ce-id",
    "ce-type",
    "ce-time",
    "Lantoa-Replay-For",
)


class Permanent(Exception):
    """Raised by a handler when no further try can help: the event goes to dead letters at once."""


@dataclass(frozen=True)
class HandlerContext(Generic[R]):
    """What a handler may use: the transaction of its effect, the instant, the service's own resources."""

    session: AsyncSession
    now: datetime
    resources: R


@dataclass(frozen=True)
class Subscription:
    event: type[Event]
    handler: Callable[[Any, HandlerContext[Any]], Awaitable[None]]
    batch: int

    def durable(self, service: str) -> str:
        """Derived, not typed: `classify-content-ingested`."""
        return f"{service}-{'-'.join(self.event.subject.split('.')[1:-1])}"


class Subscribers:
    """The event handlers of one service."""

    def __init__(self) -> None:
        self.all: list[Subscription] = []

    def on(self, event: type[Event], batch: int = 1) -> Callable[[Any], Any]:
        """With batch > 1 the handler gets a list: one transaction and one inbox round trip for all."""

        def decorate(handler: Any) -> Any:
            self.all.append(Subscription(event, handler, batch))
            return handler

        return decorate


async def connect(settings: NatsSettings, name: str) -> Client:
    """A connection that keeps trying for ever, so that an outage is waited out."""
    token = settings.token.get_secret_value() if settings.token else None

    async def on_error(error: Exception) -> None:
        log.warning("nats: %s", error)

    return await nats.connect(
        settings.url,
        token=token,
        name=name,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        connect_timeout=5,
        allow_reconnect=True,
        error_cb=on_error,
    )


async def ensure_stream(js: JetStreamContext, settings: NatsSettings) -> None:
    """Declare the stream; done by the migrate step and by replays, services only bind."""
    config = StreamConfig(
        name=settings.stream,
        subjects=[SUBJECTS],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=settings.max_bytes,
        max_age=8 * 24 * 3600.0,
        duplicate_window=DUPLICATE_WINDOW,
        max_msg_size=1024 * 1024,
    )
    try:
        await js.add_stream(config)
    except JetStreamError:
        await js.update_stream(config)


def headers_of(event_id: UUID, subject: str, source: str, at: datetime, message_id: str) -> dict[str, str]:
    """CloudEvents 1.0, NATS binding, binary mode."""
    return {
        "Nats-Msg-Id": message_id,
        "ce-specversion": "1.0",
        HEADER_ID: str(event_id),
        "ce-source": f"/{source}",
        HEADER_TYPE: subject,
        HEADER_TIME: at.isoformat(),
        "content-type": "application/json",
    }


@dataclass(frozen=True)
class Received:
    """A message with its event read; `error` when it cannot be read."""

    message: Msg
    event_id: UUID
    event: Event | None
    error: str | None

    @property
    def tries(self) -> int:
        return self.message.metadata.num_delivered or 1


def _read(message: Msg, event_class: type[Event]) -> Received:
    headers = message.headers or {}
    try:
        event_id = UUID(headers.get(HEADER_ID, ""))
    except ValueError:
        return Received(
            message,
            UUID(int=message.metadata.sequence.stream),
            None,
            "no CloudEvents id",
        )
    try:
        return Received(message, event_id, event_class.model_validate_json(message.data), None)
    except ValidationError as error:
        return Received(message, event_id, None, str(error))


class Consumer(Generic[R]):
    """One durable pull consumer of a service."""

    def __init__(
        self,
        service: str,
        subscription: Subscription,
        db: Database,
        clock: Clock,
        resources: R,
        *,
        stream: str = "lantoa",
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self.durable = subscription.durable(service)
        self._subscription = subscription
        self._db, self._clock, self._resources = db, clock, resources
        self._stream, self._retry_delays = stream, retry_delays

    async def run(self, js: JetStreamContext, stopping: asyncio.Event) -> None:
        """Fetch, handle, ack; bind anew whenever the stream, the server or the database was away."""
        while not stopping.is_set():
            try:
                await self._bind_and_consume(js, stopping)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning(
                    "%s: %s: %s; binding again",
                    self.durable,
                    type(error).__name__,
                    error,
                )
                await _pause(1.0, stopping)

    async def _bind_and_consume(self, js: JetStreamContext, stopping: asyncio.Event) -> None:
        config = ConsumerConfig(
            durable_name=self.durable,
            filter_subject=self._subscription.event.subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_ack_pending=1000,
        )
        subject = self._subscription.event.subject
        pull = await js.pull_subscribe(subject, durable=self.durable, stream=self._stream, config=config)
        try:
            quiet = 0
            while not stopping.is_set():
                try:
                    messages = await pull.fetch(self._subscription.batch, timeout=1.0)
                    quiet = 0
                except TimeoutError:
                    quiet += 1
                    if quiet % 5 == 0:
                        await js.consumer_info(self._stream, self.durable)
                    continue
                await self.handle(messages)
        finally:
            await pull.unsubscribe()

    async def handle(self, messages: Sequence[Msg]) -> None:
        """All in one transaction; if that fails, one by one, so that one poison message holds nobody up."""
        received = [_read(m, self._subscription.event) for m in messages if await self._is_for_us(m)]
        good = [r for r in received if r.event is not None]
        for unreadable in (r for r in received if r.event is None):
            await self._bury(unreadable, unreadable.error or "unreadable")
        if not good:
            return
        try:
            await self._apply(good)
        except Exception as error:
            if len(good) > 1:
                for one in good:
                    await self._handle_one(one)
            else:
                await self._fail(good[0], error)
            return
        for one in good:
            await one.message.ack()

    async def _is_for_us(self, message: Msg) -> bool:
        meant_for = (message.headers or {}).get(HEADER_FOR)
        if meant_for is None or self.durable in meant_for.split(","):
            return True
        await message.ack()
        return False

    async def _handle_one(self, one: Received) -> None:
        try:
            await self._apply([one])
        except Exception as error:
            await self._fail(one, error)
        else:
            await one.message.ack()

    async def _apply(self, received: Sequence[Received]) -> None:
        now = self._clock.now()
        async with self._db.transaction() as session:
            first = await first_deliveries(session, self.durable, [r.event_id for r in received], now)
            events, seen = [], set()
            for r in received:
                if r.event_id in first and r.event_id not in seen:
                    seen.add(r.event_id)
                    events.append(r.event)
            if not events:
                return
            context = HandlerContext(session, now, self._resources)
            if self._subscription.batch > 1:
                await self._subscription.handler(events, context)
            else:
                for event in events:
                    await self._subscription.handler(event, context)

    async def _fail(self, one: Received, error: Exception) -> None:
        log.warning(
            "%s: event %s, try %d: %s",
            self.durable,
            one.event_id,
            one.tries,
            type(error).__name__,
        )
        if isinstance(error, Permanent) or (one.tries > len(self._retry_delays) and not is_outage(error)):
            await self._bury(one, f"{type(error).__name__}: {error}")
        else:
            await one.message.nak(delay=self._retry_delays[min(one.tries, len(self._retry_delays)) - 1])

    async def _bury(self, one: Received, error: str) -> None:
        now = self._clock.now()
        row = {
            "id": new_id(now),
            "event_id": one.event_id,
            "consumer": self.durable,
            "subject": one.message.subject,
            "payload": one.message.data.decode("utf-8", "replace"),
            "error": error[:2000],
            "tries": one.tries,
            "dead_at": now,
            "retried_at": None,
        }
        async with self._db.transaction() as session:
            query = insert(DeadLetter).values(row)
            changed = {
                "error": row["error"],
                "tries": row["tries"],
                "dead_at": now,
                "retried_at": None,
            }
            await session.execute(query.on_conflict_do_update(index_elements=["event_id", "consumer"], set_=changed))
        log.error("%s: event %s is dead: %s", self.durable, one.event_id, error[:200])
        await one.message.term()


def is_outage(error: BaseException) -> bool:
    """Whether the database was away: such a failure never uses up an event's tries."""
    if isinstance(error, OSError | ConnectionError):
        return True
    return bool(getattr(error, "connection_invalidated", False)) or type(error).__name__ in _OUTAGES


_OUTAGES = frozenset(
    {
        "InterfaceError",
        "ConnectionDoesNotExistError",
        "CannotConnectNowError",
        "TooManyConnectionsError",
    }
)


async def publish_json(js: JetStreamContext, subject: str, payload: Any, headers: dict[str, str]) -> None:
    await js.publish(
        subject,
        json.dumps(payload, ensure_ascii=False).encode(),
        headers=headers,
        timeout=5,
    )


async def _pause(seconds: float, stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
