"""The bus: one JetStream stream, its connection, its message headers, and publishing in batches.

JetStream is transport and Postgres the truth: losing the stream loses nothing, because the outbox refills it and the
inbox recognises what was done. Replays and retries travel on subjects of their own, which no outside subscriber is
ever granted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PubAck, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.base import Event
from libs.common.faults import Permanent
from libs.common.settings import NatsSettings

__all__ = ["HandlerContext", "Permanent", "Subscribers", "Subscription"]

log = logging.getLogger("lantoa.bus")
R = TypeVar("R")

SUBJECTS = "lantoa.>"
REPLAYED = "lantoa.replay."
"""Where replays and retries travel: `lantoa.replay.content.ingested.v1`."""
DUPLICATE_WINDOW = 120.0
MAX_MESSAGE = 1024 * 1024
HEADER_ID, HEADER_TYPE, HEADER_TIME, HEADER_FOR = "ce-id", "ce-type", "ce-time", "Lantoa-Replay-For"
HEADER_REPLAYED = "ce-replayed"


@dataclass(frozen=True)
class HandlerContext(Generic[R]):
    """What a handler may use: the transaction of its effect, the instant, the service's own resources."""

    session: AsyncSession
    now: datetime
    resources: R
    event_id: UUID | None = None
    """Of a handler that takes one event at a time."""
    is_general_replay: bool = False
    """It comes again, and for all of our own consumers: who tells others does not tell them unless named in it."""


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


class BusRefused(RuntimeError):
    """The server is there and does not accept our credentials: waiting would not help."""


def credentials(settings: NatsSettings) -> dict[str, Any]:
    """What the client shows: the user of the address with the token as its password, or the token alone."""
    token = settings.token.get_secret_value() if settings.token else None
    user = urlsplit(settings.url).username
    return {"user": user, "password": token} if user and token else {"token": token}


async def connect(settings: NatsSettings, name: str, *, on_closed: Callable[[], None] = lambda: None) -> Client:
    """A connection that keeps trying for ever, so that an outage is waited out; refused credentials are raised.

    `on_closed` is told when it is over for good: we closed it, or the server refuses us when we come again.
    """
    client, refused = Client(), asyncio.Event()

    async def on_error(error: Exception) -> None:
        log.warning("nats: %s %s", type(error).__name__, error)
        if "authorization violation" in str(error).lower():
            refused.set()
            on_closed()

    async def closed() -> None:
        on_closed()

    connecting = asyncio.create_task(
        client.connect(
            settings.url,
            **credentials(settings),
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=5,
            ping_interval=10,
            error_cb=on_error,
            closed_cb=closed,
        )
    )
    refusal = asyncio.create_task(refused.wait())
    try:
        await asyncio.wait({connecting, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            raise BusRefused("NATS từ chối thông tin đăng nhập / NATS refuses our credentials")
        await connecting
        return client
    except BaseException:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await client.close()
        raise
    finally:
        refusal.cancel()


async def disconnect(client: Client) -> None:
    """Send what is still buffered, the last acks above all, and close."""
    try:
        if client.is_connected:
            await client.flush(timeout=5)
        await client.close()
    except (NatsError, OSError) as error:
        log.warning("nats: %s while closing; unacknowledged messages come again", type(error).__name__)


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
        max_msg_size=MAX_MESSAGE,
    )
    try:
        await js.add_stream(config)
    except BadRequestError:  # it is there with other limits
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


def replay_subject(subject: str) -> str:
    return REPLAYED + subject.removeprefix("lantoa.")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way to the stream."""

    subject: str
    data: bytes
    headers: dict[str, str]


async def publish_batch(
    js: JetStreamContext, messages: Sequence[Outgoing], timeout: float = 5.0
) -> list[PubAck | Exception]:
    """Publish all without waiting in between, then wait for the acks: for each message its ack or why there is none.

    No answer within the timeout is an error too: the message may have arrived, and sending it again is harmless.
    Not the client's publish_async: it drops a refusal (a full stream), and the message would look merely unanswered.
    """
    return await asyncio.gather(*(_publish(js, message, timeout) for message in messages))


async def _publish(js: JetStreamContext, message: Outgoing, timeout: float) -> PubAck | Exception:
    try:
        return await js.publish(message.subject, message.data, timeout=timeout, headers=message.headers)
    except (NatsError, OSError) as error:
        return error


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but no longer than until the stop."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
