"""The bus: names, headers, connection, and the batch that tells each message's fate."""

import asyncio
import re
from uuid import UUID

import pytest
from nats.errors import ConnectionClosedError
from pydantic import SecretStr

from libs.common.bus import (
    BusRefused,
    Outgoing,
    Subscribers,
    connect,
    disconnect,
    ensure_stream,
    headers_of,
    publish_batch,
    replay_subject,
)
from libs.common.clock import FrozenClock
from libs.common.consumer import MAX_ACK_PENDING, RETRY_DELAYS
from libs.common.events import ALL_EVENTS, ContentsClassified
from libs.common.local.process import free_port
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs
from tests.common.backbone import stage
from tests.common.backbone.stage import Happened, Proxy

ID = UUID("01a20e42-8f3c-7000-8e12-c950eb0bfc4b")


def _message(number: int, subject: str = Happened.subject) -> Outgoing:
    return Outgoing(subject, b'{"number": %d}' % number, {"Nats-Msg-Id": str(number)})


def test_durables_are_derived() -> None:
    subscribers = Subscribers()

    @subscribers.on(ContentsClassified, batch=20)
    async def on_contents_classified(events: object, ctx: object) -> None: ...

    (subscription,) = subscribers.all
    assert subscription.durable("ingest") == "ingest-content-classified"
    assert subscription.batch == 20


def test_every_event_has_its_own_subject_of_the_agreed_form() -> None:
    subjects = [event.subject for event in ALL_EVENTS]
    assert len(set(subjects)) == len(subjects)
    for subject in subjects:
        form = re.fullmatch(r"lantoa\.(?P<entity>[a-z]+)\.[a-z]+\.v[0-9]+", subject)
        assert form, subject
        assert form["entity"] != "replay", "taken by replays"
        assert replay_subject(subject) == subject.replace("lantoa.", "lantoa.replay.")


def test_headers_are_a_cloudevent(clock: FrozenClock) -> None:
    assert headers_of(ID, "lantoa.a.b.v1", "ingest", clock.now(), "m") == {
        "Nats-Msg-Id": "m",
        "ce-specversion": "1.0",
        "ce-id": str(ID),
        "ce-source": "/ingest",
        "ce-type": "lantoa.a.b.v1",
        "ce-time": "2026-11-24T05:00:00+00:00",
        "content-type": "application/json",
    }


async def test_a_batch_says_for_each_message_how_it_went(nats_settings: NatsSettings) -> None:
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        outcomes = await publish_batch(js, [_message(1), _message(2, "elsewhere.a"), _message(3), _message(3)])
        assert [type(outcome).__name__ for outcome in outcomes] == [
            "PubAck",
            "NoStreamResponseError",
            "PubAck",
            "PubAck",
        ]
        assert getattr(outcomes[3], "duplicate", None) is True
        assert await stage.stream_numbers(js) == [1, 3]
        assert await publish_batch(js, []) == []
    (closed,) = await publish_batch(js, [_message(4)])
    assert isinstance(closed, ConnectionClosedError)


async def test_no_answer_is_an_error(nats_settings: NatsSettings) -> None:
    proxy = Proxy(int(nats_settings.url.rsplit(":", 1)[1]))
    await proxy.open()
    client = await connect(nats_settings.model_copy(update={"url": stage.through(nats_settings.url, proxy)}), "t")
    await proxy.shut()
    (outcome,) = await publish_batch(client.jetstream(), [_message(1)], timeout=0.2)
    assert isinstance(outcome, TimeoutError)
    await disconnect(client)


async def test_the_stream_takes_new_limits(nats_settings: NatsSettings) -> None:
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await ensure_stream(js, nats_settings)
        await ensure_stream(js, nats_settings.model_copy(update={"max_bytes": 12345}))
        config = (await js.stream_info("lantoa")).config
        assert (config.max_bytes, config.discard, config.storage) == (12345, "new", "file")
        assert config.duplicate_window == 120
        assert config.max_age == 8 * 24 * 3600


async def test_refused_credentials_are_raised(nats_settings: NatsSettings) -> None:
    for token in (SecretStr("wrong"), None):
        with pytest.raises(BusRefused):
            await asyncio.wait_for(connect(nats_settings.model_copy(update={"token": token}), "t"), 5)


async def test_a_server_that_is_away_is_waited_for(nats_settings: NatsSettings) -> None:
    proxy = Proxy(int(nats_settings.url.rsplit(":", 1)[1]), own_port=free_port())
    away = nats_settings.model_copy(update={"url": stage.through(nats_settings.url, proxy)})
    connecting = asyncio.create_task(connect(away, "t"))
    await asyncio.sleep(0.3)
    assert not connecting.done()
    await proxy.open()
    client = await asyncio.wait_for(connecting, 5)
    assert client.is_connected
    await disconnect(client)
    await proxy.shut()


async def test_the_end_of_a_connection_is_told(nats_settings: NatsSettings) -> None:
    ended = asyncio.Event()
    client = await connect(nats_settings, "t", on_closed=ended.set)
    await client.publish("lantoa.stage.happened.v1", b"{}")
    await disconnect(client)
    assert ended.is_set()
    async with stage.connected(nats_settings) as other:
        assert (await other.jetstream().stream_info("lantoa")).state.messages == 1, "what was buffered has been sent"


async def test_a_durable_takes_its_event_and_its_replays(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    config = stage.consumer(db_as("classify"), stage.subscription(), ack_wait=60).config()
    assert config.filter_subjects == [Happened.subject, "lantoa.replay.stage.happened.v1"]
    assert config.max_deliver is None, "we decide when an event is dead, never the server silently"
    assert config.max_ack_pending == MAX_ACK_PENDING
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)
