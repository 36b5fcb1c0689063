"""Who is asking: what a token must be, what a role may do where, and that every route of every service says so."""

import asyncio
import base64
import hmac
import importlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import text

from libs.common.app import Service, create_app
from libs.common.auth import Principal, public, require
from libs.common.auth.dev import DEV_ISSUER, PRIVATE_FILE, PUBLIC_FILE, dev_token, ensure_keys
from libs.common.auth.principal import is_loopback
from libs.common.auth.tokens import TokenVerifier
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.local.paths import checkout
from libs.common.models.enums import Role
from libs.common.settings import AuthSettings, CommonSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON, ClientFor, SettingsFor, SignedIn

router = APIRouter(prefix="/api/reports/v1")


@router.get("/me", responses=problems(Unauthenticated, Forbidden))
async def me(who: Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON)]) -> dict[str, Any]:
    return {"subject": who.subject, "unit_id": who.unit_id, "grants": sorted(role for role, _ in who.grants)}


@router.get("/units/{unit_id}", responses=problems(Forbidden))
async def act_in(unit_id: UUID, who: Annotated[Principal, require(Role.EDITOR)]) -> dict[str, str]:
    if not who.has_within(unit_id, Role.EDITOR):
        raise Forbidden()
    return {}


@router.get("/open", dependencies=[public()])
async def everybody() -> dict[str, str]:
    return {}


HELLO = Service("reports", CommonSettings, routers=[router])
ME = "/api/reports/v1/me"


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOON.timestamp())
    whole = {"iss": DEV_ISSUER, "aud": "lantoa", "sub": "ai-do", "iat": now, "exp": now + 600}
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.fixture
def key(issuer: Path) -> OKPKey:
    ensure_keys(issuer)
    return OKPKey.import_key(json.loads((issuer / PRIVATE_FILE).read_text()))


def signed(key: Any, told: dict[str, Any], algorithm: str = "Ed25519", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, **header}, told, key, algorithms=[algorithm])


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(told: dict[str, Any], algorithm: str) -> str:
    return f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(told)}."


def confused(issuer: Path, told: dict[str, Any], material: str) -> str:
    """Signed with HMAC, the public key being the secret: a checker that trusts the header would accept it."""
    public_key = json.loads((issuer / PUBLIC_FILE).read_text())["keys"][0]
    secret = {
        "x": base64.urlsafe_b64decode(public_key["x"] + "=="),
        "jwk": json.dumps(public_key).encode(),
        "pem": OKPKey.import_key(public_key).as_pem(private=False),
    }[material]
    header = {"alg": "HS256", "kid": public_key["kid"]}
    body = f"{segment(header)}.{segment(told)}"
    return f"{body}.{base64.urlsafe_b64encode(hmac.digest(secret, body.encode(), 'sha256')).decode().rstrip('=')}"


def forgeries(key: OKPKey, issuer: Path, subject: str) -> Iterator[tuple[str, str]]:
    now, told = int(NOON.timestamp()), claims(sub=subject)
    good = signed(key, told)
    yield "expired", signed(key, claims(sub=subject, exp=now - 31))
    yield "not yet valid", signed(key, claims(sub=subject, nbf=now + 600))
    yield "without an end", signed(key, claims(sub=subject, exp=None))
    yield "without a subject", signed(key, claims(sub=None))
    yield "other audience", signed(key, claims(sub=subject, aud="another-city"))
    yield "no audience", signed(key, claims(sub=subject, aud=None))
    yield "other issuer", signed(key, claims(sub=subject, iss="https://evil.example"))
    yield "no issuer", signed(key, claims(sub=subject, iss=None))
    yield "other key", signed(OKPKey.generate_key("Ed25519"), told)
    yield "other key, same id", signed(OKPKey.generate_key("Ed25519"), told, kid=key.kid)
    yield "other kind of key", signed(RSAKey.generate_key(2048), told, "RS256")
    yield "elliptic", signed(ECKey.generate_key("P-256"), told, "ES256", kid=key.kid)
    yield "embedded key", signed(other := OKPKey.generate_key("Ed25519"), told, jwk=other.as_dict(private=False))
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg={algorithm}", unsigned(told, algorithm)
    for material in ("x", "jwk", "pem"):
        yield f"HS256 with the public {material}", confused(issuer, told, material)
    yield "signature cut off", good.rsplit(".", 1)[0] + "."
    yield "signature of another", good.rsplit(".", 1)[0] + "." + signed(key, claims(sub="khac")).rsplit(".", 1)[1]
    yield "other claims", ".".join([good.split(".")[0], segment(claims(sub="admin")), good.split(".")[2]])
    yield "claims are a list", jws.serialize_compact({"alg": "Ed25519"}, "[]", key, algorithms=["Ed25519"])
    yield "nested deeply", "." + base64.urlsafe_b64encode(b"[" * 6000).decode() + "."
    yield "not a token", "lantoa"


@pytest.mark.mission("M22")
async def test_only_a_token_of_the_issuer_for_us_in_time_counts(
    client_for: ClientFor, make: Make, key: OKPKey, issuer: Path
) -> None:
    client = await client_for(HELLO)
    person = await make.person(Role.EDITOR)
    good = await client.get(ME, headers=bearer(signed(key, claims(sub=person.subject))))
    assert (good.status_code, good.json()["subject"]) == (200, person.subject)
    for name, token in forgeries(key, issuer, person.subject):
        answer = await client.get(ME, headers=bearer(token))
        assert answer.status_code == 401, name
        assert answer.headers["content-type"] == "application/problem+json", name
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["title"] == "Cần đăng nhập"


async def test_without_a_token_nobody_is_let_in(client_for: ClientFor) -> None:
    client = await client_for(HELLO)
    headers: list[dict[str, str]] = [{}, *({"Authorization": told} for told in ("Basic YTpi", "Bearer", ""))]
    for header in headers:
        assert (await client.get(ME, headers=header)).status_code == 401
        assert (await client.get("/api/reports/v1/open", headers=header)).status_code == 200


@given(token=st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: segment(raw.hex()) + ".a.b"))
def test_whatever_is_sent_as_a_token_is_refused_and_breaks_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        asyncio.run(VERIFIER[0].subject(token, NOON))


VERIFIER: list[TokenVerifier] = []


@pytest.fixture(autouse=True)
def _verifier(issuer: Path) -> None:
    VERIFIER[:] = [TokenVerifier(AuthSettings(issuer=DEV_ISSUER, jwks_file=ensure_keys(issuer)))]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- roles ---------------------------------------------------------------------------------------------------


async def test_a_role_counts_where_and_while_it_is_held(
    client_for: ClientFor, make: Make, signed_in: SignedIn, issuer: Path, clock: FrozenClock, db: Database
) -> None:
    client = await client_for(HELLO)
    ward, other = await make.unit(), await make.unit()
    person = await make.person(Role.EDITOR, unit_id=ward.id)
    headers = bearer(dev_token(issuer, person.subject, clock.now()))
    assert (await client.get(f"/api/reports/v1/units/{ward.id}", headers=headers)).status_code == 200
    for unit_id in (other.id, await make.city()):
        assert (await client.get(f"/api/reports/v1/units/{unit_id}", headers=headers)).status_code == 403
    for wrong in (await signed_in(Role.VIEWER), await signed_in(Role.ADMIN), await signed_in()):
        refused = await client.get(ME, headers=wrong)
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        assert "editor, spokesperson" in refused.json()["detail"]
    clock.advance(timedelta(seconds=1))
    await run(db, "UPDATE role_grants SET valid_to = :now WHERE person_id = :id", now=clock.now(), id=person.id)
    assert (await client.get(ME, headers=headers)).status_code == 403
    await run(db, "UPDATE role_grants SET valid_to = NULL")
    assert (await client.get(ME, headers=headers)).status_code == 200
    await run(db, "UPDATE people SET is_active = false")
    assert (await client.get(ME, headers=headers)).status_code == 401


async def test_a_grant_of_the_future_does_not_count_yet(
    client_for: ClientFor, make: Make, issuer: Path, clock: FrozenClock, db: Database
) -> None:
    client = await client_for(HELLO)
    person = await make.person(Role.EDITOR)
    headers = bearer(dev_token(issuer, person.subject, clock.now()))
    await run(db, "UPDATE role_grants SET valid_from = :at", at=clock.now() + timedelta(minutes=1))
    assert (await client.get(ME, headers=headers)).status_code == 403
    clock.advance(timedelta(minutes=1))
    assert (await client.get(ME, headers=headers)).status_code == 200


async def test_somebody_unknown_is_nobody_and_a_token_brings_no_roles(client_for: ClientFor, key: OKPKey) -> None:
    client = await client_for(HELLO)
    told = claims(sub="khong-ai", roles=["admin", "editor"], role="admin", scope="editor")
    assert (await client.get(ME, headers=bearer(signed(key, told)))).status_code == 401


async def run(db: Database, statement: str, **values: Any) -> None:
    async with db.transaction() as session:
        await session.execute(text(statement), values)


# --- the development issuer ------------------------------------------------------------------------------------


OUTSIDE = ("10.0.0.7", "203.0.113.9", "2001:db8::1", "::ffff:10.0.0.7", "0.0.0.0", "testclient")


async def test_development_tokens_are_refused_outside_this_machine(
    settings_for: SettingsFor, clock: FrozenClock, signed_in: SignedIn
) -> None:
    app = create_app(HELLO, settings_for(CommonSettings, "reports"), clock)
    headers = await signed_in(Role.EDITOR)
    async with app.router.lifespan_context(app):
        for where, status in (*((peer, 401) for peer in OUTSIDE), ("127.0.0.1", 200)):
            transport = httpx.ASGITransport(app=app, client=(where, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://lantoa.test") as client:
                assert (await client.get(ME, headers=headers)).status_code == status


def test_only_addresses_of_this_machine_are_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("", "localhost", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example")))


def test_the_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    first = (tmp_path / PRIVATE_FILE).read_text()
    ensure_keys(tmp_path)
    assert (tmp_path / PRIVATE_FILE).read_text() == first
    assert (tmp_path / PRIVATE_FILE).stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads((tmp_path / PUBLIC_FILE).read_text())["keys"][0]


# --- every route -----------------------------------------------------------------------------------------------

MAINS = sorted((checkout() / "services").glob("*/main.py"))


@pytest.fixture(params=MAINS, ids=lambda path: path.parent.name)
def service(request: pytest.FixtureRequest) -> Service:
    """Each service that has a main.py: one that cannot be imported fails here."""
    module = importlib.import_module(f"services.{request.param.parent.name}.main")
    found: Service = module.SERVICE
    return found


def declared(route: APIRoute) -> list[tuple[Role, ...]]:
    """What the route's dependencies, at any depth, say about who may call it."""

    def walk(dependant: Any) -> Iterator[Callable[..., Any]]:
        for inner in dependant.dependencies:
            yield inner.call
            yield from walk(inner)

    return [call.lantoa_roles for call in walk(route.dependant) if hasattr(call, "lantoa_roles")]


def test_there_are_services() -> None:
    assert MAINS


def routes_of(service: Service, settings_for: SettingsFor) -> list[APIRoute]:
    app = create_app(service, settings_for(CommonSettings, service.name), FrozenClock(NOON))
    return [route for route in every_route(app.routes) if isinstance(route, APIRoute)]


def every_route(routes: Any) -> Iterator[Any]:
    """Routes, also those that FastAPI keeps within the routers they came with."""
    for route in routes:
        if inner := getattr(route, "effective_route_contexts", None):
            yield from (context.original_route for context in inner())
        else:
            yield route


def test_a_silent_route_would_be_found(settings_for: SettingsFor) -> None:
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/silent", everybody)
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    outer.add_api_route("/told", everybody, dependencies=[public()])
    routes = routes_of(Service("reports", CommonSettings, routers=[outer]), settings_for)
    assert [route.path for route in routes if not declared(route)] == ["/inner/silent"]
    assert len(routes) == 4


@pytest.mark.mission("M22")
def test_every_route_says_who_may_call_it(service: Service, settings_for: SettingsFor) -> None:
    routes = routes_of(service, settings_for)
    assert len(routes) > 2
    silent = [f"{sorted(route.methods)} {route.path}" for route in routes if not declared(route)]
    assert silent == []


def described(service: Service, settings_for: SettingsFor) -> dict[str, Any]:
    return create_app(service, settings_for(CommonSettings, service.name), FrozenClock(NOON)).openapi()


OF_ANYBODY_KNOWN = {("/api/publish/v1/me", "get")}
"""Routes that ask who it is and for no role."""


@pytest.mark.mission("M22")
def test_the_interface_says_who_may_call_what(service: Service, settings_for: SettingsFor) -> None:
    document = described(service, settings_for)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    asked = {
        (route.path, method.lower()): declared(route)[0]
        for route in routes_of(service, settings_for)
        for method in route.methods
        if route.include_in_schema
    }
    shown = {(path, method): told for path, item in document["paths"].items() for method, told in item.items()}
    assert shown.keys() == asked.keys()
    for key, roles in asked.items():
        listed = [] if key in OF_ANYBODY_KNOWN else [role.value for role in roles]
        assert shown[key].get("security", []) == ([{"bearer": listed}] if roles else []), key
        assert len({"401", "403"} & shown[key]["responses"].keys()) == (2 if roles else 0), key
