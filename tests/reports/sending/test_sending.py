"""A signed report goes to each recipient once, with its proof; what may be out is never sent again by itself."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.reports.issuing import printers
from services.reports.issuing import queries as issuing_queries
from services.reports.issuing.jobs import print_waiting_formats
from services.reports.sending import delivering, returns
from services.reports.sending.jobs import send_reports
from services.reports.sending.return_paths import ReturnPaths
from services.reports.sending.rules import LEASE, RETRIES
from tests.reports.sending.desk import PARTY, REASON, RETURNED_TO, TOKEN, UNIT, Desk, attached, report_of

pytestmark = pytest.mark.mission("M33")


async def test_a_signed_report_goes_to_each_recipient_with_its_proof(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT, PARTY)
    report = await desk.signed()
    document = await desk.document(report, "xlsx")
    assert await desk.send() == 2
    assert sorted(desk.box.to) == [PARTY, UNIT]
    by_address = dict(desk.box.letters)
    for sending in await desk.sendings(report_id=report["id"]):
        letter = by_address[sending["email"]]
        file = attached(letter)
        assert (sending["state"], sending["turn"], sending["attempts"]) == ("sent", 0, 1)
        assert sending["digest"] == hashlib.sha256(document).hexdigest()
        assert (file.get_content(), file.get_filename()) == (document, "BC-SVHTT-01-2026.xlsx")
        assert sending["message_id"] == letter["Message-ID"]
        assert (sending["answer"], sending["sent_at"]) == (
            "250 OK",
            desk.clock.now().isoformat().replace("+00:00", "Z"),
        )
        assert letter["Subject"] == f"Báo cáo số 01/BC-SVHTT: {report['head']['subject']}"
        words = letter.get_body(("plain",))
        assert words is not None
        assert f"Kính gửi: {sending['name']}" in words.get_content()
        assert sending["digest"] in words.get_content()
    room = desk.worker.resources.post_room
    assert set(desk.box.senders) == {room.return_path(UUID(one["id"])) for one in await desk.sendings()}
    assert all(sender.endswith(f"@{RETURNED_TO}") for sender in desk.box.senders)
    assert await desk.send() == 0
    async with desk.db.transaction() as session:
        actions = (await session.scalars(select(m.AuditEntry.action).order_by(m.AuditEntry.seq))).all()
        signed = (await session.scalars(select(m.OutboxEvent.payload).order_by(m.OutboxEvent.id))).all()
    assert list(actions)[-3:] == ["report.signed", "report.sent", "report.sent"]
    assert [one["is_signed"] for one in signed] == [False, True], "sending tells nobody anew"
    assert (await desk.recipients(schedule))[0]["state"] == "active"


async def test_two_senders_hand_each_letter_over_once(desk: Desk, db_as: Callable[[str], Database]) -> None:
    await desk.schedule(*(f"noi-{n}@hanoi.example" for n in range(7)))
    await desk.signed()
    workers = [JobContext(db_as("reports"), desk.clock, desk.worker.resources, desk.worker.stopping) for _ in range(3)]
    for _ in range(2):
        await asyncio.gather(*(send_reports(worker) for worker in workers))
    assert sorted(desk.box.to) == sorted({*desk.box.to})
    assert len(desk.box.to) == 7
    assert set((await desk.states()).values()) == {"sent"}


async def test_a_worker_killed_between_the_letter_and_its_record_leaves_it_to_a_person(desk: Desk) -> None:
    """The letter is out and nobody records: what a killed process leaves behind."""
    await desk.schedule(UNIT)
    await desk.signed()
    room = desk.worker.resources.post_room
    async with desk.db.transaction() as session:
        [ready] = await delivering.claim_letters(session, room, desk.clock.now())
    await delivering.hand_over(desk.db, desk.worker.resources.files, room, ready, desk.clock)
    assert desk.box.to == [UNIT]
    await desk.settle()
    assert await desk.states() == {UNIT: "sending"}
    desk.clock.advance(LEASE + timedelta(seconds=1))
    await desk.settle()
    for _ in range(3):
        assert await desk.send() == 0
    assert desk.box.to == [UNIT], "never a second letter"
    [sending] = await desk.sendings(state="unknown")
    assert "dừng giữa chừng" in sending["trouble"]
    [told] = await desk.told("report_not_sent")
    assert "không tự gửi lại" in told.body
    assert UNIT not in told.body + told.subject
    body = {"has_arrived": True, "reason": "Văn thư báo đã nhận được thư"}
    settled = await desk.done("POST", f"sendings/{sending['id']}/settle", json=body)
    assert (settled["state"], settled["settled_why"]) == ("confirmed", body["reason"])
    again = await desk.ask("POST", f"sendings/{sending['id']}/settle", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:lantoa:problem:nothing-to-settle")


async def test_a_record_that_comes_after_the_lease_still_counts(desk: Desk) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    room = desk.worker.resources.post_room
    async with desk.db.transaction() as session:
        [ready] = await delivering.claim_letters(session, room, desk.clock.now())
    told = await delivering.hand_over(desk.db, desk.worker.resources.files, room, ready, desk.clock)
    desk.clock.advance(LEASE + timedelta(seconds=1))
    await desk.settle()
    async with desk.db.transaction() as session:
        await delivering.record(session, ready.sending_id, told, desk.clock.now())
    assert await desk.states() == {UNIT: "sent"}


async def test_an_answer_that_never_came_is_unknown_and_a_person_sends_again_with_a_reason(desk: Desk) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    desk.box.hangs_up = True
    assert await desk.send() == 1
    desk.box.hangs_up = False
    desk.clock.advance(timedelta(days=2))
    assert await desk.send() == 0
    [sending] = await desk.sendings()
    assert (sending["state"], sending["sent_at"]) == ("unknown", None)
    path = f"sendings/{sending['id']}/send-again"
    assert (await desk.ask("POST", path, json={"reason": "ngắn"})).status_code == 422
    assert (await desk.ask("POST", path, Role.VIEWER, json={"reason": REASON})).status_code == 403
    made = await desk.done("POST", path, json={"reason": REASON})
    assert (made["turn"], made["state"], made["reason"]) == (1, "queued", REASON)
    twice = await desk.ask("POST", path, json={"reason": REASON})
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:lantoa:problem:sending-under-way")
    assert await desk.send() == 1
    assert desk.box.to == [UNIT, UNIT]
    body = desk.box.letters[-1][1].get_body(("plain",))
    assert body is not None
    assert "gửi lại theo yêu cầu" in body.get_content()
    first, second = await desk.sendings()
    assert (first["state"], second["state"]) == ("unknown", "sent")
    assert first["message_id"] != second["message_id"]


@pytest.mark.parametrize(
    ("answers", "data", "state", "recipient", "trouble"),
    [
        ({UNIT: "550 5.1.1 no such user"}, None, "refused", "flagged", "Máy chủ thư từ chối địa chỉ (550 5.1.1)"),
        ({}, "554 5.6.0 not like this", "refused", "active", "Máy chủ thư từ chối bức thư (554 5.6.0)"),
        ({UNIT: "450 4.2.0 busy"}, None, "queued", "active", "Máy chủ thư chưa nhận (450 4.2.0)"),
        ({}, "451 later", "queued", "active", "Máy chủ thư chưa nhận (451)"),
    ],
)
async def test_what_a_server_refuses_is_told_and_others_get_theirs(
    desk: Desk, answers: dict[str, str], data: str | None, state: str, recipient: str, trouble: str
) -> None:
    schedule = await desk.schedule(UNIT, *(() if data else (PARTY,)))
    await desk.signed()
    desk.box.answers, desk.box.data = answers, data
    await desk.send()
    assert desk.box.to == ([] if data else [PARTY])
    sending = (await desk.sendings())[-1]
    assert (sending["email"], sending["state"], sending["trouble"]) == (UNIT, state, trouble)
    found = {one["email"]: one for one in await desk.recipients(schedule)}[UNIT]
    assert (found["state"], found["trouble"]) == (recipient, trouble if recipient == "flagged" else None)
    assert len(await desk.told("report_not_sent")) == (state == "refused")


async def test_what_is_not_taken_is_tried_again_ever_later_and_then_given_up(desk: Desk) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    desk.box.answers = {UNIT: "451 4.3.0 later"}
    for pause in RETRIES:
        assert await desk.send() == 1
        assert await desk.send() == 0
        desk.clock.advance(pause - timedelta(seconds=1))
        assert await desk.send() == 0
        desk.clock.advance(timedelta(seconds=1))
    assert await desk.send() == 1
    [sending] = await desk.sendings()
    assert (sending["state"], sending["attempts"], sending["next_try_at"]) == ("failed", len(RETRIES) + 1, None)
    assert len(await desk.told("report_not_sent")) == 1
    desk.box.answers = {}
    desk.clock.advance(timedelta(days=9))
    assert await desk.send() == 0


async def test_a_server_that_comes_back_gets_the_letter_under_the_same_message_id(desk: Desk) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    desk.box.answers = {UNIT: "421 4.3.2 shutting down"}
    await desk.send()
    [waiting] = await desk.sendings()
    desk.box.answers = {}
    desk.clock.advance(RETRIES[0])
    assert await desk.send() == 1
    [sent] = await desk.sendings()
    assert (sent["state"], sent["attempts"], sent["trouble"]) == ("sent", 2, None)
    assert sent["message_id"] == waiting["message_id"] == desk.box.letters[0][1]["Message-ID"]


# --- what comes back ----------------------------------------------------------------------------------------


async def test_a_recipient_that_bounces_is_flagged_and_the_others_get_theirs(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT, PARTY)
    await desk.signed()
    await desk.send()
    [bounced] = [one for one in await desk.sendings() if one["email"] == UNIT]
    assert (await desk.comes_back(bounced["id"], token="x" * 40)).status_code == 401
    assert (await desk.comes_back(bounced["id"])).status_code == 204
    assert (await desk.comes_back(bounced["id"])).status_code == 204
    assert await desk.states() == {UNIT: "bounced", PARTY: "sent"}
    [told] = await desk.told("report_not_sent")
    assert "Thư bị trả về (5.1.1)" in told.body
    flagged = {one["email"]: one for one in await desk.recipients(schedule)}[UNIT]
    assert (flagged["state"], flagged["trouble"]) == ("flagged", "Thư bị trả về (5.1.1)")
    path = f"sendings/{bounced['id']}/send-again"
    refused = await desk.ask("POST", path, json={"reason": REASON})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:recipient-flagged")

    # The next one is printed for both, and held back from the address that does not work.
    desk.clock.advance(timedelta(hours=19))
    following = await desk.signed()
    assert following["head"]["recipients"][:2] == ["Nơi nhận 1", "Nơi nhận 2"]
    await desk.send()
    assert await desk.states(report_id=following["id"]) == {UNIT: "held", PARTY: "sent"}
    assert desk.box.to.count(UNIT) == 1
    assert len(await desk.told("report_not_sent")) == 2

    cleared = await desk.done("POST", f"recipients/{flagged['id']}/clear")
    assert (cleared["state"], cleared["trouble"]) == ("active", None)
    unflagged = await desk.ask("POST", f"recipients/{flagged['id']}/clear")
    assert (unflagged.status_code, unflagged.json()["type"]) == (409, "urn:lantoa:problem:not-flagged")
    await desk.done("POST", path, json={"reason": REASON})
    await desk.send()
    assert desk.box.to.count(UNIT) == 2


async def test_an_address_that_is_corrected_is_not_flagged_any_more(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT)
    await desk.signed()
    desk.box.answers = {UNIT: "550 5.1.1 no such user"}
    await desk.send()
    [recipient] = await desk.recipients(schedule)
    changed = await desk.done("PATCH", f"recipients/{recipient['id']}", json={"email": PARTY})
    assert (changed["state"], changed["trouble"]) == ("active", None)
    [sending] = await desk.sendings()
    await desk.done("POST", f"sendings/{sending['id']}/send-again", json={"reason": REASON})
    await desk.send()
    assert desk.box.to == [PARTY]
    assert [(one["email"], one["state"]) for one in await desk.sendings()] == [(PARTY, "sent"), (UNIT, "refused")]


async def test_a_person_says_that_a_letter_did_not_arrive(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT)
    await desk.signed()
    await desk.send()
    [sending] = await desk.sendings()
    body = {"has_arrived": False, "reason": REASON}
    told = await desk.done("POST", f"sendings/{sending['id']}/settle", json=body)
    assert (told["state"], told["answer"]) == ("bounced", "250 OK")
    assert (await desk.recipients(schedule))[0]["state"] == "flagged"


@pytest.mark.parametrize("status", ["4.2.2", "2.0.0", "x"])
async def test_what_is_no_failure_for_good_changes_nothing(desk: Desk, status: str) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    await desk.send()
    [sending] = await desk.sendings()
    assert (await desk.comes_back(sending["id"], status)).status_code == 204
    assert await desk.states() == {UNIT: "sent"}


def test_a_message_about_no_letter_of_ours_says_nothing() -> None:
    paths, mine = ReturnPaths(RETURNED_TO, SecretStr(TOKEN)), UUID("01900000-0000-7000-8000-000000000001")
    to = paths.of(mine)
    assert to is not None
    whole = report_of(to, "5.1.1")
    assert returns.read(whole, paths) == returns.Return(mine, "5.1.1")
    assert returns.read(report_of("x@y.example", "5.1.1"), paths, recipient=to) == returns.Return(mine, "5.1.1")
    another = to.replace("000000000001", "000000000002")
    for message in (report_of(another, "5.1.1"), whole[:200], b"\xff" * 1000):
        assert returns.read(message, paths) is None
    for stranger in (ReturnPaths(RETURNED_TO, SecretStr("n" * 40)), ReturnPaths("", None)):
        assert returns.read(whole, stranger) is None
    assert ReturnPaths("", None).of(mine) is None


async def test_a_return_of_a_letter_that_is_not_there_is_nothing(desk: Desk) -> None:
    got = await desk.comes_back("01900000-0000-7000-8000-000000000000")
    assert got.status_code == 204


# --- documents ----------------------------------------------------------------------------------------------


async def test_a_printer_that_dies_leaves_the_sending_to_go_on_when_the_document_is_printed(desk: Desk) -> None:
    await desk.schedule(UNIT)
    report = (await desk.sign(await desk.draft())).json()
    for _ in range(6):
        async with desk.db.transaction() as session:
            claimed = await issuing_queries.claim_waiting_run(session, desk.clock.now(), printers.LEASE)
        assert claimed is not None
    assert await print_waiting_formats(desk.worker) == 0
    assert await desk.send() == 0
    assert await desk.states() == {UNIT: "queued"}
    desk.clock.advance(printers.LEASE + timedelta(seconds=1))
    while await print_waiting_formats(desk.worker):
        pass
    assert await desk.send() == 1
    [sending] = await desk.sendings()
    assert sending["digest"] == hashlib.sha256(await desk.document(report, "xlsx")).hexdigest()


async def test_a_document_that_cannot_be_printed_is_told_once_and_goes_when_it_is(desk: Desk, db: Database) -> None:
    await desk.schedule(UNIT)
    report = (await desk.sign(await desk.draft())).json()
    change = "UPDATE report_runs SET state = :state, error = :error WHERE format = 'xlsx' AND version = :version"
    told = {"state": "failed", "error": "FormError", "version": report["version"]}
    async with db.transaction() as session:
        await session.execute(text(change), told)
    for _ in range(2):
        assert await desk.send() == 0
        await desk.settle()
    [notice] = await desk.told("report_not_printed")
    assert "FormError" in notice.body
    await desk.done("POST", f"reports/{report['id']}/print", params={"format": "xlsx"})
    await desk.document(report, "xlsx")
    assert await desk.send() == 1


async def test_a_file_that_is_lost_is_printed_again_as_it_was_signed(desk: Desk) -> None:
    await desk.schedule(UNIT)
    report = await desk.signed()
    document = await desk.document(report, "xlsx")
    for path in desk.worker.resources.files.root.rglob("objects/*/*.xlsx"):
        path.unlink()
    assert await desk.send() == 1
    assert attached(desk.box.letters[0][1]).get_content() == document


async def test_what_was_declared_void_before_it_left_goes_to_nobody(desk: Desk) -> None:
    await desk.schedule(UNIT)
    report = await desk.signed()
    await desk.done("POST", f"reports/{report['id']}/void", Role.SPOKESPERSON, json={"reason": "Sai kỳ báo cáo"})
    assert await desk.send() == 0
    await desk.settle()
    [sending] = await desk.sendings()
    assert sending["state"] == "dropped"
    again = await desk.ask("POST", f"sendings/{sending['id']}/send-again", json={"reason": REASON})
    assert (again.status_code, again.json()["type"]) == (409, "urn:lantoa:problem:report-not-signed")
    assert desk.box.letters == []


async def test_without_a_mail_server_everything_waits(client_for: Any, desk: Desk) -> None:
    from services.reports.main import SERVICE

    await desk.schedule(UNIT)
    await desk.signed()
    off = (await client_for(SERVICE))._transport.app.state.resources
    assert await send_reports(JobContext(desk.db, desk.clock, off, desk.worker.stopping)) == 0
    assert await desk.states() == {UNIT: "queued"}
    assert desk.box.letters == []


# --- the database holds it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report_sendings SET state = 'queued'",
        "UPDATE report_sendings SET state = 'sending'",
        "UPDATE report_sendings SET email = 'khac@hanoi.example'",
        "UPDATE report_sendings SET sent_at = sent_at - interval '1 day'",
        "UPDATE report_sendings SET digest = sha256('khac')",
        "UPDATE report_sendings SET message_id = 'khac'",
        "UPDATE report_sendings SET report_id = gen_random_uuid()",
        "DELETE FROM report_sendings",
        "UPDATE schedule_periods SET is_late = true",
        "DELETE FROM schedule_periods",
    ],
)
async def test_the_database_sends_nothing_again_and_keeps_the_proof(
    desk: Desk, db_as: Callable[[str], Database], statement: str
) -> None:
    await desk.schedule(UNIT)
    await desk.signed()
    await desk.send()
    for role in ("reports", "owner"):
        with pytest.raises(DBAPIError, match=r"by a person alone|proof|append-only|permission denied"):
            async with db_as(role).transaction() as session:
                await session.execute(text(statement))


@pytest.mark.parametrize("role", ["publish", "classify", "ingest"])
async def test_other_services_do_not_see_the_addresses(desk: Desk, db_as: Callable[[str], Database], role: str) -> None:
    for table in ("report_recipients", "report_sendings"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with db_as(role).transaction() as session:
                await session.execute(text(f"SELECT FROM {table}"))
