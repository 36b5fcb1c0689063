"""The operational verbs, as an operator runs them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import typer
from pydantic import SecretStr
from sqlalchemy import text

from libs.common import audit
from libs.common.cli.ops import parse_since
from libs.common.local.process import free_port
from libs.common.relay import relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import NOON, OWNER, DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.command import Command, command
from tests.common.backbone.stage import CLOCK


@pytest.fixture
def lantoa(postgres: TestServer, database: str, nats_settings: NatsSettings) -> Command:
    return command(postgres.url(database), nats_settings)


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("90m", NOON - timedelta(minutes=90)),
        ("24h", NOON - timedelta(hours=24)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-11-24T07:00:00+07:00", datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
def test_since(words: str, at: datetime) -> None:
    assert parse_since(words, NOON) == at


@pytest.mark.parametrize("words", ["2026-11-24T07:00:00", "hôm qua", "", "5w"])
def test_since_that_cannot_be_read(words: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_since(words, NOON)


async def test_migrate_makes_schema_and_stream_and_check_finds_what_is_missing(
    postgres: TestServer, nats_settings: NatsSettings
) -> None:
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await admin.execute("CREATE DATABASE empty_one")
    try:
        lantoa = command(postgres.url("empty_one", OWNER), nats_settings)
        async with stage.connected(nats_settings) as client:
            await client.jetstream().delete_stream("lantoa")
            assert "add_table" in (await lantoa.run("migrate", "--check", code=1)).stderr
            assert "đã sẵn sàng" in await lantoa("migrate")
            await lantoa("migrate")  # again: nothing to do
            await lantoa("migrate", "--check")
            assert (await client.jetstream().stream_info("lantoa")).config.subjects == ["lantoa.>"]
    finally:
        await admin.execute("DROP DATABASE empty_one WITH (FORCE)")
        await admin.close()


async def test_what_waits(lantoa: Command, db_as: DatabaseAs) -> None:
    assert await lantoa.json("events", "pending") == {"pending": 0, "oldest_seconds": None}
    await stage.emit_numbers(db_as("ingest"), range(3))
    said = await lantoa.json("events", "pending")
    assert said["pending"] == 3
    assert 0 <= said["oldest_seconds"] < 60
    assert "3 sự kiện đang chờ" in await lantoa("events", "pending")


async def test_tail_shows_what_ran_through(lantoa: Command, db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), range(3))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await relay_once(db_as("relay"), js, CLOCK)
        await js.publish("lantoa.stage.happened.v1", b"[red]\xff not JSON", headers={"ce-type": "odd"})
        rows = (await lantoa("events", "tail", "--since", "1h", "--count", "4", "--json")).splitlines()
        assert [json.loads(row)["data"] for row in rows[:3]] == [{"number": n} for n in range(3)]
        assert json.loads(rows[0])["type"] == "lantoa.stage.happened.v1"
        plain = await lantoa("events", "tail", "--since", "1h", "--count", "4")
        assert "[red]" in plain, "what is shown is never taken for markup"
        following = asyncio.create_task(lantoa("events", "tail", "--count", "1", "--json"))
        await asyncio.sleep(0.8)
        await stage.emit_numbers(db_as("ingest"), [7])
        await relay_once(db_as("relay"), js, CLOCK)
        assert json.loads(await asyncio.wait_for(following, 10))["data"] == {"number": 7}


async def test_replay_says_what_it_did(lantoa: Command, db_as: DatabaseAs) -> None:
    await stage.emit_numbers(db_as("ingest"), range(3))
    assert "Đã nạp lại 3 sự kiện." in await lantoa("events", "replay", "--since", "1h")
    said = await lantoa.json("events", "replay", "--since", "1h", "--durable", "a", "--durable", "b")
    assert (said["replayed"], said["durables"]) == (3, ["a", "b"])
    assert (await lantoa.json("events", "replay", "--since", "2099-01-01T00:00Z"))["replayed"] == 0
    await lantoa("events", "replay", "--since", "hôm qua", code=2)


async def test_without_nats_what_needs_it_says_so_and_the_rest_works(
    postgres: TestServer, database: str, nats_settings: NatsSettings
) -> None:
    away = nats_settings.model_copy(update={"url": f"nats://127.0.0.1:{free_port()}"})
    lantoa = command(postgres.url(database), away)
    lantoa.env["LANTOA_PATIENCE"] = "1.5"
    assert "NATS does not answer" in (await lantoa.run("events", "replay", "--since", "1h", code=1)).stderr
    assert (await lantoa.json("events", "pending"))["pending"] == 0
    assert await lantoa.json("deadletters", "list") == []
    assert await lantoa.json("audit", "verify") == {"chains_ok": 0, "broken": []}
    refused = nats_settings.model_copy(update={"token": SecretStr("wrong")})
    lantoa = command(postgres.url(database), refused)
    assert "refuses our credentials" in (await lantoa.run("events", "replay", "--since", "1h", code=1)).stderr


async def test_token_is_one_the_services_trust(lantoa: Command, issuer: Path) -> None:
    said = await lantoa.json("token", "--as", "bien-tap", "--keys", str(issuer))
    assert said["subject"] == "bien-tap"
    assert said["token"].count(".") == 2


async def test_audit_verify_names_the_changed_row(lantoa: Command, db_as: DatabaseAs) -> None:
    async with db_as("publish").transaction() as session:
        for n in range(3):
            await audit.append(
                session,
                service="publish",
                action=f"act-{n}",
                actor_id=None,
                object_type="thing",
                object_id=uuid4(),
                now=NOON,
            )
    assert await lantoa.json("audit", "verify") == {"chains_ok": 1, "broken": []}
    async with db_as("owner").transaction() as session:
        await session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
        await session.execute(text("UPDATE audit_log SET action = 'other' WHERE seq = 2"))
    said = await lantoa.json("audit", "verify", code=1)
    assert [(b["service"], b["seq"]) for b in said["broken"]] == [("publish", 2)]
    assert "1 chuỗi bị sửa" in await lantoa("audit", "verify", code=1)
