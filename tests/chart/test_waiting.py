"""What the pods and the Job do around an upgrade and a rollback: wait, refuse, leave a newer schema alone."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from libs.common.db import Database
from libs.common.migrate import migrate
from libs.common.schema_gate import HEAD, IncompatibleSchema, read_versions
from libs.common.testing.plugin import NOON, TestServer
from libs.common.wait_schema import reason_to_wait, wait

pytestmark = pytest.mark.mission("M39")


@pytest.fixture
async def empty(postgres: TestServer) -> AsyncIterator[str]:
    """The owner's URL of a database without any schema."""
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await admin.execute("CREATE DATABASE awaited")
    yield postgres.url("awaited")
    await admin.execute("DROP DATABASE awaited WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def db(empty: str) -> AsyncIterator[Database]:
    database = Database(empty)
    yield database
    await database.dispose()


async def set_versions(db: Database, version: str, compatible_from: str) -> None:
    async with db.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        await session.execute(text("UPDATE schema_state SET compatible_from = :v"), {"v": compatible_from})


async def test_it_waits_for_the_migration_and_then_ends(
    empty: str, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = asyncio.create_task(wait(db, deadline=60, pause=0.05))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await migrate(empty, NOON)
    assert await asyncio.wait_for(waiting, 10) == 0
    said = capsys.readouterr().err
    assert said.count("lantoa migrate") == 2, "the reason, in two languages, once"


async def test_a_server_or_role_that_is_not_there_yet_is_waited_for(empty: str) -> None:
    away = Database("postgresql+asyncpg://lantoa_owner:x@127.0.0.1:1/lantoa")
    stranger = Database(empty.replace("lantoa_owner", "lantoa_nobody"))
    for db in (away, stranger):
        assert "the database does not answer" in str(await reason_to_wait(db))
        await db.dispose()


async def test_it_gives_up_at_the_deadline(db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert await wait(db, deadline=0.3, pause=0.1) == 1
    assert "waited 0.3 s" in capsys.readouterr().err


async def test_a_database_that_left_this_code_behind_is_not_waited_for(empty: str, db: Database) -> None:
    await migrate(empty, NOON)
    await set_versions(db, "9999", "9999")
    with pytest.raises(IncompatibleSchema, match="too old"):
        await asyncio.wait_for(wait(db, deadline=60), 5)


async def test_rolled_back_code_leaves_a_newer_schema_as_it_is(empty: str, db: Database) -> None:
    """The Job of the older release runs again at a rollback: it has nothing to do, and must not fail."""
    await migrate(empty, NOON)
    await set_versions(db, "9999", HEAD)
    await migrate(empty, NOON)
    assert await read_versions(db) == ("9999", HEAD)
    assert await wait(db, deadline=1) == 0


async def test_rolled_back_code_refuses_a_schema_that_left_it_behind(empty: str, db: Database) -> None:
    await migrate(empty, NOON)
    await set_versions(db, "9999", "9999")
    with pytest.raises(IncompatibleSchema, match="too old"):
        await migrate(empty, NOON)


@pytest.mark.slow
async def test_as_the_init_container_runs_it(postgres: TestServer, empty: str) -> None:
    """A service's role, nothing but its URL in the environment; first without a schema, then with one."""

    def run() -> subprocess.CompletedProcess[str]:
        url = postgres.url("awaited", "lantoa_relay")
        command = [sys.executable, "-m", "libs.common.wait_schema", "--deadline", "1"]
        told = {"PATH": os.environ["PATH"], "LANTOA_DB__URL": url}
        return subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)

    before = await asyncio.to_thread(run)
    assert (before.returncode, "lantoa migrate" in before.stderr) == (1, True)
    assert "Traceback" not in before.stderr
    await migrate(empty, NOON)
    after = await asyncio.to_thread(run)
    assert (after.returncode, after.stderr) == (0, "")
