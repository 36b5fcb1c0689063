"""The sandbox itself: its ledger over restarts, its clock, its control token, and the rules it says it has."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import httpx
import pytest

from sandbox import counting, platforms, rules
from sandbox.clock import VirtualClock
from sandbox.ledger import Act, Effect, Ledger
from sandbox.main import create
from sandbox.platforms import load
from sandbox.settings import SandboxSettings
from tests.sandbox.city import KEYS, City

ROOT = Path(__file__).parents[2]


def act(subject: str, effect: Effect, **data: Any) -> Act:
    return Act("bluesky", "test", "did:plc:x", "post", subject, effect, data)


async def test_a_restart_finds_what_stood_there(build: Any, tmp_path: Path) -> None:
    city = await build(data_dir=tmp_path)
    uri = (await city.put()).json()["uri"]
    await city.control("POST", "bluesky/engage", post=uri, likes=3)
    await city.later(3600)
    await city.put(KEYS[1], text="Tin thứ hai")
    again = await build(data_dir=tmp_path)
    assert [p["text"] for p in await again.posts()] == ["Tin thứ hai", "Xin chào"]
    [post] = (await again.read("app.bsky.feed.getPosts", uris=[uri])).json()["posts"]
    assert post["likeCount"] == 3
    assert (await again.put()).json()["uri"] == uri
    assert await again.effects() == ["created", "engaged", "created", "unchanged"]


def test_a_line_cut_off_by_a_crash_never_counted(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ledger = Ledger(VirtualClock(), file)
    ledger.record(act("a", Effect.CREATED))
    ledger.record(act("b", Effect.CREATED))
    file.write_bytes(file.read_bytes()[:-10])
    read = Ledger(VirtualClock(), file)
    assert [e.act.subject for e in read.entries()] == ["a"]
    read.record(act("c", Effect.CREATED))
    assert [e.act.subject for e in Ledger(VirtualClock(), file).entries()] == ["a", "c"]


def test_what_stands_is_the_sum_of_what_was_done() -> None:
    ledger = Ledger(VirtualClock())
    for step in (
        act("a", Effect.CREATED, text="1"),
        act("a", Effect.UPDATED, text="2"),
        act("a", Effect.ENGAGED, likes=2),
        act("a", Effect.ENGAGED, likes=3),
        act("b", Effect.CREATED),
        act("b", Effect.DELETED),
        act("b", Effect.ABSENT),
        act("b", Effect.ENGAGED, likes=1),
    ):
        ledger.record(step)
    [item] = ledger.current.of("bluesky", "post")
    assert (item.subject, item.data, item.engagement) == ("a", {"text": "2"}, {"likes": 5})
    assert [e.seq for e in ledger.entries(after=6)] == [7, 8]


def test_time_moves_forward_stands_still_and_never_runs_back() -> None:
    clock = VirtualClock()
    start = clock.advance(timedelta(days=1))
    assert start - datetime.now(UTC) > timedelta(hours=23)
    frozen = clock.freeze()
    assert clock.now() == frozen
    assert clock.advance(timedelta(hours=1)) == frozen + timedelta(hours=1)
    assert timedelta(0) <= clock.resume() - frozen - timedelta(hours=1) < timedelta(minutes=1)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(timedelta(seconds=-1))
    clock.reset(datetime(2020, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2020
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


async def test_the_strings_are_held_by_whoever_has_the_token() -> None:
    app = create(SandboxSettings(control_token="dung-ma"))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox") as http:
        for path in ("ledger", "faults", "clock"):
            assert (await http.get(f"/control/{path}")).status_code == 401
            refused = await http.get(f"/control/{path}", headers={"Authorization": "Bearer sai-ma"})
            assert (refused.status_code, "mã điều khiển" in refused.json()["detail"]) == (401, True)
            held = await http.get(f"/control/{path}", headers={"Authorization": "Bearer dung-ma"})
            assert held.status_code == 200
        assert (await http.post("/control/reset")).status_code == 401
        assert (await http.get("/")).status_code == 200


async def test_reset_forgets_all_but_what_is_settled(build: Any) -> None:
    city: City = await build(bluesky={"accounts": "settled.test:pass-word"})
    await city.put()
    await city.fault("throttle", "*")
    await city.control("POST", "reset")
    assert await city.posts() == []
    assert await city.control("GET", "faults") == []
    assert (await city.login()).status_code == 401
    settled = {"identifier": "settled.test", "password": "pass-word"}
    opened = await city.http.post("/bluesky/xrpc/com.atproto.server.createSession", json=settled)
    assert opened.status_code == 200


@pytest.mark.parametrize("body", [{"handle": "không phải tên miền"}, {"handle": "a.test", "status": "hỏng"}])
async def test_accounts_have_names_of_domains(city: City, body: dict[str, str]) -> None:
    made = await city.http.put("/control/accounts", json={"platform": "bluesky", "password": "x", **body})
    assert made.status_code == 422


async def test_no_password_is_ever_told(build: Any, tmp_path: Path) -> None:
    city = await build(data_dir=tmp_path)
    await city.put()
    told = json.dumps(await city.control("GET", "ledger")) + (tmp_path / "ledger.jsonl").read_text()
    assert "abcd-efgh" not in told
    assert "eyJ" not in told


def test_the_worklist_is_what_the_code_says() -> None:
    load()
    assert (ROOT / "sandbox" / "rules.md").read_text("utf-8") == rules.worklist()
    names = {info.name for info in iter_modules(platforms.__path__)}
    assert {rule.key.partition(".")[0] for rule in rules.REGISTERED.values()} <= names


def test_a_rule_has_one_home() -> None:
    load()
    with pytest.raises(ValueError, match="registered twice"):
        rules.rule("bluesky.lexicons", rules.Mark.SDK, "again", True)


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    "text", ["đường", "👨‍👩‍👧‍👦🇻🇳", "e\u0302\u0301", "Ổ gà ở phường Ô Chợ Dừa", "a\r\nb", "각", "🇻🇳🇻", "☂\ufe0f"]
)
def test_both_sides_count_letters_alike(text: str) -> None:
    """Written apart, from the standard and from a library: a mistake in one would show here."""
    import regex

    assert counting.graphemes(text) == len(regex.findall(r"\X", text))
    assert counting.utf8_bytes(text) == len(text.encode())
