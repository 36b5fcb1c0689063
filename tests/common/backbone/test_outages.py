"""NATS away, then Postgres away, under load: nothing is lost, nothing applied twice, and no event dies of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from libs.common.bus import connect, disconnect, ensure_stream
from libs.common.db import Database
from libs.common.local.nats import NatsServer
from libs.common.local.paths import binaries
from libs.common.local.postgres import PostgresServer
from libs.common.migrate import migrate, set_role_passwords
from libs.common.relay import relay_forever
from libs.common.roles import ALL_ROLES
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import OWNER, PASSWORD, DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.fleet import RELAY, STAGED, Emitter, Fleet, Member, environment, outbox_numbers, verify
from tests.common.backbone.stage import CLOCK, Proxy

log = logging.getLogger("lantoa.test")
SHORT, LONG = 1.5, 60.0


@pytest.mark.mission("M39")
async def test_short_outages_are_waited_out(
    postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    await stage.prepare(db_as("owner"))
    to_postgres = Proxy(postgres.server.info.port)
    to_nats = Proxy(int(nats_settings.url.rsplit(":", 1)[1]))
    await to_postgres.open()
    await to_nats.open()
    through = nats_settings.model_copy(update={"url": stage.through(nats_settings.url, to_nats)})

    def door(role: str) -> Database:
        url = postgres.url(database, f"lantoa_{role}")
        return Database(url.replace(f":{postgres.server.info.port}/", f":{to_postgres.own_port}/"), pool_size=3)

    relay, service, ingest = door("relay"), door(stage.SERVICE), door("ingest")
    client = await connect(through, "outages")
    worker = stage.consumer(service, stage.subscription(batch=20), ack_wait=1.0)
    emitter = Emitter(ingest, Random(1))
    stopping = asyncio.Event()
    processes = [
        asyncio.create_task(relay_forever(relay, client, CLOCK, stopping)),
        asyncio.create_task(worker.run(client.jetstream(), stopping)),
    ]
    load = asyncio.create_task(emitter.run())
    for proxy in (to_nats, to_postgres):
        await asyncio.sleep(0.5)
        await proxy.shut()
        await asyncio.sleep(SHORT)
        await proxy.open()
    await asyncio.sleep(0.5)
    await emitter.stop(load)
    await verify(db_as("owner"), emitter, 10)
    assert emitter.refused > 0, "the database was not away"
    assert await stage.scalar(db_as("owner"), "SELECT count(*) FROM dead_letters") == 0
    stopping.set()
    await asyncio.gather(*processes)
    await disconnect(client)
    for db in (relay, service, ingest):
        await db.dispose()
    await to_nats.shut()
    await to_postgres.shut()


@pytest.fixture
async def own_servers(tmp_path: Path, scratch: Path) -> AsyncIterator[tuple[TestServer, NatsServer]]:
    """Durable servers of this test alone: they are killed with SIGKILL in it."""
    server = PostgresServer(scratch / "outage-pg", binaries())
    server.start()
    server.ensure_role(OWNER, PASSWORD, options="CREATEROLE CREATEDB")
    server.ensure_database("outage", owner=OWNER)
    found = TestServer(server)
    await migrate(found.url("outage"))
    await set_role_passwords(found.url("outage"), dict.fromkeys(ALL_ROLES, PASSWORD))
    bus = NatsServer(tmp_path / "nats")
    bus.start()
    yield found, bus
    bus.stop()
    server.stop()


@pytest.mark.slow
@pytest.mark.mission("M39")
@pytest.mark.timeout(420)
async def test_a_minute_without_nats_and_a_minute_without_postgres(
    own_servers: tuple[TestServer, NatsServer], tmp_path: Path
) -> None:
    postgres, bus = own_servers
    settings = NatsSettings(url=bus.info.url, token=SecretStr(bus.info.token), max_bytes=256 * 1024**2)
    async with stage.connected(settings) as client:
        await ensure_stream(client.jetstream(), settings)
    owner = Database(postgres.url("outage"), pool_size=3)
    ingest = Database(postgres.url("outage", "lantoa_ingest"), pool_size=3)
    await stage.prepare(owner)
    relay = environment(postgres, "outage", "relay", settings, tmp_path)
    service = environment(postgres, "outage", stage.SERVICE, settings, tmp_path)
    members = [
        Member("relay", [RELAY], relay, tmp_path / "relay.log"),
        Member("consumer", [STAGED, "consumer"], service, tmp_path / "consumer.log"),
    ]
    emitter = Emitter(ingest, Random(2), longest=4)
    async with Fleet(members) as fleet:
        load = asyncio.create_task(emitter.run())
        await asyncio.sleep(5)
        waiting = []
        for server in (bus, postgres.server):
            server.kill()
            await asyncio.sleep(LONG)
            if server is bus:
                waiting.append(await stage.unpublished(owner))
            server.start()
            await asyncio.sleep(5)
        await emitter.stop(load)
        events = await verify(owner, emitter)
        assert await outbox_numbers(owner) == Counter(dict.fromkeys(await outbox_numbers(owner), 1))
        assert await stage.scalar(owner, "SELECT count(*) FROM dead_letters") == 0
        await fleet.stop()
    log.info("%d events, %d waited for NATS, %d refused by Postgres", events, waiting[0], emitter.refused)
    assert waiting[0] > 100, "there was no load while NATS was away"
    assert emitter.refused > 10, "there was no load while Postgres was away"
    assert all(member.ends == Counter({0: 1}) for member in members), "both processes lived through it"
    await owner.dispose()
    await ingest.dispose()
