"""The stage of the backbone's tests: a numbered event, a table that counts its effects, and ways to die.

`effects` has no unique key on purpose: an event that is applied twice leaves two rows, and the tests see it.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import event as hooks
from sqlalchemy import text

from libs.common.bus import HandlerContext, Permanent, Subscription, connect, credentials, disconnect
from libs.common.clock import SystemClock
from libs.common.consumer import Consumer
from libs.common.db import Database
from libs.common.events.base import Event
from libs.common.outbox import emit_all
from libs.common.relay import relay_forever
from libs.common.settings import NatsSettings

CLOCK = SystemClock()
SERVICE = "classify"
RELAY_POINTS = ("claimed", "published", "marked", "committed")
CONSUMER_POINTS = ("fetched", "recorded", "applied", "committed", "acked")
BURIAL_POINTS = ("fetched", "recorded", "buried")
QUICK = (0.05,) * 4
"""Delays between tries, for tests that do not look at the delays."""


class Happened(Event):
    subject: ClassVar[str] = "lantoa.stage.happened.v1"
    number: int


def happened(name: str) -> type[Happened]:
    """The same event under a subject of its own, for tests that run side by side on one stream."""
    return type("Happened", (Happened,), {"subject": f"lantoa.{name}.happened.v1", "__module__": __name__})


async def prepare(owner: Database) -> None:
    """The table of effects, writable by the service and by nobody else."""
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS effects (number int NOT NULL, at timestamptz NOT NULL)"))
        await session.execute(text(f"GRANT INSERT, SELECT ON effects TO lantoa_{SERVICE}"))


async def apply(events: Iterable[Happened], ctx: HandlerContext[Any]) -> None:
    """The effect: one row for each event, in the transaction of the inbox."""
    for event in events:
        if is_poison(event.number):
            raise Permanent(f"number {event.number} is poison")
    rows = [{"number": event.number, "at": ctx.now} for event in events]
    await ctx.session.execute(text("INSERT INTO effects VALUES (:number, :at)"), rows)


def is_poison(number: int) -> bool:
    return number % 100 == 99


def subscription(batch: int = 1, event: type[Event] = Happened, handler: Any = None) -> Subscription:
    async def one(event: Happened, ctx: HandlerContext[Any]) -> None:
        await apply([event], ctx)

    return Subscription(event, handler or (apply if batch > 1 else one), batch)


def consumer(db: Database, sub: Subscription, **options: Any) -> Consumer[None]:
    return Consumer(SERVICE, sub, db, CLOCK, None, **({"ack_wait": 0.3, "retry_delays": QUICK} | options))


async def emit_numbers(db: Database, numbers: Iterable[int], event: type[Happened] = Happened) -> None:
    async with db.transaction() as session:
        await emit_all(session, [event(number=n) for n in numbers], now=CLOCK.now())


async def applied(db: Database) -> Counter[int]:
    """How often each number took effect."""
    async with db.transaction() as session:
        return Counter(await session.scalars(text("SELECT number FROM effects")))


async def scalar(db: Database, sql: str, **values: Any) -> Any:
    async with db.transaction() as session:
        return await session.scalar(text(sql), values)


async def unpublished(db: Database) -> int:
    return int(await scalar(db, "SELECT count(*) FROM outbox WHERE published_at IS NULL"))


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Every statement sent to the database meanwhile: what a batch costs."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    hooks.listen(db.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        hooks.remove(db.engine.sync_engine, "before_cursor_execute", note)


async def stream_numbers(js: JetStreamContext) -> list[int]:
    """The numbers of all messages now in the stream, in order."""
    state = (await js.stream_info("lantoa")).state
    found = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = await js.get_msg("lantoa", sequence)
        found.append(int(json.loads(message.data or b"{}")["number"]))
    return found


async def is_full(js: JetStreamContext) -> bool:
    """Whether the stream has taken what it can: it grows no more."""
    before = (await js.stream_info("lantoa")).state.messages
    await asyncio.sleep(0.3)
    return before > 0 and (await js.stream_info("lantoa")).state.messages == before


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 10.0, every: float = 0.03) -> None:
    """Wait for something to become true; fail when it does not."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(every)


async def until_applied(db: Database, numbers: Iterable[int], seconds: float = 10.0) -> None:
    """Wait until these have taken effect, then insist: each once, and nothing else."""
    wanted = set(numbers)

    async def all_there() -> bool:
        return wanted <= set(await applied(db))

    await until(all_there, seconds)
    assert await applied(db) == Counter(wanted)


async def until_settled(js: JetStreamContext, durable: str, seconds: float = 10.0) -> None:
    """Wait until the server has given this consumer something and knows that nothing of it is left: all acked or
    terminated. A consumer that has only just bound itself may be told of nothing yet."""

    async def settled() -> bool:
        try:
            info = await js.consumer_info("lantoa", durable)
        except NotFoundError:  # it has not bound itself yet
            return False
        was_given = info.delivered is not None and info.delivered.consumer_seq > 0
        return was_given and info.num_ack_pending == 0 and info.num_pending == 0

    await until(settled, seconds)


@asynccontextmanager
async def connected(settings: NatsSettings) -> AsyncIterator[Client]:
    shown = credentials(settings)
    client = await nats.connect(settings.url, **shown, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these in the background, and end them without ceremony."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        for task in tasks:
            assert not task.done(), task
    finally:
        await ended(tasks)


async def ended(tasks: Sequence["asyncio.Future[Any]"]) -> None:
    """Cancel until they are done: in Python 3.11 wait_for can swallow a cancellation that meets its own time-out."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def relaying(db: Database, settings: NatsSettings, **options: Any) -> AsyncIterator[JetStreamContext]:
    """A relay that runs meanwhile and is stopped properly."""
    client, stopping = await connect(settings, "relay"), asyncio.Event()
    task = asyncio.create_task(relay_forever(db, client, CLOCK, stopping, **options))
    try:
        yield client.jetstream()
    finally:
        stopping.set()
        await asyncio.wait_for(task, 15)
        await disconnect(client)


class Killed(BaseException):
    """What a kill -9 is to the code: nothing catches it, nothing after it runs."""


@dataclass
class KillAt:
    """Dies the first time a point is reached."""

    point: str
    kills: int = 0

    async def __call__(self, point: str) -> None:
        if point == self.point and self.kills == 0:
            self.kills += 1
            raise Killed(point)


@dataclass
class KillSometimes:
    """Dies at any point with some chance, a few times; counts where."""

    random: Random
    chance: float
    most: int = 6
    points: Counter[str] = field(default_factory=Counter)

    async def __call__(self, point: str) -> None:
        if self.points.total() < self.most and self.random.random() < self.chance:
            self.points[point] += 1
            raise Killed(point)


async def restarted(process: Callable[[], Awaitable[Any]]) -> None:
    """Start a process again each time it is killed, for ever."""
    while True:
        try:
            await process()
        except Killed:
            continue


def through(url: str, proxy: "Proxy") -> str:
    """The same server, as the same user, by way of the proxy."""
    return f"{url.rsplit(':', 1)[0]}:{proxy.own_port}"


@dataclass
class Proxy:
    """A door to a server that can be shut: connections are cut, new ones refused."""

    port: int
    host: str = "127.0.0.1"
    own_port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.own_port or None)
        self.own_port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(self.host, self.port)
        self._writers |= {writer, there}
        try:
            await asyncio.gather(_copy(reader, there), _copy(there_reader, writer))
        finally:
            self._writers -= {writer, there}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        writer.close()
