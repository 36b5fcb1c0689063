"""The worker: its consumers and jobs live and end together, and what can't run ends with a reason."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from libs.common.app import Service, Worker, WorkerFailed, create_app, create_worker
from libs.common.bus import BusRefused, HandlerContext, Subscribers
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.jobs import JobContext, Jobs
from libs.common.local.nats import NatsServer
from libs.common.local.paths import checkout
from libs.common.local.process import free_port
from libs.common.relay import relay_once
from libs.common.roles import SERVICES
from libs.common.schema_gate import IncompatibleSchema, wait_until_compatible
from libs.common.settings import CommonSettings, NatsSettings
from libs.common.testing.plugin import DatabaseAs, SettingsFor, TestServer, lifespan_of
from tests.common.backbone import stage
from tests.common.backbone.fleet import environment
from tests.common.backbone.stage import CLOCK, SERVICE, Happened, Proxy

DURABLE = f"{SERVICE}-stage-happened"


class Events:
    """What happened to the resources and jobs of a service."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def service(self) -> Service:
        subscribers, jobs = Subscribers(), Jobs()

        @subscribers.on(Happened)
        async def on_happened(event: Happened, ctx: HandlerContext[Any]) -> None:
            await stage.apply([event], ctx)

        @jobs.every(seconds=0.05)
        async def breaks(ctx: JobContext[Any]) -> int:
            self.seen["breaks"] += 1
            raise RuntimeError

        @asynccontextmanager
        async def resources(settings: Any, db: Database, clock: Clock) -> AsyncIterator[Events]:
            self.seen["opened"] += 1
            try:
                yield self
            finally:
                self.seen["closed"] += 1

        return Service(SERVICE, CommonSettings, subscribers=subscribers, jobs=jobs, resources=resources)


@pytest.mark.mission("M39")
async def test_a_worker_consumes_beside_a_job_that_fails_and_stops_in_order(
    settings_for: SettingsFor, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    await stage.prepare(db_as("owner"))
    events = Events()
    worker = create_worker(events.service(), settings_for(CommonSettings, SERVICE), CLOCK)
    running = asyncio.create_task(worker.run())
    await stage.emit_numbers(db_as("ingest"), range(20))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await relay_once(db_as("relay"), js, CLOCK)
        await stage.until_applied(db_as("owner"), range(20))
        worker.stopping.set()
        await asyncio.wait_for(running, 5)
        info = await js.consumer_info("lantoa", DURABLE)
        assert (info.num_ack_pending, info.num_pending) == (0, 0), "the last acks went out before the end"
    assert events.seen["breaks"] > 1
    assert (events.seen["opened"], events.seen["closed"]) == (1, 1)


async def test_a_worker_that_is_cut_off_for_good_fails(
    settings_for: SettingsFor, tmp_path: Path, nats_settings: NatsSettings
) -> None:
    """As when its token is changed: the server closes the connection and refuses the next."""
    bus = NatsServer(tmp_path / "nats")
    info = bus.start()
    settings = settings_for(CommonSettings, SERVICE).model_copy(
        update={"nats": nats_settings.model_copy(update={"url": info.url, "token": SecretStr(info.token)})}
    )
    events = Events()
    worker = Worker(events.service(), settings, CLOCK)
    running = asyncio.create_task(worker.run())
    await stage.until(lambda: _seen(events, "breaks"))
    bus.stop()
    (tmp_path / "nats" / "token").write_text("another")
    bus.start()
    with pytest.raises(ExceptionGroup) as failed:
        await asyncio.wait_for(running, 20)
    assert failed.group_contains(WorkerFailed, match="closed the connection")
    assert events.seen["closed"] == 1, "its resources are closed all the same"
    bus.stop()


async def _seen(events: Events, what: str) -> bool:
    return events.seen[what] > 0


async def test_refused_credentials_are_raised(settings_for: SettingsFor, nats_settings: NatsSettings) -> None:
    settings = settings_for(CommonSettings, SERVICE)
    wrong = settings.model_copy(update={"nats": nats_settings.model_copy(update={"token": SecretStr("wrong")})})
    with pytest.raises(BusRefused):
        await asyncio.wait_for(Worker(Events().service(), wrong, CLOCK).run(), 10)


async def test_a_stop_while_it_still_waits_for_a_server(settings_for: SettingsFor, nats_settings: NatsSettings) -> None:
    settings = settings_for(CommonSettings, SERVICE)
    away = nats_settings.model_copy(update={"url": f"nats://127.0.0.1:{free_port()}"})
    events = Events()
    worker = Worker(events.service(), settings.model_copy(update={"nats": away}), CLOCK)
    running = asyncio.create_task(worker.run())
    await stage.until(lambda: _seen(events, "opened"))
    worker.stopping.set()
    await asyncio.wait_for(running, 3)
    assert events.seen["closed"] == 1


async def test_a_worker_without_handlers_and_jobs_waits_for_its_stop(
    settings_for: SettingsFor, nats_settings: NatsSettings
) -> None:
    worker = Worker(Service(SERVICE, CommonSettings), settings_for(CommonSettings, SERVICE), CLOCK)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    assert not running.done()
    worker.stopping.set()
    await asyncio.wait_for(running, 3)


async def test_an_api_opens_and_closes_the_same_resources(settings_for: SettingsFor) -> None:
    events = Events()
    app = create_app(events.service(), settings_for(CommonSettings, SERVICE), CLOCK)
    async with lifespan_of(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        assert (await client.get("/health/ready")).json() == {"status": "ready", "service": SERVICE}
        assert app.state.resources is events
    assert (events.seen["opened"], events.seen["closed"]) == (1, 1)


async def test_a_starting_process_waits_for_the_database(postgres: TestServer, database: str) -> None:
    proxy = Proxy(postgres.server.info.port, own_port=free_port())
    url = postgres.url(database, f"lantoa_{SERVICE}")
    db = Database(url.replace(f":{postgres.server.info.port}/", f":{proxy.own_port}/"))
    waiting = asyncio.create_task(wait_until_compatible(db))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await proxy.open()
    await asyncio.wait_for(waiting, 5)
    await db.dispose()
    await proxy.shut()
    with pytest.raises(OSError):
        await wait_until_compatible(db, patience=0.1)
    await db.dispose()


async def test_a_schema_that_does_not_fit_is_refused_at_once(db_as: DatabaseAs) -> None:
    async with db_as("owner").transaction() as session:
        await session.execute(text("UPDATE schema_state SET compatible_from = '9999'"))
    with pytest.raises(IncompatibleSchema, match="9999"):
        await wait_until_compatible(db_as(SERVICE))


# --- as processes -------------------------------------------------------------------------------------------


async def _started(service: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "libs.common.worker",
        f"services.{service}.main",
        env=env | {"HOME": os.environ.get("HOME", "/")},
        cwd=checkout(),
        stderr=asyncio.subprocess.PIPE,
    )


async def _until_running(process: asyncio.subprocess.Process) -> str:
    said = ""
    async with asyncio.timeout(60):
        assert process.stderr is not None
        while line := await process.stderr.readline():
            said += line.decode()
            if "is running" in said:
                return said
    raise AssertionError(said)


@pytest.mark.slow
@pytest.mark.mission("M39")
@pytest.mark.parametrize("service", SERVICES)
async def test_the_worker_of_each_service_runs_and_stops_when_told(
    service: str, postgres: TestServer, database: str, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    env = environment(postgres, database, service, nats_settings, tmp_path)
    (tmp_path / "none").write_text('{"keys": []}')
    env["LANTOA_PUBLISH__CREDENTIALS_KEY"] = "k" * 40
    process = await _started(service, env)
    await _until_running(process)
    await asyncio.sleep(1)
    assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    _, rest = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0, rest.decode()
    assert "Traceback" not in rest.decode()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"LANTOA_NATS__TOKEN": "wrong"}, "NATS refuses our credentials"),
        ({"LANTOA_DB__URL": "nothing://"}, "NoSuchModuleError"),
    ],
)
async def test_a_worker_that_cannot_run_ends_with_a_reason(
    changed: dict[str, str],
    reason: str,
    postgres: TestServer,
    database: str,
    nats_settings: NatsSettings,
    tmp_path: Path,
) -> None:
    env = environment(postgres, database, "ingest", nats_settings, tmp_path) | changed
    (tmp_path / "none").write_text('{"keys": []}')
    process = await _started("ingest", env)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1, said.decode()
    assert reason in said.decode()
    assert "Traceback" not in said.decode()
