"""Logins of the AT Protocol: what opens one, when it ends, how often one may ask."""

from typing import Any

import httpx
import pytest

from tests.sandbox.city import HANDLE, PASSWORD, City, error

REFRESH = "com.atproto.server.refreshSession"
GET = "com.atproto.server.getSession"


async def renew(city: City, token: str) -> Any:
    return await city.call(REFRESH, token=token)


async def whoami(city: City, token: str) -> Any:
    return await city.http.get(f"/bluesky/xrpc/{GET}", headers={"Authorization": f"Bearer {token}"} if token else {})


async def test_a_login_names_the_account_and_its_server(city: City) -> None:
    assert city.session["handle"] == HANDLE
    assert city.did.startswith("did:plc:")
    [service] = city.session["didDoc"]["service"]
    assert (service["id"], service["serviceEndpoint"]) == ("#atproto_pds", "http://sandbox/bluesky")
    assert (await whoami(city, city.session["accessJwt"])).json()["did"] == city.did


async def test_a_wrong_password_and_an_unknown_name_look_the_same(city: City) -> None:
    wrong = await city.login("sai")
    unknown = await city.http.post(
        "/bluesky/xrpc/com.atproto.server.createSession", json={"identifier": "la.test", "password": PASSWORD}
    )
    assert error(wrong) == (401, "AuthenticationRequired")
    assert wrong.json() == unknown.json()
    empty = await city.http.post("/bluesky/xrpc/com.atproto.server.createSession", json={"identifier": HANDLE})
    assert (error(empty), empty.json()["message"]) == (
        (400, "InvalidRequest"),
        'Input must have the property "password"',
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("auth_factor", (401, "AuthFactorTokenRequired")),
        ("takendown", (401, "AccountTakedown")),
        ("deactivated", (401, "AccountDeactivated")),
    ],
)
async def test_an_account_that_cannot_be_used_says_why(city: City, status: str, expected: tuple[int, str]) -> None:
    await city.control("PUT", "accounts", platform="bluesky", handle=HANDLE, password=PASSWORD, status=status)
    assert error(await city.login()) == expected
    if status != "auth_factor":
        assert error(await city.put()) == expected
    else:
        assert (await city.login(authFactorToken="ABCDE-12345")).status_code == 200


async def test_an_access_token_ends_after_two_hours_with_400(city: City) -> None:
    await city.later(7199)
    assert (await city.put()).status_code == 200
    await city.later(1)
    assert error(await city.put()) == (400, "ExpiredToken")
    fresh = (await renew(city, city.session["refreshJwt"])).json()
    assert (await whoami(city, fresh["accessJwt"])).status_code == 200


async def test_a_refresh_token_is_used_once_with_a_grace_of_two_hours(city: City) -> None:
    first = city.session["refreshJwt"]
    second = (await renew(city, first)).json()["refreshJwt"]
    assert second != first
    again = (await renew(city, first)).json()
    assert (await renew(city, again["refreshJwt"])).status_code == 200
    await city.later(7200)
    late = await renew(city, first)
    assert (error(late), late.json()["message"]) == ((400, "ExpiredToken"), "Token has been revoked")


async def test_a_refresh_token_ends_after_ninety_days(city: City) -> None:
    await city.later(90 * 86400)
    assert error(await renew(city, city.session["refreshJwt"])) == (400, "ExpiredToken")


async def test_a_new_password_ends_the_old_logins(city: City) -> None:
    await city.control("PUT", "accounts", platform="bluesky", handle=HANDLE, password="khac-khac-khac-khac")
    assert error(await renew(city, city.session["refreshJwt"])) == (400, "ExpiredToken")


@pytest.mark.parametrize(
    ("token", "expected"),
    [("", (401, "AuthMissing")), ("x", (400, "InvalidToken")), ("a.b.c", (400, "InvalidToken"))],
)
async def test_a_token_that_is_none(city: City, token: str, expected: tuple[int, str]) -> None:
    assert error(await whoami(city, token)) == expected


async def test_each_token_opens_only_its_own_door(city: City) -> None:
    access, refresh = city.session["accessJwt"], city.session["refreshJwt"]
    assert error(await whoami(city, refresh)) == (400, "InvalidToken")
    assert error(await renew(city, access)) == (400, "InvalidToken")
    forged = access.rsplit(".", 1)[0] + "." + refresh.rsplit(".", 1)[1]
    assert error(await whoami(city, forged)) == (400, "InvalidToken")


async def test_thirty_logins_in_five_minutes(city: City) -> None:
    answers = [await city.login("sai") for _ in range(30)]
    assert [a.status_code for a in answers] == [401] * 29 + [429]
    assert [a.headers["ratelimit-remaining"] for a in answers[-3:]] == ["1", "0", "0"]
    assert answers[0].headers["ratelimit-policy"] == "30;w=300"
    assert answers[-1].json() == {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    now = (await city.control("GET", "clock"))["now"]
    assert now.startswith("20")
    await city.later(300)
    assert (await city.login()).status_code == 200


async def test_three_hundred_logins_a_day(city: City) -> None:
    for _ in range(10):
        await city.later(300)
        for _ in range(30):
            last = await city.login()
    assert last.status_code == 429
    assert last.headers["ratelimit-policy"] == "300;w=86400"


async def test_limits_can_be_switched_off(build: Any) -> None:
    free = await build(bluesky={"limits": False})
    answers = [await free.login() for _ in range(40)]
    assert {a.status_code for a in answers} == {200}
    assert "ratelimit-limit" not in answers[0].headers


# --- control ends tokens half-way ---


async def test_an_access_token_can_end_before_its_time(city: City) -> None:
    assert await city.control("POST", "bluesky/tokens", account=HANDLE, which="access") == {"ended": 1}
    assert error(await city.put()) == (400, "ExpiredToken")
    fresh = (await renew(city, city.session["refreshJwt"])).json()
    assert (
        (await city.call("com.atproto.repo.putRecord", token=fresh["accessJwt"])).json()["message"].startswith("Input")
    )


async def test_a_withdrawn_login_asks_for_the_password_again(city: City) -> None:
    assert await city.control("POST", "bluesky/tokens", account=city.did, revoke=True) == {"ended": 2}
    assert error(await city.put()) == (400, "ExpiredToken")
    refused = await renew(city, city.session["refreshJwt"])
    assert (error(refused), refused.json()["message"]) == ((400, "ExpiredToken"), "Token has been revoked")
    assert (await city.login()).status_code == 200


async def test_tokens_of_nobody_and_of_a_platform_without_any(city: City) -> None:
    for platform, account in (("bluesky", "la.test"), ("zalo", HANDLE)):
        answer = await city.http.post(f"/control/{platform}/tokens", json={"account": account})
        assert answer.status_code == 404


async def test_a_lost_refresh_can_be_asked_for_again(served: City) -> None:
    first = served.session["refreshJwt"]
    await served.fault("executed_response_lost", REFRESH)
    with pytest.raises(httpx.RemoteProtocolError):
        await renew(served, first)
    again = (await renew(served, first)).json()
    assert (await renew(served, again["refreshJwt"])).status_code == 200
