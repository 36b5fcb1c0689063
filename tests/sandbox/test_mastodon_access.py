"""Tokens, scopes and limits of the sandbox's Mastodon."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.toots import TOKEN, USERNAME, Masto, error

INVALID, REVOKED = "The access token is invalid", "The access token was revoked"


@pytest.fixture
async def masto(build: Any) -> Masto:
    return await Masto((await build()).http).settle()


async def test_a_token_says_whose_it_is(masto: Masto) -> None:
    told = (await masto.call("GET", "v1/accounts/verify_credentials")).json()
    assert (told["id"], told["username"], told["acct"]) == (masto.account["id"], USERNAME, USERNAME)
    assert told["source"]["privacy"] == "public"
    shown = await masto.call("GET", f"v1/accounts/{told['id']}", token="")
    assert (shown.status_code, "source" in shown.json()) == (200, False)


@pytest.mark.parametrize("path", ["v1/accounts/verify_credentials", "v1/scheduled_statuses", "v1/media/1"])
async def test_a_dead_token_answers_401(masto: Masto, path: str) -> None:
    assert error(await masto.call("GET", path, token="")) == (401, INVALID)
    assert error(await masto.call("GET", path, token="sai")) == (401, INVALID)
    await masto.settle(password="token-moi")
    assert error(await masto.call("GET", path)) == (401, REVOKED)
    masto.token = "token-moi"
    assert (await masto.call("GET", path)).status_code in (200, 404)
    await masto.settle(password="token-moi", status="revoked")
    assert error(await masto.call("GET", path)) == (401, REVOKED)
    await masto.settle(password="token-moi", status="disabled")
    assert error(await masto.call("GET", path)) == (403, "Your login is currently disabled")


async def test_a_token_is_ended_from_behind_the_stage(masto: Masto) -> None:
    assert await masto.control("POST", "mastodon/tokens", account=USERNAME, which="refresh") == {"ended": 0}
    assert (await masto.post()).status_code == 200
    assert await masto.control("POST", "mastodon/tokens", account=USERNAME, which="access") == {"ended": 1}
    assert error(await masto.post()) == (401, REVOKED)
    missing = await masto.http.post("/control/mastodon/tokens", json={"account": "khac"})
    assert missing.status_code == 404


async def test_a_dead_token_is_not_as_good_as_none(masto: Masto) -> None:
    told = (await masto.post()).json()
    assert (await masto.call("GET", f"v1/statuses/{told['id']}", token="")).status_code == 200
    assert (await masto.call("GET", f"v1/statuses/{told['id']}", token="sai")).status_code == 401


async def test_a_token_does_what_its_scopes_say(masto: Masto) -> None:
    outside = (403, "This action is outside the authorized scopes")
    told = (await masto.post()).json()
    await masto.settle(options={"scopes": ["read:accounts", "write:media"]})
    assert (await masto.call("GET", "v1/accounts/verify_credentials")).status_code == 200
    assert (await masto.upload()).status_code == 200
    assert error(await masto.post()) == outside
    assert error(await masto.call("DELETE", f"v1/statuses/{told['id']}")) == outside
    assert error(await masto.call("GET", f"v1/statuses/{told['id']}/source")) == outside
    assert error(await masto.call("GET", f"v1/accounts/{masto.account['id']}/statuses")) == outside
    await masto.settle(options={"scopes": ["write"]})
    assert (await masto.post()).status_code == 200
    assert error(await masto.call("GET", "v1/accounts/verify_credentials")) == outside


async def test_only_ones_own_can_be_changed(masto: Masto) -> None:
    told = (await masto.post("Kín", visibility="private")).json()
    media = await masto.uploaded()
    other = {"platform": "mastodon", "handle": "phuong", "password": "token-phuong"}
    await masto.control("PUT", "accounts", **other)
    for method, path in (
        ("GET", f"v1/statuses/{told['id']}"),
        ("DELETE", f"v1/statuses/{told['id']}"),
        ("PUT", f"v1/statuses/{told['id']}"),
        ("GET", f"v1/media/{media}"),
    ):
        assert error(await masto.call(method, path, token="token-phuong"))[0] == 404
    theirs = await masto.call("GET", f"v1/accounts/{masto.account['id']}/statuses", token="token-phuong")
    assert theirs.json() == []
    taken = await masto.call("POST", "v1/statuses", token="token-phuong", json={"media_ids": [media]})
    assert taken.status_code == 422


async def test_300_requests_in_five_minutes_and_the_reset_is_a_time(masto: Masto) -> None:
    await masto.control("POST", "reset", at="2026-11-24T05:00:00Z")
    await masto.settle()
    await masto.later(61.25)
    for _ in range(300):
        answer = await masto.call("GET", "v1/accounts/verify_credentials")
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "0")
    refused = await masto.call("GET", "v1/accounts/verify_credentials")
    assert error(refused) == (429, "Too many requests")
    assert refused.headers["x-ratelimit-limit"] == "300"
    reset = refused.headers["x-ratelimit-reset"]
    assert len(reset) == len("2026-11-24T05:05:00.250000Z")
    assert datetime.fromisoformat(reset).replace(microsecond=0) == datetime(2026, 11, 24, 5, 5, tzinfo=UTC)
    assert (await masto.call("GET", "v2/instance", token="")).status_code == 200, "without a token, by address"
    await masto.later(239)
    assert (await masto.call("GET", "v1/accounts/verify_credentials")).status_code == 200


async def test_uploads_and_deletes_have_limits_of_their_own(masto: Masto) -> None:
    await masto.control("POST", "reset", at="2026-11-24T05:00:00Z")
    await masto.settle()
    uploads = [await masto.upload() for _ in range(31)]
    assert [a.status_code for a in uploads] == [200] * 30 + [429]
    assert uploads[0].headers["x-ratelimit-remaining"] == "29", "the nearest limit is told"
    assert uploads[30].headers["x-ratelimit-reset"].startswith("2026-11-24T05:30:00")
    deletes = [(await masto.call("DELETE", f"v1/statuses/{n}")).status_code for n in range(1, 32)]
    assert deletes == [404] * 30 + [429]
    assert (await masto.post()).status_code == 200


async def test_300_posts_in_three_hours(masto: Masto) -> None:
    await masto.control("POST", "reset", at="2026-11-24T03:00:00Z")
    await masto.settle()
    for step in range(2):
        for n in range(150):
            answer = await masto.post(f"Tin {step}-{n}")
        await masto.later(301)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "0")
    refused = await masto.post("Tin cuối")
    assert error(refused) == (429, "Too many requests")
    assert refused.headers["x-ratelimit-reset"].startswith("2026-11-24T06:00:00")
    assert (await masto.post("x" * 501)).status_code == 422
    assert len(await masto.posts()) == 300
    await masto.later(3 * 3600)
    assert (await masto.post("Tin cuối")).status_code == 200


async def test_limits_can_be_taken_away(build: Any) -> None:
    masto = await Masto((await build(mastodon={"limits": False})).http).settle()
    answers = [await masto.upload() for _ in range(31)]
    assert {a.status_code for a in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers


async def test_no_token_is_ever_told(build: Any, tmp_path: Any) -> None:
    masto = await Masto((await build(data_dir=tmp_path)).http).settle()
    told = (await masto.post(key="k")).text + str(await masto.control("GET", "ledger"))
    assert TOKEN not in told + (tmp_path / "ledger.jsonl").read_text()


async def test_settled_accounts_stay_over_a_reset(build: Any) -> None:
    masto = await Masto((await build(mastodon={"accounts": "thu_do:token-dat-san"})).http).settle()
    await masto.control("POST", "reset")
    told = await masto.call("GET", "v1/accounts/verify_credentials", token="token-dat-san")
    assert told.json()["username"] == "thu_do"


@pytest.mark.parametrize("body", [{"handle": "tên miền"}, {"handle": "a", "status": "hỏng"}])
async def test_accounts_have_usernames(masto: Masto, body: dict[str, str]) -> None:
    made = await masto.http.put("/control/accounts", json={"platform": "mastodon", "password": "x", **body})
    assert made.status_code == 422
