"""Keys of a provider: found, kept, renewed, withdrawn and missing; asked of a real server on real sockets."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from pydantic import ValidationError

from libs.common.app import create_app
from libs.common.auth.dev import DEV_ISSUER
from libs.common.auth.keys import ALGORITHMS, DiscoveredKeys, KeysUnavailable, fits, read_keys
from libs.common.auth.problems import IssuerUnreachable
from libs.common.auth.tokens import TokenVerifier
from libs.common.clock import SystemClock
from libs.common.errors import Unauthenticated
from libs.common.models.enums import Role
from libs.common.settings import AuthSettings, CommonSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import SettingsFor
from tests.common.oidc.issuer import Issuer, new_key, running_issuer
from tests.common.test_auth import HELLO, ME, bearer


class Ticks:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def issuer_server() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


def settings_of(issuer: Issuer, **more: Any) -> AuthSettings:
    return AuthSettings(**({"issuer": issuer.url, "retry_seconds": 0.1} | more))


def verifier_of(issuer: Issuer, ticks: Ticks | None = None, **more: Any) -> TokenVerifier:
    settings = settings_of(issuer, **more)
    return TokenVerifier(settings, DiscoveredKeys(settings, ticks) if ticks else None)


async def subject(verifier: TokenVerifier, token: str) -> str:
    return await verifier.subject(token, datetime.now(UTC))


async def test_a_token_is_checked_with_keys_that_discovery_leads_to(issuer_server: Issuer) -> None:
    verifier = verifier_of(issuer_server)
    for _ in range(20):
        assert await subject(verifier, issuer_server.token()) == "can-bo-1"
    assert issuer_server.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_of_the_list_works(issuer_server: Issuer, algorithm: str) -> None:
    made: dict[str, Any] = {"E": new_key, "R": lambda: RSAKey.generate_key(2048, auto_kid=True)}
    made["P"] = made["R"]
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(algorithm)
    key = ECKey.generate_key(curve, auto_kid=True) if curve else made[algorithm[0]]()  # type: ignore[arg-type]
    issuer_server.published = [new_key(), key]
    assert await subject(verifier_of(issuer_server), issuer_server.token(key, algorithm)) == "can-bo-1"


async def test_two_hundred_at_once_make_one_fetch(issuer_server: Issuer) -> None:
    verifier, issuer_server.delay = verifier_of(issuer_server, retry_seconds=5), 0.1
    token = issuer_server.token()
    assert await asyncio.gather(*(subject(verifier, token) for _ in range(200))) == ["can-bo-1"] * 200
    assert issuer_server.fetches() == 1


async def test_who_goes_away_does_not_take_the_fetch_along(issuer_server: Issuer) -> None:
    verifier, issuer_server.delay = verifier_of(issuer_server, retry_seconds=5), 0.1
    first, second = (asyncio.create_task(subject(verifier, issuer_server.token())) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == "can-bo-1"
    with suppress(asyncio.CancelledError):
        await first
    assert first.cancelled()


# --- rotation -----------------------------------------------------------------------------------------------


async def test_a_new_key_counts_at_once_and_an_old_one_until_it_has_aged(issuer_server: Issuer) -> None:
    ticks = Ticks()
    verifier = verifier_of(issuer_server, ticks, refresh_seconds=300, retry_seconds=5)
    old = issuer_server.published[0]
    assert await subject(verifier, issuer_server.token(old))
    ticks.now += 6
    issuer_server.published = [new_key()]  # the old one withdrawn in the same moment
    assert await subject(verifier, issuer_server.token(old))  # nobody has told us yet
    assert await subject(verifier, issuer_server.token())
    with pytest.raises(Unauthenticated):
        await subject(verifier, issuer_server.token(old))
    assert issuer_server.fetches() == 2


async def test_a_key_published_right_after_a_fetch_is_waited_for(issuer_server: Issuer) -> None:
    """Neither the least time between fetches nor an answer that was under way refuses a token that is good."""
    verifier = verifier_of(issuer_server, retry_seconds=0.3)
    await subject(verifier, issuer_server.token())
    issuer_server.published = [new_key()]
    assert await subject(verifier, issuer_server.token()) == "can-bo-1"
    issuer_server.delay = 0.4
    stranger = asyncio.create_task(subject(verifier, issuer_server.token(new_key())))
    await asyncio.sleep(0.5)  # the stranger's fetch is under way and has been answered with the keys of before
    issuer_server.published = [new_key()]
    assert await subject(verifier, issuer_server.token()) == "can-bo-1"
    with pytest.raises(Unauthenticated):
        await stranger


async def test_a_withdrawn_key_is_refused_once_the_keys_are_due(issuer_server: Issuer) -> None:
    """Also where nobody asked anything meanwhile: what is too old is never served while a fetch is under way."""
    ticks = Ticks()
    verifier = verifier_of(issuer_server, ticks, refresh_seconds=300)
    old = issuer_server.published[0]
    assert await subject(verifier, issuer_server.token(old))
    issuer_server.published, issuer_server.delay = [new_key()], 0.05
    ticks.now += 300
    with pytest.raises(Unauthenticated):
        await subject(verifier, issuer_server.token(old))
    issuer_server.published = []  # a provider that withdraws everything is believed
    ticks.now += 300
    with pytest.raises(Unauthenticated):
        await subject(verifier, issuer_server.token(new_key()))


async def test_keys_are_renewed_before_they_are_due_without_anybody_waiting(issuer_server: Issuer) -> None:
    ticks = Ticks()
    verifier = verifier_of(issuer_server, ticks, refresh_seconds=300)
    token = issuer_server.token()
    await subject(verifier, token)
    ticks.now, issuer_server.delay = ticks.now + 250, 0.6
    await asyncio.wait_for(subject(verifier, token), 1)  # a fetch takes longer
    await asyncio.sleep(1.5)
    ticks.now, issuer_server.delay = ticks.now + 60, 0
    assert await subject(verifier, token)
    assert issuer_server.fetches() == 2


async def test_tokens_of_keys_nobody_knows_cannot_make_us_ask_often(issuer_server: Issuer) -> None:
    verifier = verifier_of(issuer_server, retry_seconds=0.5)
    await subject(verifier, issuer_server.token())
    strangers = [issuer_server.token(new_key()) for _ in range(100)]
    for _ in range(2):
        answers = await asyncio.gather(*(subject(verifier, one) for one in strangers), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unauthenticated}
    assert issuer_server.fetches() <= 4
    assert issuer_server.most_open == 1


async def test_what_is_not_for_us_makes_us_ask_nothing(issuer_server: Issuer) -> None:
    verifier = verifier_of(issuer_server)
    for changes in ({"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}, {"sub": ""}):
        with pytest.raises(Unauthenticated):
            await subject(verifier, issuer_server.token(new_key(), **changes))
    assert issuer_server.asked == []


@pytest.mark.slow
async def test_two_hundred_callers_while_keys_rotate(
    issuer_server: Issuer, settings_for: SettingsFor, make: Make
) -> None:
    """Real requests against the real app, the key changing ever and again: signed by the newest published key, none
    is refused; the old key is refused once the keys have aged."""
    person, refresh = await make.person(Role.EDITOR), 2.0
    settings = settings_for(CommonSettings, "reports")
    settings.auth = settings_of(issuer_server, refresh_seconds=refresh, retry_seconds=0.1, fetch_seconds=5)
    app, issuer_server.delay = create_app(HELLO, settings, SystemClock()), 0.02
    answers: Counter[int] = Counter()
    ending = asyncio.Event()
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:

        async def caller() -> None:
            while not ending.is_set():
                token = issuer_server.token(sub=person.subject)  # by the newest key that is published now
                answers[(await client.get(ME, headers=bearer(token))).status_code] += 1

        callers = [asyncio.create_task(caller()) for _ in range(200)]
        for n in range(14):
            await asyncio.sleep(0.04 + 0.11 * (n % 6))  # also within the least time between two fetches
            # Those before stay: a token signed by one of them may still be waiting for its turn among two hundred.
            issuer_server.published = [new_key(), *issuer_server.published]
        ending.set()
        await asyncio.gather(*callers)
        assert set(answers) == {200}
        assert answers[200] > 400
        assert issuer_server.most_open == 1
        assert issuer_server.fetches() <= 1 + 5.5 / 0.1
        withdrawn = bearer(issuer_server.token(sub=person.subject))
        assert (await client.get(ME, headers=withdrawn)).status_code == 200
        issuer_server.published = [new_key()]
        await asyncio.sleep(refresh + 0.1)
        assert (await client.get(ME, headers=withdrawn)).status_code == 401
        await issuer_server.stop()
        fresh = bearer(issuer_server.token(sub=person.subject))
        assert (await client.get(ME, headers=fresh)).status_code == 200  # its key is held, the provider is away
        held = bearer(issuer_server.token(new_key(), sub=person.subject))
        refused = await client.get(ME, headers=held)
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")


# --- the issuer is away, or says something else -----------------------------------------------------------------


async def test_while_the_issuer_is_away_the_last_keys_serve_for_a_time(issuer_server: Issuer) -> None:
    ticks = Ticks()
    verifier = verifier_of(issuer_server, ticks, refresh_seconds=300, outage_seconds=3600, retry_seconds=5)
    token, port = issuer_server.token(exp=2e9), issuer_server.port
    await subject(verifier, token)
    await issuer_server.stop()
    for _ in range(35):
        ticks.now += 100
        assert await subject(verifier, token) == "can-bo-1"
    ticks.now += 100
    with pytest.raises(IssuerUnreachable) as refused:
        await subject(verifier, token)
    assert refused.value.status == 503
    assert refused.value.retry_after
    assert refused.value.document()["title_en"].startswith("Access tokens cannot be checked")
    issuer_server.port = port
    await issuer_server.start()
    ticks.now += 5
    assert await subject(verifier, token) == "can-bo-1"


async def test_a_missing_issuer_is_a_503_in_two_languages(
    issuer_server: Issuer, settings_for: SettingsFor, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(CommonSettings, "reports")
    settings.auth = settings_of(issuer_server, retry_seconds=30)
    token = issuer_server.token()
    await issuer_server.stop()
    app = create_app(HELLO, settings, SystemClock())
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        with caplog.at_level(logging.WARNING, "lantoa.auth"):
            answers = [await client.get(ME, headers=bearer(token)) for _ in range(20)]
        assert len(caplog.records) == 1  # one try, not one for each request
        assert {answer.status_code for answer in answers} == {503}
        document = answers[-1].json()
        assert document["title"].startswith("Chưa kiểm tra được mã truy cập")
        assert document["type"] == "urn:lantoa:problem:issuer-unreachable"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
        assert (await client.get("/api/reports/v1/open")).status_code == 200
        assert (await client.get(ME)).status_code == 401


WRONG = {
    "another issuer": lambda i: i.discovery(issuer="https://evil.example"),
    "almost the issuer": lambda i: i.discovery(issuer=i.url + "/"),
    "no issuer": lambda i: i.discovery(issuer=None),
    "keys over plain http elsewhere": lambda i: i.discovery(jwks_uri="http://keys.example/"),
    "keys in a file": lambda i: i.discovery(jwks_uri="file:///etc/passwd"),
    "no place for keys": lambda i: i.discovery(jwks_uri=None),
    "keys at a broken address": lambda i: i.discovery(jwks_uri="https://[::bad/"),
    "an error": lambda i: (500, b"{}"),
    "a redirect": lambda i: (302, i.keys()[1]),
    "not JSON": lambda i: (200, b"<html>"),
    "not an object": lambda i: (200, b"[]"),
    "nested": lambda i: (200, b"[" * 100_000),
    "too much": lambda i: (200, b" " * 300_000 + i.discovery()[1]),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
async def test_a_discovery_that_is_not_the_issuers_gives_no_keys(issuer_server: Issuer, wrong: str) -> None:
    issuer_server.pages["/.well-known/openid-configuration"] = lambda: WRONG[wrong](issuer_server)
    with pytest.raises(IssuerUnreachable):
        await subject(verifier_of(issuer_server), issuer_server.token())


@pytest.mark.parametrize("body", [b"{}", b'{"keys": {}}', b'{"keys"', b"null", b'{"keys": [' + b"{}," * 200 + b"{}]}"])
async def test_a_broken_jwks_changes_nothing(issuer_server: Issuer, body: bytes) -> None:
    ticks = Ticks()
    verifier = verifier_of(issuer_server, ticks, refresh_seconds=300, retry_seconds=5)
    token = issuer_server.token()
    await subject(verifier, token)
    issuer_server.pages["/keys"] = lambda: (200, body)
    ticks.now += 301
    assert await subject(verifier, token) == "can-bo-1"
    assert issuer_server.fetches() == 2


async def test_a_slow_issuer_is_given_up(issuer_server: Issuer) -> None:
    issuer_server.delay = 3
    with pytest.raises(IssuerUnreachable):
        await asyncio.wait_for(subject(verifier_of(issuer_server, fetch_seconds=0.2), issuer_server.token()), 2.5)


# --- which keys ---------------------------------------------------------------------------------------------------


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def test_only_public_keys_for_signatures_are_taken() -> None:
    good, rsa = new_key(), RSAKey.generate_key(2048, auto_kid=True)
    weak = {**public(rsa), "n": public(rsa)["n"][:170]}
    listed = [
        public(good), public(rsa, use="enc"), public(rsa, key_ops=["encrypt"]), rsa.as_dict(private=True), weak,
        OctKey.generate_key(256).as_dict(private=True), {"kty": "RSA"}, {"kty": "new"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {}, [], "x", None,
    ]  # fmt: skip
    assert [key.kid for key in read_keys({"keys": listed}).keys] == [good.kid]
    with pytest.raises(KeysUnavailable):
        read_keys({"keys": [public(good)] * 101})


def test_a_key_is_for_its_own_algorithm() -> None:
    rsa, curve, edwards = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), new_key()
    assert [one for one in ALGORITHMS if fits(rsa, one)] == ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
    assert [one for one in ALGORITHMS if fits(curve, one)] == ["ES256"]
    assert [one for one in ALGORITHMS if fits(edwards, one)] == ["Ed25519"]
    told = RSAKey.import_key(public(rsa, alg="RS512"))
    assert [one for one in ALGORITHMS if fits(told, one)] == ["RS512"]
    assert fits(OKPKey.import_key(public(edwards, alg="EdDSA")), "Ed25519")


def test_two_keys_of_one_name_are_none() -> None:
    one, other = new_key(), new_key()
    keys = read_keys({"keys": [public(one), public(other, kid=one.kid)]})
    assert keys.find(one.kid, "Ed25519") is None
    assert read_keys({"keys": [public(one), public(other)]}).find(None, "Ed25519") is None
    assert read_keys({"keys": [public(one)]}).find(None, "Ed25519") is not None


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "http://sso.example"},
        {"issuer": "https://sso.example", "discovery_url": "http://sso.example/x"},
        {"issuer": "https://sso.example", "discovery_url": "http://127.0.0.1.evil.example/x"},
        {"issuer": "https://sso.example", "discovery_url": "https://a:b@sso.example/x"},
        {"issuer": "https://sso.example", "discovery_url": "https://[x/"},
        {"issuer": "https://sso.example", "discovery_url": "https://sso.example/x", "jwks_file": "x"},
        {"issuer": "https://sso.example", "refresh_seconds": 1, "retry_seconds": 2},
        {"issuer": DEV_ISSUER},
        {"issuer": "sso"},
    ],
)
def test_settings_that_would_trust_the_wrong_thing_do_not_start(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AuthSettings(**told)


def test_where_discovery_is_looked_for() -> None:
    assert AuthSettings(issuer="https://sso.example/realms/city/").where_to_discover == (
        "https://sso.example/realms/city/.well-known/openid-configuration"
    )
    assert AuthSettings(issuer="https://a.example", discovery_url="https://b.example/x").where_to_discover == (
        "https://b.example/x"
    )


def test_keys_in_a_file_are_held_to_the_same_rules(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [OctKey.generate_key(256).as_dict(private=True)]}))
    verifier = TokenVerifier(AuthSettings(issuer="x", jwks_file=file))
    with pytest.raises(Unauthenticated):
        asyncio.run(verifier.subject("a.b.c", datetime.now(UTC)))
