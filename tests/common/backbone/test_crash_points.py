"""Killed between any two steps: nothing is lost, nothing is applied twice.

LANTOA_CAMPAIGN_SEEDS=5000 makes it a campaign, LANTOA_CAMPAIGN_FIRST=123 starts elsewhere. Each seed is a schedule:
sizes, batches, limits, transactions that roll back, poison, failures that pass, and where relay and consumer die.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common.bus import HandlerContext
from libs.common.consumer import Consumer, Received
from libs.common.db import Database
from libs.common.outbox import emit_all
from libs.common.relay import relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import OWNER, PASSWORD, TEMPLATE, DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.stage import CLOCK, Happened, KillAt, Killed, KillSometimes

log = logging.getLogger("lantoa.test")
SEEDS = int(os.environ.get("LANTOA_CAMPAIGN_SEEDS", "200"))
FIRST = int(os.environ.get("LANTOA_CAMPAIGN_FIRST", "0"))
LANES = 12
"""Schedules that run side by side, each on its own database and subject."""


@pytest.mark.mission("M39")
@pytest.mark.parametrize("point", stage.RELAY_POINTS)
async def test_a_relay_killed_at_a_point(point: str, db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), range(10))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        with pytest.raises(Killed):
            await relay_once(db_as("relay"), js, CLOCK, checkpoint=KillAt(point))
        assert await stage.unpublished(db_as("owner")) == (0 if point == "committed" else 10)
        await relay_once(db_as("relay"), js, CLOCK)
        worker = stage.consumer(db_as(stage.SERVICE), stage.subscription(batch=4))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), range(10))


@pytest.mark.mission("M39")
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("point", stage.CONSUMER_POINTS)
async def test_a_consumer_killed_at_a_point(
    point: str, batch: int, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), range(8))
    async with stage.connected(nats_settings) as client:
        js, sub = client.jetstream(), stage.subscription(batch)
        await relay_once(db_as("relay"), js, CLOCK)
        dying = stage.consumer(db_as(stage.SERVICE), sub, checkpoint=KillAt(point))
        with pytest.raises(Killed):
            await dying.run(js, asyncio.Event())
        next_one = stage.consumer(db_as(stage.SERVICE), sub)
        async with stage.running(next_one.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), range(8))
            await stage.until_settled(js, next_one.durable)
        assert await stage.applied(db_as("owner")) == Counter(range(8))


@pytest.mark.mission("M39")
@pytest.mark.parametrize("point", stage.BURIAL_POINTS)
async def test_a_consumer_killed_while_it_buries(point: str, db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), [99])
    async with stage.connected(nats_settings) as client:
        js, sub = client.jetstream(), stage.subscription()
        await relay_once(db_as("relay"), js, CLOCK)
        with pytest.raises(Killed):
            await stage.consumer(db_as(stage.SERVICE), sub, checkpoint=KillAt(point)).run(js, asyncio.Event())
        next_one = stage.consumer(db_as(stage.SERVICE), sub)
        async with stage.running(next_one.run(js, asyncio.Event())):
            await stage.until(lambda: _has_one_letter(db_as("owner")))
            await stage.until_settled(js, next_one.durable)
        assert await _has_one_letter(db_as("owner"))
        assert not await stage.applied(db_as("owner"))


async def _has_one_letter(db: Database) -> bool:
    return bool(await stage.scalar(db, "SELECT count(*) FROM dead_letters") == 1)


# --- the campaign -------------------------------------------------------------------------------------------


@dataclass
class Lane:
    """A database and a subject for one schedule at a time."""

    name: str
    owner: Database
    ingest: Database
    relay: Database
    service: Database
    js: JetStreamContext
    event: type[Happened]

    async def dispose(self) -> None:
        for db in (self.owner, self.ingest, self.relay, self.service):
            await db.dispose()


class Flaky:
    """The effect, with failures that pass: they must roll back the inbox rows as well."""

    def __init__(self, random: Random, chance: float) -> None:
        self._random, self._chance = random, chance

    async def many(self, events: Sequence[Happened], ctx: HandlerContext[Any]) -> None:
        await stage.apply(events, ctx)
        if self._random.random() < self._chance:
            raise RuntimeError("passes")

    async def one(self, event: Happened, ctx: HandlerContext[Any]) -> None:
        await self.many([event], ctx)


@dataclass
class Schedule:
    """What one seed decides."""

    seed: int

    def __post_init__(self) -> None:
        random = self.random = Random(self.seed)
        self.numbers = [self.seed * 100 + n for n in range(random.randint(1, 14))]
        if random.random() < 0.3:
            self.numbers.append(self.seed * 100 + 99)  # poison
        random.shuffle(self.numbers)
        self.batch = random.choice((1, 2, 5, 50))
        self.limit = random.choice((1, 3, 500))
        self.relays, self.consumers = random.choice((1, 1, 2)), random.choice((1, 1, 2))
        self.relay_killer = KillSometimes(random, random.choice((0.0, 0.2, 0.5)))
        self.consumer_killer = KillSometimes(random, random.choice((0.05, 0.15, 0.3)))
        self.flaky = Flaky(random, random.choice((0.0, 0.0, 0.1)))

    @property
    def good(self) -> set[int]:
        return {n for n in self.numbers if not stage.is_poison(n)}

    def transactions(self) -> Iterator[tuple[list[int], bool]]:
        """The numbers in transactions of any size; some are first tried in one that rolls back."""
        left = list(self.numbers)
        while left:
            size = self.random.randint(1, 5)
            part, left = left[:size], left[size:]
            if self.random.random() < 0.2:
                yield part, False
            yield part, True


class RolledBack(Exception):
    pass


async def _emit(lane: Lane, schedule: Schedule) -> None:
    for numbers, commits in schedule.transactions():
        try:
            async with lane.ingest.transaction() as session:
                await emit_all(session, [lane.event(number=n) for n in numbers], now=CLOCK.now())
                if not commits:
                    raise RolledBack
        except RolledBack:
            continue


async def _relay(lane: Lane, schedule: Schedule) -> None:
    while True:
        if not await relay_once(lane.relay, lane.js, CLOCK, schedule.limit, checkpoint=schedule.relay_killer):
            await asyncio.sleep(0.02)


async def _consume(lane: Lane, schedule: Schedule) -> None:
    handler = schedule.flaky.many if schedule.batch > 1 else schedule.flaky.one
    sub = stage.subscription(schedule.batch, lane.event, handler)
    worker = stage.consumer(lane.service, sub, retry_delays=(0.02,) * 30, checkpoint=schedule.consumer_killer)
    await worker.run(lane.js, asyncio.Event())


async def play(lane: Lane, schedule: Schedule) -> None:
    """Emit while relays and consumers live and die, until everything has been applied or buried."""
    processes = [asyncio.ensure_future(stage.restarted(lambda: _relay(lane, schedule))) for _ in range(schedule.relays)]
    processes += [
        asyncio.ensure_future(stage.restarted(lambda: _consume(lane, schedule))) for _ in range(schedule.consumers)
    ]
    try:
        await _emit(lane, schedule)
        await stage.until(lambda: _is_over(lane, schedule), 30, every=0.05)
        await stage.until_settled(lane.js, f"{stage.SERVICE}-{lane.name}-happened", 30)
    finally:
        await stage.ended(processes)


async def _is_over(lane: Lane, schedule: Schedule) -> bool:
    poison = len(schedule.numbers) - len(schedule.good)
    low, high = schedule.seed * 100, schedule.seed * 100 + 99
    between = {"low": low, "high": high}
    seen = await stage.scalar(
        lane.owner, "SELECT count(DISTINCT number) FROM effects WHERE number BETWEEN :low AND :high", **between
    )
    dead = await stage.scalar(
        lane.owner,
        "SELECT count(*) FROM dead_letters WHERE (payload::jsonb ->> 'number')::int BETWEEN :low AND :high",
        **between,
    )
    return bool(seen == len(schedule.good) and dead == poison)


async def verify(lane: Lane, schedules: Sequence[Schedule]) -> None:
    """Each event exactly once, over all that ran in this lane; poison in dead letters and nowhere else."""
    wanted = Counter(n for schedule in schedules for n in schedule.good)
    found = await stage.applied(lane.owner)
    wrong = {n // 100 for n in (wanted - found) + (found - wanted)}
    assert found == wanted, f"seeds {sorted(wrong)}: lost {wanted - found}, twice {found - wanted}"
    async with lane.owner.transaction() as session:
        letters = await session.scalars(text("SELECT (payload::jsonb ->> 'number')::int FROM dead_letters"))
        assert Counter(letters) == Counter(n for s in schedules for n in s.numbers if stage.is_poison(n))
    assert await stage.unpublished(lane.owner) == 0


@pytest.fixture
async def lanes(postgres: TestServer, nats_settings: NatsSettings) -> Any:
    databases = [f"lane_{n}" for n in range(min(LANES, SEEDS))]
    for name in databases:
        postgres.server.query(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}")

    def database(name: str, role: str) -> Database:
        return Database(postgres.server.info.url(name, role, PASSWORD), pool_size=2)

    async with stage.connected(nats_settings) as client:
        lanes = [
            Lane(
                name.replace("_", ""),
                database(name, OWNER),
                database(name, "lantoa_ingest"),
                database(name, "lantoa_relay"),
                database(name, f"lantoa_{stage.SERVICE}"),
                client.jetstream(),
                stage.happened(name.replace("_", "")),
            )
            for name in databases
        ]
        yield lanes
        for lane in lanes:
            await lane.dispose()
    for name in databases:
        postgres.server.query(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.mission("M39")
@pytest.mark.timeout(0)
async def test_killed_anywhere_nothing_is_lost_and_nothing_applied_twice(lanes: list[Lane]) -> None:
    seeds = iter(range(FIRST, FIRST + SEEDS))
    done: dict[str, list[Schedule]] = {lane.name: [] for lane in lanes}

    async def run(lane: Lane) -> None:
        await stage.prepare(lane.owner)
        for seed in seeds:
            schedule = Schedule(seed)
            done[lane.name].append(schedule)
            try:
                await play(lane, schedule)
            except TimeoutError as error:
                raise AssertionError(
                    f"seed {seed} did not come to an end: {await stage.applied(lane.owner)}"
                ) from error
        await verify(lane, done[lane.name])

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(run(lane))
    played = [schedule for schedules in done.values() for schedule in schedules]
    kills: Counter[str] = sum(
        (Counter({f"relay {p}": n for p, n in s.relay_killer.points.items()}) for s in played), Counter()
    )
    for schedule in played:
        kills.update({f"consumer {p}": n for p, n in schedule.consumer_killer.points.items()})
    events = sum(len(s.numbers) for s in played)
    log.info("%d seeds, %d events, %d kills: %s", len(played), events, kills.total(), dict(kills))
    assert len(played) == SEEDS
    if SEEDS >= 200:
        every = {f"relay {p}" for p in stage.RELAY_POINTS} | {f"consumer {p}" for p in stage.CONSUMER_POINTS}
        assert every <= set(kills), "a point where nothing died proves nothing"


# --- the checks can fail ------------------------------------------------------------------------------------


async def test_an_effect_outside_the_transaction_is_seen_twice(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    """The control: a handler that breaks the rule is caught by the very checks above."""
    await stage.prepare(db_as("owner"))
    service = db_as(stage.SERVICE)

    async def elsewhere(event: Happened, ctx: HandlerContext[Any]) -> None:
        async with service.transaction() as session:
            await stage.apply([event], HandlerContext(session, ctx.now, None))

    await stage.emit_numbers(db_as("ingest"), [1])
    async with stage.connected(nats_settings) as client:
        js, sub = client.jetstream(), stage.subscription(handler=elsewhere)
        await relay_once(db_as("relay"), js, CLOCK)
        with pytest.raises(Killed):
            await stage.consumer(service, sub, checkpoint=KillAt("applied")).run(js, asyncio.Event())
        worker = stage.consumer(service, sub)
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_settled(js, worker.durable)
    assert await stage.applied(db_as("owner")) == Counter({1: 2})


class AcksFirst(Consumer[None]):
    """What must never be: the ack before the commit."""

    async def _apply(self, received: Sequence[Received]) -> None:
        for one in received:
            await one.message._client.publish(one.message.reply, b"+ACK")
            await one.message._client.flush()
        await super()._apply(received)


async def test_an_ack_before_the_commit_is_seen_as_a_loss(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), [1])
    async with stage.connected(nats_settings) as client:
        js, sub = client.jetstream(), stage.subscription()
        await relay_once(db_as("relay"), js, CLOCK)
        dying = AcksFirst(
            stage.SERVICE, sub, db_as(stage.SERVICE), CLOCK, None, ack_wait=30, checkpoint=KillAt("applied")
        )
        with pytest.raises(Killed):
            await dying.run(js, asyncio.Event())
        worker = stage.consumer(db_as(stage.SERVICE), sub, ack_wait=30)
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_settled(js, worker.durable)
    assert not await stage.applied(db_as("owner"))
