"""A case passed on to another Open311 server: there once whatever the answer, and heard of again.

The sandbox's server is asked over a socket, and its ledger is the witness.
"""

import asyncio
import html
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from libs.common import models as m
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from sandbox.main import create
from sandbox.settings import SandboxSettings
from services.ingest.feedback.data_requests import ERASED
from services.ingest.feedback.settings import Open311Settings, OtherServer
from services.ingest.resources import open_resources
from services.ingest.settings import FeedbackSettings
from services.ingest.transfers import wire
from services.ingest.transfers.jobs import step_transfer
from services.ingest.transfers.service import follow_again
from tests.ingest.citizens import API_KEY, FEEDBACK_KEY, Citizen
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk

KEY = "khoa-cua-thanh-pho-o-may-ben"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create(SandboxSettings()), port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@dataclass
class Next:
    """Our desk, one case, and the other city's server beside it."""

    desk: Desk
    http: httpx.AsyncClient
    officer: dict[str, str]
    case: m.FeedbackCase

    async def control(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.http.request(method, f"/control/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def fault(self, kind: str, operation: str = "requests.create", **more: Any) -> None:
        await self.control("POST", "faults", platform="open311", kind=kind, operation=operation, **more)

    async def filed(self) -> list[dict[str, Any]]:
        entries = (await self.control("GET", "ledger"))["entries"]
        return [one for one in entries if one["operation"] == "requests.create"]

    async def pass_on(self, server: str = "ben") -> httpx.Response:
        return await self.desk.ask(
            "POST", f"/feedback-cases/{self.case.id}/transfers", who=self.officer, json={"server": server}
        )

    async def later(self, **by: float) -> None:
        """Time passes on both sides, and what is due then is done."""
        self.desk.clock.advance(timedelta(**by))
        await self.control("POST", "clock/advance", seconds=timedelta(**by).total_seconds())
        async with open_resources(self.desk.settings, self.desk.worker_db, self.desk.clock) as held:
            context = JobContext(self.desk.worker_db, self.desk.clock, held, asyncio.Event())
            for _ in range(10):
                if not await step_transfer(context):
                    return

    async def transfer(self) -> dict[str, Any]:
        rows = (await self.desk.ask("GET", f"/feedback-cases/{self.case.id}/transfers", who=self.officer)).json()
        return dict(rows[-1])

    async def row(self) -> m.CaseTransfer:
        """Also once the officer's token has run out."""
        async with self.desk.db.transaction() as session:
            return (await session.scalars(select(m.CaseTransfer))).one()

    async def notes(self) -> list[str]:
        query = select(m.CaseEvent.public_note).where(m.CaseEvent.case_id == self.case.id).order_by(m.CaseEvent.id)
        async with self.desk.db.transaction() as session:
            return [note for note in await session.scalars(query) if note]


@pytest.fixture
async def beside(desk_with: DeskWith, sandbox: str, signed_in: Any) -> Any:
    services = {"rac-thai": "001", "khac": "003"}
    server = {
        "name": "ben",
        "url": f"{sandbox}/open311/v2",
        "key": KEY,
        "agency": "Thành phố bên",
        "services": services,
    }
    told = Open311Settings(
        keys=SecretStr(json.dumps([{"name": "app", "key": API_KEY}])), servers=SecretStr(json.dumps([server]))
    )
    desk = await desk_with(open311=told, feedback=FeedbackSettings(key=SecretStr(FEEDBACK_KEY)))
    async with httpx.AsyncClient(base_url=sandbox) as http:
        await Citizen(desk).file(description="Rác ở ranh giới. Gọi 0912345678.", email="lan@example.vn")
        found = Next(desk, http, await signed_in(Role.FEEDBACK_OFFICER), (await desk.cases())[0])
        await found.control("POST", "reset", at=desk.clock.now().isoformat())
        await found.control("POST", "clock/freeze")
        await found.control("PUT", "accounts", platform="open311", handle="hanoi", password=KEY)
        yield found


async def test_a_case_is_there_once_without_its_sender_and_what_is_said_of_it_comes_back(beside: Next) -> None:
    assert (await beside.pass_on()).status_code == 201
    assert (await beside.pass_on()).status_code == 409
    await beside.later(seconds=1)
    (there,) = await beside.filed()
    assert there["data"]["service_code"] == "001"
    assert f"[Lan Tỏa {beside.case.reference}]" in there["data"]["description"]
    assert "0912345678" not in json.dumps(there)
    assert "lan@example.vn" not in json.dumps(there)
    assert set(there["data"]["sent"]) == {
        "service_code", "description", "address_string", "attribute[external_id]",
    }  # fmt: skip
    shown = await beside.transfer()
    assert (shown["state"], shown["remote_id"]) == ("sent", there["subject"])

    replies = [{"text": "Đã cử đội dọn. Gọi 0987654321.", "author": "open"}, {"text": "Xong.", "author": "closed"}]
    await beside.control("POST", "open311/engage", post=shown["remote_id"], replies=replies)
    await beside.later(minutes=31)
    await beside.later(minutes=31)
    assert await beside.notes() == [
        "Đã chuyển đến Thành phố bên để xử lý.",
        "Thành phố bên: đang xử lý. Đã cử đội dọn. Gọi [số điện thoại].",
        "Thành phố bên: đã xử lý xong. Xong.",
    ]
    assert (await beside.transfer())["state"] == "done"
    assert len(await beside.filed()) == 1


async def test_a_server_without_updates_is_read_by_its_status(beside: Next) -> None:
    await beside.fault("http_status", operation="updates.list", status=404, times=9)
    await beside.pass_on()
    await beside.later(seconds=1)
    remote_id = (await beside.transfer())["remote_id"]
    await beside.control("POST", "open311/engage", post=remote_id, replies=[{"text": "Đã cử đội.", "author": "open"}])
    for _ in range(2):
        await beside.later(minutes=31)
    await beside.control("POST", "open311/engage", post=remote_id, replies=[{"text": "Xong.", "author": "closed"}])
    await beside.later(minutes=31)
    said = ["Thành phố bên: đang xử lý. Đã cử đội.", "Thành phố bên: đã xử lý xong. Xong."]
    assert (await beside.notes())[1:] == said
    assert (await beside.transfer())["state"] == "done"


@pytest.mark.parametrize("kind", ["executed_response_lost", "http_status"])
async def test_an_answer_that_is_lost_is_found_by_asking_and_never_sent_again(beside: Next, kind: str) -> None:
    await beside.fault(kind, executed=True)
    await beside.pass_on()
    await beside.later(seconds=1)
    assert (await beside.transfer())["state"] == "unknown"
    await beside.later(minutes=2)
    (there,) = await beside.filed()
    shown = await beside.transfer()
    assert (shown["state"], shown["remote_id"]) == ("sent", there["subject"])


async def test_what_asking_does_not_find_is_decided_by_a_person(beside: Next) -> None:
    await beside.fault("http_status", executed=False)
    await beside.pass_on()
    await beside.later(seconds=1)
    for _ in range(6):
        await beside.later(minutes=6)
    shown = await beside.transfer()
    assert (shown["state"], shown["trouble"], await beside.filed()) == ("undecided", "not_found_there", [])
    async with beside.desk.db.transaction() as session:
        told = (await session.scalars(select(m.Notification).where(m.Notification.kind == "feedback_transfer"))).all()
    assert [(one.role, one.object_id) for one in told] == [("feedback_officer", beside.case.id)]
    where = f"/feedback-cases/{beside.case.id}/transfers/{shown['id']}/decision"
    decided = await beside.desk.ask("POST", where, who=beside.officer, json={"remote_id": None})
    assert decided.json()["state"] == "failed"
    assert (await beside.desk.ask("POST", where, who=beside.officer, json={"remote_id": "9"})).status_code == 409
    assert (await beside.pass_on()).status_code == 201, "another try is another row, asked for by a person"
    await beside.later(seconds=1)
    assert len(await beside.filed()) == 1


async def test_a_server_that_stays_away_after_an_unclear_answer_is_for_a_person(beside: Next) -> None:
    await beside.fault("http_status", executed=True)
    await beside.pass_on()
    await beside.later(seconds=1)
    await beside.fault("http_status", operation="requests.list", times=9)
    await beside.later(days=1)
    assert (await beside.row()).state == "unknown"
    await beside.later(days=2, hours=1)
    row = await beside.row()
    assert (row.state, row.trouble, len(await beside.filed())) == ("undecided", "server_away", 1)


async def test_a_process_that_died_after_arming_is_asked_about_and_not_sent(beside: Next) -> None:
    await beside.pass_on()
    async with beside.desk.worker_db.transaction() as session:
        row = (await session.scalars(select(m.CaseTransfer))).one()
        row.state, row.armed_at = "armed", beside.desk.clock.now()
        row.due_at = beside.desk.clock.now() + timedelta(minutes=10)
    await beside.later(minutes=11)
    assert ((await beside.transfer())["state"], await beside.filed()) == ("unknown", [])


async def test_a_clear_refusal_is_told_and_changes_nothing(beside: Next) -> None:
    await beside.control("PUT", "accounts", platform="open311", handle="hanoi", password=KEY, status="revoked")
    await beside.pass_on()
    await beside.later(seconds=1)
    shown = await beside.transfer()
    assert (shown["state"], shown["trouble"], await beside.filed()) == ("failed", "http_403", [])
    assert KEY not in json.dumps(shown)


@pytest.mark.slow
async def test_a_server_that_is_away_is_asked_ever_more_seldom(beside: Next) -> None:
    await beside.pass_on()
    await beside.later(seconds=1)
    await beside.fault("http_status", operation="updates.list", times=3)
    await beside.fault("http_status", operation="requests.show", times=3)
    for _ in range(3):
        await beside.later(hours=1)
    shown = await beside.transfer()
    assert (shown["state"], shown["looks"]) == ("sent", 3)


async def test_only_what_is_set_can_be_passed_on_to(beside: Next, signed_in: Any) -> None:
    assert (await beside.pass_on("khong-co")).status_code == 404
    names = (await beside.desk.ask("GET", "/open311-servers", who=beside.officer)).json()
    assert names == [{"name": "ben", "agency": "Thành phố bên"}]
    assert (await beside.desk.ask("GET", "/open311-servers", who=await signed_in(Role.VIEWER))).status_code == 403
    other = await Citizen(beside.desk).file(service_code="xe-buyt", description="Xe buýt bỏ bến.")
    number = other.json()[0]["service_request_id"]
    beside.case = next(one for one in await beside.desk.cases() if one.reference == number)
    assert (await beside.pass_on()).status_code == 422


@pytest.mark.slow
async def test_one_that_stays_open_there_is_looked_at_ever_more_seldom_and_at_last_no_more(beside: Next) -> None:
    await beside.pass_on()
    await beside.later(seconds=1)
    assert [follow_again(timedelta(days=days)) for days in (0, 1, 10, 100)] == [
        timedelta(minutes=30), timedelta(minutes=30), timedelta(hours=5), timedelta(hours=12),
    ]  # fmt: skip
    await beside.later(days=181)
    row = await beside.row()
    assert (row.state, row.trouble) == ("done", "still_open_there")


async def test_what_its_sender_had_erased_is_not_sent(beside: Next) -> None:
    await beside.pass_on()
    async with beside.desk.worker_db.transaction() as session:
        case = await session.get_one(m.FeedbackCase, beside.case.id)
        case.body = ERASED
    await beside.later(seconds=1)
    shown = await beside.transfer()
    assert (shown["state"], shown["trouble"], await beside.filed()) == ("failed", "erased", [])


async def test_an_officer_of_another_unit_finds_no_such_case(beside: Next, signed_in: Any) -> None:
    ward = await beside.desk.make.unit()
    beside.officer = await signed_in(Role.FEEDBACK_OFFICER, unit_id=ward.id)
    assert (await beside.pass_on()).status_code == 404
    listed = await beside.desk.ask("GET", f"/feedback-cases/{beside.case.id}/transfers", who=beside.officer)
    assert listed.status_code == 404


@pytest.mark.slow
async def test_a_token_becomes_an_id_later(beside: Next) -> None:
    other = await Citizen(beside.desk).file(service_code="khac", description="Việc khác ở ranh giới.")
    number = other.json()[0]["service_request_id"]
    beside.case = next(one for one in await beside.desk.cases() if one.reference == number)
    await beside.pass_on()
    await beside.later(seconds=1)
    assert ((await beside.transfer())["state"], (await beside.transfer())["remote_id"]) == ("sent", None)
    await beside.later(minutes=6)
    assert (await beside.transfer())["remote_id"] == (await beside.filed())[0]["subject"]


# --- what the other side may answer: pure ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>maintenance</body></html>",
        b"<service_requests/>",
        b"<service_requests><request><service_request_id/></request></service_requests>",
        b"<service_requests><request/><request/></service_requests>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><service_requests><request>'
        b"<service_request_id>&x;</service_request_id></request></service_requests>",
        b"[" * 100_000,
    ],
)
def test_an_answer_that_says_no_id_is_no_proof(body: bytes) -> None:
    with pytest.raises(wire.Unreadable):
        wire.read_filed(body)


TAGS = st.sampled_from(["service_requests", "request", "service_request_id", "token", "status", "description", "x"])
TREES = st.recursive(
    st.text(max_size=8).map(html.escape),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]}>{''.join(one[1])}</{one[0]}>"
    ),
    max_leaves=8,
)


@given(st.binary(max_size=200) | TREES.map(lambda inner: f"<service_requests>{inner}</service_requests>".encode()))
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_is_rows_or_unreadable(body: bytes) -> None:
    for read in (wire.read_filed, lambda one: wire.read_standing(one, "7"), lambda one: wire.find_marked(one, "[x]")):
        with suppress(wire.Unreadable):
            read(body)


def test_a_namespace_and_a_finer_status_are_understood() -> None:
    space = b'xmlns="http://wiki.open311.org/GeoReport_v2"'
    filed = b"<service_requests %s><request><service_request_id>7</service_request_id></request></service_requests>"
    assert wire.read_filed(filed % space).remote_id == "7"
    row = b"<request><service_request_id>7</service_request_id><status>fixed</status></request>"
    assert wire.read_standing(b"<service_requests>%s</service_requests>" % row, "7").is_closed


@pytest.mark.parametrize("url", ["http://ben.example/v2", "https://a:b@ben.example/v2", "ftp://ben.example", "ben"])
def test_a_key_is_sent_over_tls_alone(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        OtherServer(name="ben", url=url, key=SecretStr(KEY))
