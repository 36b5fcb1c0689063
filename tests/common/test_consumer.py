"""The consumer: three ways out of a failure, and what is never held up by it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common.bus import HEADER_FOR, HandlerContext, Permanent, ensure_stream, replay_subject
from libs.common.consumer import RETRY_DELAYS
from libs.common.db import Database
from libs.common.relay import relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs
from tests.common.backbone import stage
from tests.common.backbone.stage import CLOCK, SERVICE, Happened

DURABLE = f"{SERVICE}-stage-happened"
Context = HandlerContext[Any]


class Told(Exception):
    """A failure whose message quotes what somebody wrote."""


class Handler:
    """The effect, except for numbers that fail: always, or a few times."""

    def __init__(self, failing: dict[int, int], error: Exception | None = None) -> None:
        self.failing, self.error = dict(failing), error or Told("Nguyễn Văn A viết: 0912345678")
        self.calls: list[list[int]] = []

    async def many(self, events: Sequence[Happened], ctx: Context) -> None:
        self.calls.append([event.number for event in events])
        await stage.apply(events, ctx)
        for event in events:
            if self.failing.get(event.number, 0) > 0:
                if len(events) == 1:
                    self.failing[event.number] -= 1
                raise self.error

    async def one(self, event: Happened, ctx: Context) -> None:
        await self.many([event], ctx)


async def _sent(db_as: DatabaseAs, js: JetStreamContext, numbers: Sequence[int]) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), numbers)
    await relay_once(db_as("relay"), js, CLOCK)


async def _letters(db: Database) -> list[tuple[Any, ...]]:
    async with db.transaction() as session:
        rows = await session.execute(text("SELECT payload, error, tries, subject, consumer FROM dead_letters"))
        return [tuple(row) for row in rows]


async def _dead(db: Database, count: int) -> bool:
    return len(await _letters(db)) == count


async def test_a_batch_is_one_transaction_and_one_inbox_statement(
    db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    handler, service = Handler({}), db_as(SERVICE)
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, range(40))
        worker = stage.consumer(service, stage.subscription(50, handler=handler.many))
        with stage.statements(service) as seen:
            async with stage.running(worker.run(js, asyncio.Event())):
                await stage.until_applied(db_as("owner"), range(40))
                await stage.until_settled(js, DURABLE)
    assert handler.calls == [list(range(40))]
    assert len(seen) == 2, "the inbox and the effect"


@pytest.mark.mission("M39")
async def test_one_poison_in_a_batch_holds_nobody_up(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    handler = Handler({5: 1}, Permanent("event 5 names a content that never was"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, range(10))
        worker = stage.consumer(db_as(SERVICE), stage.subscription(20, handler=handler.many))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), set(range(10)) - {5})
            await stage.until(lambda: _dead(db_as("owner"), 1))
            await stage.until_settled(js, DURABLE)
    assert handler.calls == [list(range(10)), *([n] for n in range(10))], "once together, then one by one"
    ((payload, error, tries, subject, consumer),) = await _letters(db_as("owner"))
    assert (payload, tries, subject, consumer) == ('{"number": 5}', 1, Happened.subject, DURABLE)
    assert error.startswith("Permanent: event 5 names a content that never was")
    inbox = await stage.scalar(db_as("owner"), "SELECT count(*) FROM inbox")
    assert inbox == 9, "what failed has left no trace in the inbox, or it could never be retried"


@pytest.mark.mission("M39")
async def test_a_failure_that_passes_is_tried_again(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    handler = Handler({3: 2})
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, range(6))
        worker = stage.consumer(db_as(SERVICE), stage.subscription(20, handler=handler.many))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), range(6))
            await stage.until_settled(js, DURABLE)
    assert handler.calls.count([3]) == 3
    assert not await _letters(db_as("owner"))


@pytest.mark.mission("M37")
async def test_tries_used_up_end_in_a_letter_without_a_word_of_the_data(
    db_as: DatabaseAs, nats_settings: NatsSettings, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler({3: 1000})
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, range(6))
        worker = stage.consumer(db_as(SERVICE), stage.subscription(20, handler=handler.many))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 1))
            await stage.until_applied(db_as("owner"), set(range(6)) - {3})
            await stage.until_settled(js, DURABLE)
    ((payload, error, tries, *_),) = await _letters(db_as("owner"))
    assert payload == '{"number": 3}'
    assert tries == len(RETRY_DELAYS) + 1
    assert error.startswith("Told (tests/common/test_consumer.py:"), "the class and the place, not the message"
    for words in (error, caplog.text):
        assert "Nguyễn" not in words
        assert "0912345678" not in words


async def test_a_database_error_is_named_without_its_values(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    async def handler(event: Happened, ctx: Context) -> None:
        await ctx.session.execute(text("INSERT INTO effects VALUES (:n, NULL)"), {"n": 987654321})

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, [1])
        worker = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler), retry_delays=())
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 1))
    ((_, error, *_),) = await _letters(db_as("owner"))
    assert "23502 effects at" in error
    assert "987654321" not in error


@pytest.mark.mission("M39")
@pytest.mark.parametrize("data", [b'{"number": "ba', b"\xff\xfe\x00", b'{"other": 1}', b""])
async def test_an_unreadable_payload_dies_and_the_rest_flow_on(
    data: bytes, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        headers = {"ce-id": "01a20e42-8f3c-7000-8e12-c950eb0bfc4b"}
        await js.publish(Happened.subject, data, headers=headers)
        await js.publish(Happened.subject, b'{"number": 1}')  # no id: nothing could recognise it
        await _sent(db_as, js, [2, 3])
        worker = stage.consumer(db_as(SERVICE), stage.subscription(10))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 2))
            await stage.until_applied(db_as("owner"), [2, 3])
            await stage.until_settled(js, DURABLE)
    errors = {error.split(" ")[1] for _, error, *_ in await _letters(db_as("owner"))}
    assert "no" in errors  # "no CloudEvents id"
    assert all(tries == 1 for _, _, tries, *_ in await _letters(db_as("owner")))


async def test_delays_between_tries_follow_the_table(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    times: list[float] = []

    async def handler(event: Happened, ctx: Context) -> None:
        times.append(asyncio.get_running_loop().time())
        raise Told

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, [1])
        worker = stage.consumer(
            db_as(SERVICE), stage.subscription(handler=handler), retry_delays=(0.1, 0.6), ack_wait=9
        )
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 1))
    first, second, third = times
    assert 0.1 <= second - first < 0.6 <= third - second < 2


@pytest.mark.mission("M39")
async def test_the_ack_comes_after_the_commit(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    """At each step, what the server knows to be acked is never more than what the database has."""
    seen: list[tuple[str, int, int]] = []
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()

        async def look(point: str) -> None:
            await client.flush()
            acked = (await js.consumer_info("lantoa", DURABLE)).ack_floor.stream_seq or 0
            seen.append((point, len(await stage.applied(db_as("owner"))), acked))

        async def all_looked_at() -> bool:
            """The last look is still under way when the server knows everything to be acked."""
            return len(seen) >= 7

        await _sent(db_as, js, range(3))
        worker = stage.consumer(db_as(SERVICE), stage.subscription(5), checkpoint=look, ack_wait=30)
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_settled(js, DURABLE)
            await stage.until_applied(db_as("owner"), range(3))
            await stage.until(all_looked_at)
    assert [s for s in seen if s[0] != "acked"] == [
        ("fetched", 0, 0),
        ("recorded", 0, 0),
        ("applied", 0, 0),
        ("committed", 3, 0),
    ]
    assert [s[0] for s in seen[4:]] == ["acked"] * 3


@pytest.mark.mission("M39")
async def test_a_stop_finishes_and_acks_what_is_in_hand(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    stopping, begun = asyncio.Event(), asyncio.Event()

    async def slow(events: Sequence[Happened], ctx: Context) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        await stage.apply(events, ctx)

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, range(30))
        worker = stage.consumer(db_as(SERVICE), stage.subscription(10, handler=slow), ack_wait=30)
        task = asyncio.create_task(worker.run(js, stopping))
        await begun.wait()
        stopping.set()
        await asyncio.wait_for(task, 5)
        await client.flush()
        info = await js.consumer_info("lantoa", DURABLE)
        assert await stage.applied(db_as("owner")) == Counter(range(10))
        assert (info.num_ack_pending, info.num_pending) == (0, 20), "nothing left in hand, nothing more taken"


async def test_slow_work_is_not_given_to_somebody_else(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    calls = 0

    async def slow(event: Happened, ctx: Context) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1.2)
        await stage.apply([event], ctx)

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, [1])
        workers = [stage.consumer(db_as(SERVICE), stage.subscription(handler=slow), ack_wait=0.3) for _ in range(2)]
        async with stage.running(*(w.run(js, asyncio.Event()) for w in workers)):
            await stage.until_applied(db_as("owner"), [1])
            await stage.until_settled(js, DURABLE)
    assert calls == 1


async def test_it_waits_for_a_stream_that_does_not_exist_yet(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await js.delete_stream("lantoa")
        worker = stage.consumer(db_as(SERVICE), stage.subscription())
        async with stage.running(worker.run(js, asyncio.Event())):
            await asyncio.sleep(0.5)
            await ensure_stream(js, nats_settings)
            await _sent(db_as, js, [1, 2])
            await stage.until_applied(db_as("owner"), [1, 2])


async def test_a_replay_for_others_is_not_for_us(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        for n, names in enumerate(("reports-x", f"reports-x,{DURABLE}", f"{DURABLE}s", None)):
            headers = {"ce-id": f"01a20e42-8f3c-7000-8e12-c950eb0bfc4{n}"} | ({HEADER_FOR: names} if names else {})
            await js.publish(replay_subject(Happened.subject), b'{"number": %d}' % n, headers=headers)
        worker = stage.consumer(db_as(SERVICE), stage.subscription())
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), [1, 3])
            await stage.until_settled(js, DURABLE)


async def test_an_error_of_the_operating_system_in_a_handler_is_no_outage(
    db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    """Else a missing file would be tried for ever."""
    handler = Handler({1: 1000}, FileNotFoundError("nowhere"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, [1, 2])
        worker = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler.one))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 1))
            await stage.until_applied(db_as("owner"), [2])


async def test_a_query_that_ends_its_own_connection_dies_after_its_tries(
    db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    """It looks like an outage each time; it must not hold the others for ever."""

    async def handler(event: Happened, ctx: Context) -> None:
        await stage.apply([event], ctx)
        if event.number == 1:
            await ctx.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await _sent(db_as, js, [1, 2])
        worker = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until(lambda: _dead(db_as("owner"), 1), 20)
            await stage.until_applied(db_as("owner"), [2])
