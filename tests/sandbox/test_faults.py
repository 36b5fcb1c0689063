"""Planned faults, on real sockets: what the caller sees, and what truly happened."""

import httpx
import pytest

from tests.sandbox.city import City, error

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
