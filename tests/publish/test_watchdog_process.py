"""The watchdog as its process: workers dead, NATS away, Postgres stopped; letters and webhooks arrive all the same."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.common.auth.dev import DEV_ISSUER, ensure_keys
from libs.common.clock import FrozenClock, SystemClock
from libs.common.local.paths import binaries
from libs.common.local.postgres import PostgresServer
from libs.common.migrate import migrate, set_role_passwords
from libs.common.roles import ALL_ROLES
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import OWNER, PASSWORD
from tests.common.hook import Hook, running_hook
from tests.common.letterbox import SENDER, Letterbox, running_letterbox
from tests.publish.newsroom import KEY, Newsroom

pytestmark = pytest.mark.slow
SECRET = "khoa-bi-mat-cua-chuong-bao-dong!"
TO = "truc-ban@so-tttt.example"
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def clock() -> FrozenClock:
    """The process reads the machine's clock."""
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
def start(issuer: Path, tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def run(*words: str, **told: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "LANTOA_NATS__URL": "nats://127.0.0.1:9",
            "LANTOA_AUTH__ISSUER": DEV_ISSUER,
            "LANTOA_AUTH__JWKS_FILE": str(ensure_keys(issuer)),
            "LANTOA_FILES__ROOT": str(tmp_path / "files"),
            "LANTOA_PUBLISH__CREDENTIALS_KEY": KEY,
            **told,
        }
        log = (tmp_path / f"{len(running)}.log").open("wb")
        with log:
            running.append(subprocess.Popen([sys.executable, "-m", *words], env=environment, stdout=log, stderr=log))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def told(url: str, box: Letterbox, hook: Hook, **more: str) -> dict[str, str]:
    mail = {"HOST": "127.0.0.1", "PORT": str(box.port), "SECURITY": "none", "SENDER": SENDER}
    watchdog = {
        "MAIL_TO": json.dumps([TO]),
        "WEBHOOK_URL": hook.url(),
        "WEBHOOK_SECRET": SECRET,
        "WINDOW_SECONDS": "1",
        "INTERVAL_SECONDS": "0.2",
        "DATABASE_SECONDS": "3",
        **more,
    }
    return {
        "LANTOA_DB__URL": url,
        **{f"LANTOA_MAIL__{name}": value for name, value in mail.items()},
        **{f"LANTOA_PUBLISH__WATCHDOG__{name}": value for name, value in watchdog.items()},
    }


async def until(wanted: Callable[[], Any], process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """The limit is for a process that does nothing; it measures none."""
    end = time.monotonic() + 60
    while not wanted():
        logs = [file.read_text() for file in sorted(tmp_path.glob("*.log"))]
        assert process.poll() is None, logs
        assert time.monotonic() < end, logs
        await asyncio.sleep(0.05)


@pytest.mark.mission("M39", "M30")
async def test_with_every_worker_dead_and_nats_away_people_are_told(
    newsroom: Newsroom, postgres: Any, database: str, nats_settings: NatsSettings, start: Start, tmp_path: Path
) -> None:
    url = postgres.url(database, "lantoa_publish")
    assert nats_settings.token is not None
    bus = {"LANTOA_NATS__URL": nats_settings.url, "LANTOA_NATS__TOKEN": nats_settings.token.get_secret_value()}
    worker = start("libs.common.worker", "services.publish.main", LANTOA_DB__URL=url, **bus)
    first = await newsroom.approved(newsroom.bulletin, title="Tin thứ nhất")
    while (await newsroom.read(first))["state"] != "published":
        assert worker.poll() is None
        await asyncio.sleep(0.1)
    worker.kill()
    worker.wait()
    newsroom.clock.advance(SystemClock().now() - newsroom.clock.now())
    made = await newsroom.approved(newsroom.bulletin, title="Tin thứ hai")
    async with running_letterbox() as box, running_hook() as hook:
        watchdog = start("services.publish.watchdog", "--port", "0", **told(url, box, hook))
        await until(lambda: box.letters and hook.calls, watchdog, tmp_path)
        assert box.to == [TO]
        assert "“Tin thứ hai”" in box.text()
        assert "Tin thứ nhất" not in box.text()
        assert hook.calls[0].document["alerts"][0]["publication_id"] == made["id"]
        assert hook.calls[0].is_signed_by(SECRET.encode())
        await newsroom.deliver()
        await until(lambda: len(box.letters) > 1 and len(hook.calls) > 1, watchdog, tmp_path)
        assert "đã thấy trên kênh" in box.text()
        await asyncio.sleep(1)
        assert (len(box.letters), len(hook.calls)) == (2, 2), "each thing is told once"
        began = time.monotonic()
        watchdog.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(watchdog.wait, 10) == 0
        assert time.monotonic() - began < 7
    log = (tmp_path / "1.log").read_text()
    assert TO not in log
    assert SECRET not in log


async def test_an_operator_tries_it_out(start: Start, tmp_path: Path) -> None:
    """Without any database: the ways alone are tried."""
    nowhere = "postgresql+asyncpg://lantoa_publish:x@127.0.0.1:9/lantoa"
    async with running_letterbox() as box, running_hook() as hook:
        good = start("services.publish.watchdog", "--try", **told(nowhere, box, hook))
        assert await asyncio.to_thread(good.wait, 30) == 0
        assert box.subjects == ["Lan Tỏa: thử chuông báo động"]
        assert hook.calls[0].document["type"] == "watchdog.test"
        hook.status = 403
        bad = start("services.publish.watchdog", "--try", **told(nowhere, box, hook))
        assert await asyncio.to_thread(bad.wait, 30) == 1
    assert "told: mail" in (tmp_path / "0.log").read_text()
    assert "not told: webhook: 127.0.0.1 answered 403" in (tmp_path / "1.log").read_text()


@pytest.mark.mission("M39")
async def test_when_postgres_is_stopped_people_are_told_and_when_it_is_back(
    scratch: Path, start: Start, tmp_path: Path, clock: FrozenClock
) -> None:
    server = PostgresServer(scratch / "watchdog", binaries(), durable=False)
    server.start()
    try:
        server.ensure_role(OWNER, PASSWORD, options="CREATEROLE CREATEDB")
        server.ensure_database("lantoa", owner=OWNER)
        owner = server.info.url("lantoa", OWNER, PASSWORD)
        await migrate(owner, clock.now())
        await set_role_passwords(owner, dict.fromkeys(ALL_ROLES, PASSWORD))
        url = server.info.url("lantoa", "lantoa_publish", PASSWORD)
        async with running_letterbox() as box, running_hook() as hook:
            port = free_port()
            watchdog = start(
                "services.publish.watchdog", "--port", str(port), **told(url, box, hook, OUTAGE_SECONDS="0.5")
            )
            await until(lambda: (tmp_path / "0.log").read_text().count("running"), watchdog, tmp_path)
            await asyncio.sleep(1)
            assert box.letters == []
            await asyncio.to_thread(server.stop)
            await until(lambda: box.letters and hook.calls, watchdog, tmp_path)
            assert box.subjects == ["Lan Tỏa KHẨN: không đọc được cơ sở dữ liệu"]
            async with httpx.AsyncClient() as http:
                assert (await http.get(f"http://127.0.0.1:{port}/health/live")).json() == {"status": "ok"}
            await asyncio.to_thread(server.start)
            await until(lambda: len(box.letters) > 1 and len(hook.calls) > 1, watchdog, tmp_path)
            assert box.subjects[1:] == ["Lan Tỏa: đã đọc lại được cơ sở dữ liệu"]
            assert [call.document["type"] for call in hook.calls] == [
                "watchdog.database_away",
                "watchdog.database_back",
            ]
            watchdog.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(watchdog.wait, 10) == 0
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
