"""The embedded servers: their data and their addresses outlive a crash, their secrets stay private."""

import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.common.bus import BusRefused, connect, ensure_stream
from libs.common.local.nats import NatsServer
from libs.common.local.paths import binaries
from libs.common.local.postgres import PostgresServer
from libs.common.local.process import StartFailed
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import TestServer
from tests.common.backbone import stage


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.mission("M39")
@pytest.mark.parametrize("crash", [True, False])
async def test_nats_keeps_its_streams_its_port_and_its_token(crash: bool, tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    before = server.start()
    settings = NatsSettings(url=before.url, token=SecretStr(before.token), max_bytes=10_000_000)
    async with stage.connected(settings) as client:
        js = client.jetstream()
        await ensure_stream(js, settings)
        for number in range(50):
            await js.publish("lantoa.stage.happened.v1", b'{"number": %d}' % number)
    server.kill() if crash else server.stop()
    assert not server.is_running
    assert server.start() == before
    async with stage.connected(settings) as client:
        assert await stage.stream_numbers(client.jetstream()) == list(range(50))
    server.stop()


async def test_nats_is_loopback_only_and_wants_its_token(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    info = server.start()
    assert info.url == f"nats://lantoa@127.0.0.1:{info.port}"
    with pytest.raises(BusRefused):
        await connect(NatsSettings(url=info.url, token=SecretStr("guess")), "stranger")
    assert server.process is not None
    arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    assert info.token not in arguments, "others can read an argument list"
    for name in ("token", "nats.conf", "users.conf"):
        assert _mode(tmp_path / "nats" / name) == 0o600
    assert _mode(tmp_path / "nats") == 0o700
    server.stop()


def test_nats_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "store").write_text("in the way")
    with pytest.raises(StartFailed, match=r"nats\.log"):
        NatsServer(tmp_path / "nats").start()


@pytest.mark.slow
@pytest.mark.mission("M39")
def test_postgres_keeps_what_was_committed_before_kill_9(scratch: Path) -> None:
    server = PostgresServer(scratch / "kept-pg", binaries())
    before = server.start()
    server.query("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    assert server.query("SHOW fsync") == "on"
    assert server.query("SHOW listen_addresses") == "127.0.0.1"
    server.kill()
    assert not server.is_running
    assert server.start() == before
    assert server.query("SELECT count(*) FROM kept") == "1000"
    server.stop()
    assert _mode(scratch / "kept-pg" / "password") == 0o600
    if os.geteuid() == 0:
        assert (scratch / "kept-pg" / "cluster").stat().st_uid != 0, "Postgres never runs as root"


def test_names_and_passwords_are_quoted(postgres: TestServer) -> None:
    server = postgres.server
    server.ensure_role('odd"name', "pass'word")
    server.ensure_database('odd"base', owner='odd"name')
    server.ensure_database('odd"base', owner='odd"name')
    assert server.query("SELECT count(*) FROM pg_database WHERE datname = 'odd\"base'") == "1"
    server.query('DROP DATABASE "odd""base"')
    server.query('DROP ROLE "odd""name"')
