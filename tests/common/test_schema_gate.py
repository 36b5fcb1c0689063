"""Code and database that do not fit refuse to run together, and say in both languages what to do."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from libs.common import schema_gate
from libs.common.app import Service
from libs.common.auth.dev import DEV_ISSUER, ensure_keys
from libs.common.db import Database
from libs.common.local.nats import NatsServer
from libs.common.migrate import FOLDER, differences, migrate
from libs.common.schema_gate import HEAD, MINIMUM, IncompatibleSchema, check
from libs.common.settings import CommonSettings
from libs.common.testing.plugin import NOON, ClientFor, TestServer

DatabaseAs = Callable[[str], Database]
CASES = [
    ("0001", "0001", None, None, "lantoa migrate"),
    ("0001", "0001", "0001", None, "lantoa migrate"),
    ("0001", "0001", "0002", "0002", "too old"),
    ("0003", "0003", "0002", "0001", "older than the minimum 0003"),
]


def test_the_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert script.get_heads() == [HEAD]
    assert sorted(revisions) == [f"{n:04d}" for n in range(1, len(revisions) + 1)]
    assert MINIMUM in revisions


@pytest.mark.parametrize(("head", "minimum", "database", "oldest", "why"), CASES)
def test_what_does_not_fit_is_refused_in_both_languages(
    head: str, minimum: str, database: str | None, oldest: str | None, why: str
) -> None:
    with pytest.raises(IncompatibleSchema, match=why) as refused:
        check(head, minimum, database, oldest)
    vietnamese, _, english = str(refused.value).partition(" / ")
    assert re.search("[ơưạảấầậắặẹếềểệ]", vietnamese)
    assert english.isascii()


@pytest.mark.parametrize(
    ("head", "minimum", "database", "oldest"),
    [("0001", "0001", "0001", "0001"), ("0001", "0001", "0002", "0001"), ("0003", "0001", "0001", "0001")],
)
def test_a_rolling_upgrade_and_a_rollback_run(head: str, minimum: str, database: str, oldest: str) -> None:
    """The same on both sides; a newer database that still takes the old code; newer code before its migration."""
    check(head, minimum, database, oldest)


# --- the database itself --------------------------------------------------------------------------------------


@pytest.fixture
async def empty(postgres: TestServer) -> AsyncIterator[str]:
    """The owner's URL of a database without any schema."""
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await admin.execute("CREATE DATABASE unmigrated")
    yield postgres.url("unmigrated")
    await admin.execute("DROP DATABASE unmigrated WITH (FORCE)")
    await admin.close()


async def test_migrating_at_once_from_two_places_and_again_is_one_migration(empty: str) -> None:
    await asyncio.gather(migrate(empty, NOON), migrate(empty, NOON))
    await migrate(empty, NOON)
    assert await differences(empty) == []
    db = Database(empty)
    try:
        assert await schema_gate.read_versions(db) == (HEAD, "0015")
        await schema_gate.wait_until_compatible(db)
    finally:
        await db.dispose()


async def test_an_empty_database_says_what_to_run(empty: str) -> None:
    db = Database(empty)
    try:
        with pytest.raises(IncompatibleSchema, match="run `lantoa migrate`"):
            await schema_gate.wait_until_compatible(db)
    finally:
        await db.dispose()


@pytest.mark.parametrize("role", ["ingest", "classify", "publish", "reports", "relay"])
async def test_every_service_can_ask_the_schema(db_as: DatabaseAs, role: str) -> None:
    await schema_gate.wait_until_compatible(db_as(role))


async def test_readiness_follows_the_schema(client_for: ClientFor, db: Database) -> None:
    client = await client_for(Service("reports", CommonSettings))
    assert (await client.get("/health/ready")).json() == {"status": "ready", "service": "reports"}
    async with db.transaction() as session:
        await session.execute(text("UPDATE schema_state SET compatible_from = '9999'"))
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "quá cũ" in answer.json()["detail"]
    assert (await client.get("/health/live")).status_code == 200


# --- real processes -------------------------------------------------------------------------------------------


def environment(url: str, nats: NatsServer, issuer: Path, files: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANTOA_DB__URL": url,
        "LANTOA_NATS__URL": nats.info.url,
        "LANTOA_NATS__TOKEN": nats.info.token,
        "LANTOA_AUTH__ISSUER": DEV_ISSUER,
        "LANTOA_AUTH__JWKS_FILE": str(ensure_keys(issuer)),
        "LANTOA_FILES__ROOT": str(files),
    }


async def started(argv: list[str], told: dict[str, str]) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", *argv]
    return await asyncio.to_thread(
        subprocess.run, call, env=told, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ["libs.common.worker", "services.ingest.main"],
        ["uvicorn", "--factory", "services.ingest.main:app", "--host", "127.0.0.1", "--port", "0"],
    ],
    ids=["worker", "api"],
)
async def test_a_process_ends_with_the_reason_and_a_status(
    argv: list[str],
    postgres: TestServer,
    database: str,
    db: Database,
    nats_server: NatsServer,
    issuer: Path,
    tmp_path: Path,
) -> None:
    told = environment(postgres.url(database, "lantoa_ingest"), nats_server, issuer, tmp_path)
    for change, why in (
        ("UPDATE schema_state SET compatible_from = '9999'", "too old for a database"),
        ("UPDATE schema_state SET compatible_from = '0001'", None),
        ("UPDATE alembic_version SET version_num = '0000'", "older than the minimum"),
        ("DROP TABLE alembic_version", "run `lantoa migrate`"),
    ):
        async with db.transaction() as session:
            await session.execute(text(change))
        if why is None:
            continue
        ended = await started(argv, told)
        assert ended.returncode not in (0, None)
        assert why in ended.stderr
        assert "hãy" in ended.stderr
