"""An unconfirmed match shows no verdict anywhere public: every route an outsider may ask, and every event."""

import importlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from libs.common.app import Service
from libs.common.events import ALL_EVENTS
from libs.common.events.publication import CorrectionPublished
from libs.common.models.enums import Role, Verdict
from tests.classify.claims.test_claim_desk import CLAIM, EVIDENCE, RUMOUR, made, told
from tests.classify.conftest import Desk

SLOW = pytest.mark.slow
SERVICES = ["classify", "reports", pytest.param("ingest", marks=SLOW), pytest.param("publish", marks=SLOW)]
"""The last two have many routes."""
VERDICT = "tin_sai_su_that"
SAID = (VERDICT, EVIDENCE[0]["url"])


def service(name: str) -> Service:
    found: Service = importlib.import_module(f"services.{name}.main").SERVICE
    return found


def asked(name: str, claim: str, content: UUID) -> Iterator[str]:
    """Every address of a service that is read, with the ids that there are."""
    for router in service(name).routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                path = route.path
                for parameter in route.dependant.path_params:
                    value = claim if parameter.name == "claim_id" else str(content)
                    path = path.replace(f"{{{parameter.name}:path}}", "x").replace(f"{{{parameter.name}}}", value)
                yield path


@pytest.mark.mission("M07")
@pytest.mark.parametrize("name", SERVICES)
async def test_no_public_route_tells_the_verdict_of_an_unconfirmed_match(
    desk: Desk, client_for: Any, signed_in: Any, name: str
) -> None:
    """The claim's own verdict may be public: then a route about the content still says nothing of it."""
    checker, integrator = await signed_in(Role.FACT_CHECKER), await signed_in(Role.INTEGRATOR)
    desk_client = await client_for(service("classify"))
    claim = await made(desk_client, checker, verdict=VERDICT, evidence=EVIDENCE)
    content = await told(desk)
    client = desk_client if name == "classify" else await client_for(service(name))
    paths = sorted(set(asked(name, claim, content)))
    assert len(paths) > 5
    answered, nobody = 0, dict[str, str]()
    for published in (False, True):
        if published:
            async with desk.owner.transaction() as session:
                await session.execute(text("UPDATE claims SET state = 'published'"))
        for path in paths:
            for who in (nobody, integrator):
                answer = await client.get(path, params={"q": "cầu", "content_id": str(content)}, headers=who)
                answered += answer.status_code == 200
                if answer.headers.get("content-type", "").startswith("text/event-stream"):
                    continue
                _tells_nothing(path, answer.text, content, published)
    assert answered > 0


def _tells_nothing(path: str, body: str, content: UUID, published: bool) -> None:
    """Where the content is told of, no verdict is; before the claim is published, nothing of the claim is anywhere.
    (A register may name the verdicts there are.)"""
    if not published:
        assert [word for word in (CLAIM, EVIDENCE[0]["url"]) if word in body] == [], path
    if str(content) in body or RUMOUR[:30] in body:
        assert [word for word in SAID if word in body] == [], path


@pytest.mark.mission("M07")
async def test_no_event_tells_a_verdict_before_its_correction(desk: Desk, client_for: Any, signed_in: Any) -> None:
    checker = await signed_in(Role.FACT_CHECKER)
    client = await client_for(service("classify"))
    claim = await made(client, checker, verdict=VERDICT, evidence=EVIDENCE)
    content = await told(desk)
    await client.post(f"/api/classify/v1/claims/{claim}/matches/{content}/confirm", headers=checker)
    async with desk.owner.transaction() as session:
        payloads = list((await session.execute(text("SELECT payload::text FROM outbox"))).scalars())
    assert any("claim_id" in payload for payload in payloads)
    for payload in payloads:
        assert [word for word in (*SAID, CLAIM, *Verdict) if word in payload] == []
    assert Verdict.CHUA_XAC_MINH not in str(CorrectionPublished.model_json_schema()), "which is never public"
    for event in set(ALL_EVENTS) - {CorrectionPublished}:
        assert "verdict" not in str(event.model_json_schema()).lower().replace("never says the verdict", ""), event
