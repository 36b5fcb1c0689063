"""`lantoa alerts`: what an operator sees."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from libs.common.cli.main import build
from libs.common.testing.plugin import TestServer
from tests.classify.alerts.conftest import Room


async def command(*words: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, build(), ["alerts", *words])
    assert done.exit_code == 0, done.output
    return done.output


async def rows(*words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await command(*words, "--json"))
    return found


async def test_alerts_and_rules_are_listed(
    room: Room, postgres: TestServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTOA_DB__URL", postgres.url(database))
    monkeypatch.setenv("LANTOA_NATS__URL", "nats://127.0.0.1:1")
    rule = await room.rule()
    await room.told_of(3)
    [shown] = await rows("list", "--state", "open")
    assert (shown["count"], shown["state"], shown["rule_id"]) == (3, "open", str(rule.id))
    assert [one["kind"] for one in await rows("rules")] == ["threshold"]
    assert "phản ánh" in await command("list")
