"""Planned faults, on real sockets and in this process: what the caller sees, and what truly happened."""

from typing import Any

import httpx
import pytest

from tests.sandbox.city import City, error
from tests.sandbox.toots import Masto, png
from tests.sandbox.toots import error as mastodon_error

PUT, GET = "com.atproto.repo.putRecord", "com.atproto.repo.getRecord"


@pytest.mark.mission("M39")
async def test_done_but_the_answer_is_lost(served: City) -> None:
    await served.fault("executed_response_lost", PUT)
    with pytest.raises(httpx.RemoteProtocolError):
        await served.put()
    assert len(await served.posts()) == 1
    assert (await served.put()).status_code == 200
    assert await served.effects() == ["created", "unchanged"]


@pytest.mark.mission("M39")
async def test_not_done_and_silent(served: City) -> None:
    await served.fault("not_executed_timeout", PUT, seconds=0.3)
    with pytest.raises(httpx.HTTPError):
        await served.put()
    assert await served.posts() == []
    await served.fault("not_executed_timeout", PUT, seconds=30)
    served.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        await served.put()
    assert await served.effects() == []


@pytest.mark.mission("M39")
async def test_done_late_just_before_the_retry(served: City) -> None:
    await served.fault("executed_twice_on_retry", PUT)
    with pytest.raises(httpx.RemoteProtocolError):
        await served.put()
    assert await served.posts() == []
    assert (await served.put()).status_code == 200
    assert await served.effects() == ["created", "unchanged"], "both were done; the key made them one"


@pytest.mark.parametrize(
    ("status", "name"), [(500, "InternalServerError"), (502, "UpstreamFailure"), (503, "NotEnoughResources")]
)
@pytest.mark.parametrize("executed", [False, True])
async def test_an_error_says_nothing_about_what_was_done(served: City, status: int, name: str, executed: bool) -> None:
    await served.fault("http_status", PUT, status=status, executed=executed)
    assert error(await served.put()) == (status, name)
    assert len(await served.posts()) == int(executed)


async def test_a_throttle_says_until_when(served: City) -> None:
    await served.fault("throttle", PUT, seconds=90)
    answer = await served.put()
    assert error(answer) == (429, "RateLimitExceeded")
    assert answer.headers["ratelimit-remaining"] == "0"
    await served.later(90)
    later = await served.put()
    assert later.status_code == 200
    assert await served.effects() == ["created"]


async def test_a_token_can_be_made_to_end(served: City) -> None:
    await served.fault("token_expired", PUT)
    assert error(await served.put()) == (400, "ExpiredToken")
    assert (await served.put()).status_code == 200


async def test_a_plan_is_used_up_and_meets_only_its_operation(served: City) -> None:
    await served.fault("http_status", PUT, status=500, times=2)
    assert (await served.get()).status_code == 400
    assert [(await served.put()).status_code for _ in range(3)] == [500, 500, 200]
    [plan] = await served.control("GET", "faults")
    assert (plan["hits"], plan["times"]) == (2, 2)
    await served.fault("http_status", "*", status=500)
    await served.control("DELETE", "faults")
    assert (await served.get()).status_code == 200


async def test_faults_reach_neither_the_pages_nor_the_strings(served: City) -> None:
    await served.http.post("/control/faults", json={"kind": "http_status", "status": 500, "times": 9})
    assert (await served.http.get("/")).status_code == 200
    assert (await served.http.get("/health/ready")).status_code == 200
    assert (await served.http.get("/control/ledger")).status_code == 200


# --- every kind, with and without a socket ---


@pytest.fixture(params=["socket", "process"])
async def masto(request: pytest.FixtureRequest, served: City, build: Any) -> Masto:
    if request.param == "socket":
        await served.http.post("/control/reset")
        return await Masto(served.http).settle()
    return await Masto((await build()).http).settle()


async def texts(masto: Masto) -> list[str]:
    return [post["text"] for post in await masto.posts()]


@pytest.mark.mission("M39")
async def test_lost_answer_on_both(masto: Masto) -> None:
    await masto.fault("executed_response_lost", "statuses.create")
    with pytest.raises(httpx.RemoteProtocolError):
        await masto.post("Một", key="k")
    assert await texts(masto) == ["Một"]
    assert (await masto.post("Một", key="k")).status_code == 200
    assert await texts(masto) == ["Một"], "the key made them one"


async def test_a_lost_answer_to_an_upload(masto: Masto) -> None:
    await masto.fault("executed_response_lost", "media.create")
    with pytest.raises(httpx.RemoteProtocolError):
        await masto.upload(png())
    assert (await masto.upload(png())).status_code == 200
    assert [entry["kind"] for entry in await masto.entries()] == ["media", "media"]


async def test_silence_on_both(masto: Masto) -> None:
    masto.http.timeout = httpx.Timeout(0.3)
    await masto.fault("not_executed_timeout", "statuses.create", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await masto.post("Một")
    assert await texts(masto) == []


@pytest.mark.mission("M39")
@pytest.mark.parametrize(("key", "left"), [("", ["Một", "Một"]), ("k", ["Một"])])
async def test_done_late_on_both(masto: Masto, key: str, left: list[str]) -> None:
    await masto.fault("executed_twice_on_retry", "statuses.create")
    with pytest.raises(httpx.RemoteProtocolError):
        await masto.post("Một", key=key)
    assert await texts(masto) == []
    assert (await masto.post("Một", key=key)).status_code == 200
    assert await texts(masto) == left


@pytest.mark.mission("M39")
async def test_a_twin_made_by_the_platform_passes_every_guard(masto: Masto) -> None:
    media = await masto.uploaded(png())
    await masto.fault("executed_twice", "statuses.create")
    answer = await masto.post("Một", key="k", media_ids=[media])
    assert answer.status_code == 200
    made = [entry for entry in await masto.entries() if entry["kind"] == "status"]
    assert [entry["effect"] for entry in made] == ["created", "created"]
    assert made[0]["subject"] == answer.json()["id"], "the answer tells of the first"
    assert made[0]["data"] == made[1]["data"]
    again = await masto.post("Một", key="k", media_ids=[media])
    assert again.json()["id"] == answer.json()["id"], "the key still leads to the first"
    assert len(await texts(masto)) == 2
    assert len(await masto.listed()) == 2


async def test_what_is_refused_is_not_done_a_second_time(masto: Masto) -> None:
    await masto.fault("executed_twice", "statuses.create")
    assert (await masto.post("x" * 501)).status_code == 422
    assert await texts(masto) == []


async def test_a_throttle_and_a_dead_token_in_the_platforms_words(masto: Masto) -> None:
    await masto.fault("throttle", "statuses.create", seconds=90)
    throttled = await masto.post("Một")
    assert mastodon_error(throttled) == (429, "Too many requests")
    assert throttled.headers["x-ratelimit-reset"].endswith("Z")
    await masto.fault("token_expired", "statuses.create")
    assert mastodon_error(await masto.post("Một")) == (401, "The access token was revoked")
    assert await texts(masto) == []


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_error_after_the_work_or_instead_of_it(masto: Masto, status: int, executed: bool) -> None:
    await masto.fault("http_status", "statuses.create", status=status, executed=executed)
    answer = await masto.post("Một")
    assert answer.status_code == status
    assert ("error" in answer.text) == (status != 502), "a gateway answers with a page"
    assert await texts(masto) == ["Một"] * executed


async def test_latency_only_takes_time(masto: Masto) -> None:
    await masto.fault("latency", "statuses.create", seconds=0.01)
    assert (await masto.post("Một")).status_code == 200


async def test_the_whole_plan_of_a_seed_in_one_call(masto: Masto) -> None:
    plan = [
        {"platform": "mastodon", "operation": "statuses.create", "kind": "http_status", "status": 503, "after": 1},
        {"platform": "mastodon", "operation": "statuses.create", "kind": "throttle", "after": 1},
        {"platform": "mastodon", "operation": "media.create", "kind": "http_status", "status": 500},
    ]
    made = await masto.http.post("/control/faults", json=plan)
    assert (made.status_code, len({fault["id"] for fault in made.json()})) == (201, 3)
    answers = [(await masto.post(f"Tin {n}")).status_code for n in range(4)]
    assert answers == [200, 503, 429, 200]
    assert (await masto.upload()).status_code == 500
    told = await masto.control("GET", "faults")
    assert [(fault["after"], fault["hits"]) for fault in told] == [(1, 1), (1, 1), (0, 1)]
    bad = await masto.http.post("/control/faults", json=[*plan, {"kind": "khác"}])
    assert bad.status_code == 422
    assert len(await masto.control("GET", "faults")) == 3, "a plan with a mistake is not half planned"
