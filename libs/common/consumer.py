"""A durable pull consumer: each event takes effect exactly once, whatever dies in between.

Success: inbox rows and effects commit together, then the acks. Transient failure: nak with a delay from RETRY_DELAYS.
Permanent, or tries used up: a row in dead_letters, then term. While the database is away the messages in hand are
held, and no try is counted. A batch that fails is repeated one by one, so that one poison message holds nobody up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.bus import (
    HEADER_FOR,
    HEADER_ID,
    HEADER_REPLAYED,
    REPLAYED,
    HandlerContext,
    Subscription,
    pause,
    replay_subject,
)
from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.events.base import Event
from libs.common.faults import Permanent, describe
from libs.common.ids import new_id
from libs.common.inbox import first_deliveries
from libs.common.models import DeadLetter

log = logging.getLogger("lantoa.consumer")
R = TypeVar("R")

RETRY_DELAYS = (1.0, 5.0, 30.0, 120.0)
"""Seconds before each further try; when they are used up the event goes to dead letters."""
ACK_WAIT = 60.0
"""After so long without a sign of life, the messages in hand go to somebody else."""
MAX_ACK_PENDING = 20_000
"""In hand or waiting for their next try; when it is reached nothing more is delivered."""
FETCH_SECONDS = 1.0
MAX_LOST_CONNECTIONS = 3


class DatabaseAway(Exception):
    """No connection could be had: nothing was done, and no try is used up."""


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

    @property
    def is_general_replay(self) -> bool:
        headers = self.message.headers or {}
        return HEADER_REPLAYED in headers and HEADER_FOR not in headers


def read(message: Msg, event_class: type[Event]) -> Received:
    try:
        event_id = UUID((message.headers or {}).get(HEADER_ID, ""))
    except ValueError:
        return Received(message, UUID(int=message.metadata.sequence.stream), None, "no CloudEvents id")
    try:
        return Received(message, event_id, event_class.model_validate_json(message.data), None)
    except ValidationError as error:
        return Received(message, event_id, None, describe(error))


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
        ack_wait: float = ACK_WAIT,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self.durable = subscription.durable(service)
        self._subscription = subscription
        self._db, self._clock, self._resources = db, clock, resources
        self._stream, self._retry_delays, self._ack_wait = stream, retry_delays, ack_wait
        self._checkpoint = checkpoint

    async def run(self, js: JetStreamContext, stopping: asyncio.Event) -> None:
        """Fetch, handle, ack; bind anew whenever the stream, the server or the consumer was away."""
        said = ""
        while not stopping.is_set():
            try:
                await self._bind_and_consume(js, stopping)
            except Exception as error:
                if said != (said := describe(error)):  # an outage is said once, not every second
                    log.warning("%s: %s; binding again until it works", self.durable, said)
                await pause(1.0, stopping)

    def config(self) -> ConsumerConfig:
        subject = self._subscription.event.subject
        return ConsumerConfig(
            name=self.durable,
            durable_name=self.durable,
            filter_subjects=[subject, replay_subject(subject)],
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait,
            max_ack_pending=MAX_ACK_PENDING,
        )

    async def _bind_and_consume(self, js: JetStreamContext, stopping: asyncio.Event) -> None:
        await js.add_consumer(self._stream, self.config())
        pull = await js.pull_subscribe_bind(consumer=self.durable, stream=self._stream)
        log.info("%s: bound", self.durable)
        try:
            quiet = 0
            while not stopping.is_set():
                try:
                    messages = await pull.fetch(self._subscription.batch, timeout=FETCH_SECONDS)
                    quiet = 0
                except TimeoutError:
                    quiet += 1
                    if quiet % 5 == 0:  # raises when the stream or the consumer has been deleted
                        await js.consumer_info(self._stream, self.durable)
                    continue
                await self.handle(messages, stopping)
        finally:
            with suppress(NatsError):
                await pull.unsubscribe()

    async def handle(self, messages: Sequence[Msg], stopping: asyncio.Event | None = None) -> None:
        """All in one transaction; if that fails, one by one."""
        async with self._sign_of_life(messages):
            await self._checkpoint("fetched")
            received = [read(m, self._subscription.event) for m in messages if await self._is_for_us(m)]
            stopping = stopping or asyncio.Event()
            for unreadable in (r for r in received if r.event is None):
                await self._fail(unreadable, Permanent(unreadable.error or "unreadable"), stopping)
            if good := [r for r in received if r.event is not None]:
                await self._settle(good, stopping)

    async def _settle(self, received: Sequence[Received], stopping: asyncio.Event) -> None:
        """Bring these to an end: acked, to be tried later, or dead."""
        try:
            with telemetry.processing(self.durable, [r.message.headers for r in received], received[0].tries):
                await self._when_database_answers(lambda: self._apply(received), stopping)
        except DatabaseAway:  # and we are being stopped: whoever comes next gets them
            for one in received:
                await one.message.nak()
        except Exception as error:
            if len(received) > 1:
                for one in received:
                    await self._settle([one], stopping)
            else:
                await self._fail(received[0], error, stopping)
        else:
            for one in received:
                await one.message.ack()
                await self._checkpoint("acked")
            telemetry.count("lantoa.consumer.events", len(received), consumer=self.durable, outcome="done")

    async def _when_database_answers(self, step: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
        """Do a step; wait while the database is away. A connection lost under way is repeated, a few times."""
        lost, said = 0, False
        while True:
            try:
                return await step()
            except DatabaseAway:
                if not said:
                    log.warning("%s: the database is away; holding what is in hand", self.durable)
                    said = True
                if stopping.is_set():
                    raise
                await pause(0.5, stopping)
            except DBAPIError as error:
                lost += 1
                if not was_disconnected(error) or lost > MAX_LOST_CONNECTIONS:
                    raise

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._db.transaction() as session:
            try:
                _ = await session.connection()
            except (OSError, SQLAlchemyError) as error:
                raise DatabaseAway from error
            yield session

    async def _apply(self, received: Sequence[Received]) -> None:
        now = self._clock.now()
        events = {r.event_id: r for r in received}
        async with self._transaction() as session:
            first = await first_deliveries(session, self.durable, list(events), now)
            await self._checkpoint("recorded")
            context = HandlerContext(session, now, self._resources)
            await self._call([one for event_id, one in events.items() if event_id in first], context)
            await self._checkpoint("applied")
        await self._checkpoint("committed")

    async def _call(self, fresh: Sequence[Received], context: HandlerContext[R]) -> None:
        if fresh and self._subscription.batch > 1:
            await self._subscription.handler([one.event for one in fresh], context)
            return
        for one in fresh:
            about = replace(context, event_id=one.event_id, is_general_replay=one.is_general_replay)
            await self._subscription.handler(one.event, about)

    async def _is_for_us(self, message: Msg) -> bool:
        """A replay or retry that names others is not for us: done with."""
        meant_for = (message.headers or {}).get(HEADER_FOR)
        if meant_for is None or self.durable in meant_for.split(","):
            return True
        await message.ack()
        return False

    async def _fail(self, one: Received, error: Exception, stopping: asyncio.Event) -> None:
        log.warning("%s: event %s, try %d: %s", self.durable, one.event_id, one.tries, describe(error))
        if isinstance(error, Permanent) or one.tries > len(self._retry_delays):
            try:
                await self._when_database_answers(lambda: self._bury(one, describe(error)), stopping)
            except DatabaseAway:
                return
            await self._checkpoint("buried")
            log.error("%s: event %s is dead", self.durable, one.event_id)
            telemetry.count("lantoa.dead_letters", consumer=self.durable)
            telemetry.count("lantoa.consumer.events", consumer=self.durable, outcome="dead")
            await one.message.term()
        else:
            telemetry.count("lantoa.consumer.events", consumer=self.durable, outcome="again")
            await one.message.nak(delay=self._retry_delays[one.tries - 1])

    async def _bury(self, one: Received, error: str) -> None:
        row = _letter(one, self.durable, error, self._clock.now())
        changed = {name: row[name] for name in ("error", "tries", "dead_at", "retried_at")}
        query = insert(DeadLetter).values(row)
        async with self._transaction() as session:
            await session.execute(query.on_conflict_do_update(index_elements=["event_id", "consumer"], set_=changed))

    @asynccontextmanager
    async def _sign_of_life(self, messages: Sequence[Msg]) -> AsyncIterator[None]:
        """Tell the server that these are being worked on, so that slow work is not given to somebody else as well."""

        async def tell() -> None:
            while True:
                await asyncio.sleep(self._ack_wait / 3)
                for message in messages:
                    if not message.is_acked:
                        await message.in_progress()

        telling = asyncio.create_task(tell())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


def _letter(one: Received, durable: str, error: str, now: datetime) -> dict[str, Any]:
    subject = one.message.subject
    if subject.startswith(REPLAYED):
        subject = "lantoa." + subject.removeprefix(REPLAYED)
    return {
        "id": new_id(now),
        "event_id": one.event_id,
        "consumer": durable,
        "subject": subject,
        "payload": one.message.data.decode("utf-8", "replace").replace("\x00", "\ufffd"),  # Postgres keeps no NUL
        "error": error,
        "tries": one.tries,
        "dead_at": now,
        "retried_at": None,
    }


def was_disconnected(error: DBAPIError) -> bool:
    """Whether the connection broke under the statement, rather than the statement being wrong."""
    cause = getattr(error.orig, "__cause__", None)
    state = str(getattr(cause, "sqlstate", "") or "")
    return error.connection_invalidated or state[:2] == "08" or state[:3] == "57P" or state == "53300"
