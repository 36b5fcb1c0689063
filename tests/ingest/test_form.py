"""The public form: plain HTML that keeps what was typed, a code in no address, and robots left outside."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from services.ingest.feedback import data_requests
from services.ingest.feedback.catalogue import catalogue
from services.ingest.feedback.desk import desk_of
from services.ingest.feedback.form import FASTEST, LASTS, Tickets, TicketState, read_draft, read_follow
from services.ingest.feedback.officers import Officer
from services.ingest.feedback.settings import FormSettings
from services.ingest.settings import FeedbackSettings, IntakeSettings
from tests.ingest.citizens import FEEDBACK_KEY, FORM, Citizen, hidden, slip
from tests.ingest.conftest import DeskWith

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
OPTIONS = {
    "feedback": FeedbackSettings(key=SecretStr(FEEDBACK_KEY)),
    "form": FormSettings(per_hour=60, burst=50),
    "intake": IntakeSettings(pending_seconds=10**6),
}


@pytest.fixture
async def citizen(desk_with: DeskWith) -> Citizen:
    return Citizen(await desk_with(**OPTIONS))


# --- sending --------------------------------------------------------------------------------------------------


@pytest.mark.mission("M10")
async def test_a_report_is_sent_followed_answered_and_reopened_without_a_script(citizen: Citizen) -> None:
    await citizen.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    page = await citizen.get()
    assert page.status_code == 200
    assert "<script" not in page.text
    assert '<option value="00070">Phường Hoàn Kiếm</option>' in page.text
    sent = await citizen.send(ward="00070")
    assert sent.status_code == 200, sent.text
    reference, code = slip(sent)
    (case,) = await citizen.desk.cases()
    assert (case.reference, case.channel, case.service_code) == (reference, "form", "rac-thai")

    shown = await citizen.post("/theo-doi", reference=reference.lower(), code=code.replace("-", " ").lower())
    assert shown.status_code == 200
    assert "Rác để ba ngày chưa thu gom trước cổng trường." in shown.text
    assert "Mở lại phản ánh" not in shown.text
    await citizen.answered(reference)
    answered = await citizen.post("/theo-doi", reference=reference, code=code)
    assert "Đã thu gom sáng nay." in answered.text
    assert "Việc này đã được giải quyết chưa?" in answered.text
    unsolved = await citizen.post("/theo-doi/giai-quyet", reference=reference, code=code, solved="no")
    assert "Đã ghi nhận là chưa được giải quyết" in unsolved.text
    reopened = await citizen.post("/theo-doi/mo-lai", reference=reference, code=code, reason="Chiều nay lại có rác.")
    assert "Đã mở lại" in reopened.text
    assert [one.state for one in await citizen.desk.cases()] == ["reopened"]


async def test_what_is_wrong_stands_at_the_top_and_at_its_field_and_nothing_typed_is_lost(citizen: Citizen) -> None:
    ticket = await citizen.ticket()
    page = await citizen.send(
        ticket=ticket, service="", place="", description="Ngắn", phone="12", name='Lan "<b>', email="khong"
    )
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    for name in ("service", "place", "description", "phone", "email", "consent"):
        assert f'href="#{name}"' in page.text, name
        assert f'id="loi-{name}"' in page.text, name
        assert re.search(rf'id="{name}"[^>]*aria-describedby="[^"]*loi-{name}"[^>]*aria-invalid="true"', page.text), (
            name
        )
    assert "Lan &#34;&lt;b&gt;" in page.text
    assert ">\nNgắn</textarea>" in page.text
    assert hidden(page, "ticket") == ticket
    assert await citizen.desk.cases() == []


async def test_every_field_has_a_label_and_every_description_exists(citizen: Citizen) -> None:
    for page in (await citizen.get(), await citizen.send(description="", place=""), await citizen.get("/theo-doi")):
        ids = re.findall(r'\sid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids))
        fields = re.findall(r"<(?:input|select|textarea)\b([^>]*)>", page.text)
        named = [re.search(r'id="([^"]+)"', one) for one in fields if 'type="hidden"' not in one]
        assert named
        for found in named:
            assert found
            assert f'<label for="{found[1]}">' in page.text, found[1]
        for described in re.findall(r'aria-describedby="([^"]+)"', page.text):
            assert set(described.split()) <= set(ids), described


async def test_pressing_twice_opens_one_case_and_shows_no_second_code(citizen: Citizen) -> None:
    ticket = await citizen.ticket()
    first, again = [await citizen.send(ticket=ticket) for _ in range(2)]
    reference, code = slip(first)
    assert reference in again.text
    assert code not in again.text
    assert len(await citizen.desk.cases()) == 1


@pytest.mark.mission("M37")
async def test_a_contact_is_taken_with_consent_alone_and_lies_under_seal(citizen: Citizen) -> None:
    contact = {"name": "Nguyễn Thị Lan", "phone": "0912 345 678", "email": "lan@example.vn"}
    refused = await citizen.send(**contact)
    assert (refused.status_code, "đánh dấu đồng ý" in refused.text) == (422, True)
    assert await citizen.desk.cases() == []
    sent = await citizen.send(**contact, consent="1", description="Tôi là Nguyễn Thị Lan, gọi 0912345678 về rác.")
    slip(sent)
    (case,) = await citizen.desk.cases()
    for secret in (*contact.values(), "0912345678"):
        assert secret not in f"{case.subject} {case.body} {case.place}"
        assert secret not in sent.text


@pytest.mark.slow
async def test_without_a_key_no_contact_is_asked_for(desk_with: DeskWith) -> None:
    citizen = Citizen(await desk_with(form=FormSettings(per_hour=60, burst=50)))
    assert 'name="phone"' not in (await citizen.get()).text
    sent = await citizen.send(phone="0912345678", consent="1")
    assert "Xin ghi lại mã phản ánh" in sent.text
    assert len(await citizen.desk.cases()) == 1


async def test_what_is_said_of_a_public_office_is_a_complaint_from_the_start(citizen: Citizen) -> None:
    slip(await citizen.send(service="thu-tuc-hanh-chinh", description="Hồ sơ quá hẹn mười ngày, không ai trả lời."))
    slip(await citizen.send(service="chieu-sang", description="Đèn đường tắt cả tuần nay."))
    assert [one.kind for one in await citizen.desk.cases()] == ["complaint", "report_of_problem"]


# --- the same matter ------------------------------------------------------------------------------------------


async def test_a_like_report_is_shown_before_sending_and_its_sender_may_join_it(citizen: Citizen) -> None:
    main, _ = slip(await citizen.send())
    ticket = await citizen.ticket()
    again = {"description": "Rác để ba ngày rồi chưa thu gom trước cổng trường!", "ticket": ticket}
    asked = await citizen.send(**again)
    assert "chưa gửi" in asked.text
    assert main in asked.text
    assert len(await citizen.desk.cases()) == 1
    assert hidden(asked, "description") == again["description"]
    joined = await citizen.send(**again, same_as=main)
    reference, code = slip(joined)
    assert main in joined.text
    cases = {one.reference: one for one in await citizen.desk.cases()}
    assert (cases[reference].state, cases[reference].merged_into) == ("merged", cases[main].id)
    await citizen.answered(main)
    assert "Đã thu gom sáng nay." in (await citizen.post("/theo-doi", reference=reference, code=code)).text


async def test_one_that_is_its_own_matter_is_sent_as_new_and_one_may_go_back(citizen: Citizen) -> None:
    main, _ = slip(await citizen.send())
    ticket = await citizen.ticket()
    back = await citizen.send(ticket=ticket, edit="1")
    assert ">\nRác để ba ngày" in back.text
    assert hidden(back, "ticket") == ticket
    own, _ = slip(await citizen.send(ticket=ticket, same_as="-"))
    assert own != main
    assert {one.state for one in await citizen.desk.cases()} == {"received"}


@pytest.mark.slow
async def test_nobody_joins_what_was_not_shown_to_be_like_theirs(citizen: Citizen) -> None:
    other, _ = slip(await citizen.send(service="xe-buyt", description="Xe 32 bỏ bến hai lần sáng nay."))
    slip(await citizen.send(same_as=other))
    assert {one.state for one in await citizen.desk.cases()} == {"received"}


# --- robots and crowds ----------------------------------------------------------------------------------------


async def test_a_robot_is_told_to_try_again_and_nothing_is_stored(citizen: Citizen) -> None:
    trapped = await citizen.send(website="http://spam.example")
    fast = await citizen.send(ticket=await citizen.ticket(seconds=0))
    forged = await citizen.send(ticket="1.x.y")
    stale = await citizen.send(ticket=await citizen.ticket(seconds=13 * 3600))
    for page in (trapped, fast, forged, stale):
        assert page.status_code == 422
        assert "Rác để ba ngày" in page.text
    assert await citizen.desk.cases() == []
    citizen.desk.clock.advance(timedelta(seconds=5))
    slip(await citizen.send(ticket=hidden(stale, "ticket")))


async def test_a_form_of_another_site_and_a_body_that_is_no_form_are_refused(citizen: Citizen) -> None:
    citizen.headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await citizen.send()).status_code == 403
    client = citizen.desk.client
    assert (await client.post(FORM, json={})).status_code == 400
    assert (await client.post(FORM, data={"description": "x" * 70_000})).status_code == 413
    missing = await client.get(f"{FORM}/khong-co")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_a_network_that_sends_too_much_waits_and_keeps_its_words(desk_with: DeskWith) -> None:
    citizen = Citizen(await desk_with(**OPTIONS | {"form": FormSettings(per_hour=60, burst=1)}))
    slip(await citizen.send())
    ticket = await citizen.ticket(seconds=4)
    busy = await citizen.send(ticket=ticket, description="Đèn đường tắt cả tuần nay.", service="chieu-sang")
    assert (busy.status_code, "Đèn đường tắt" in busy.text) == (429, True)
    assert int(busy.headers["retry-after"]) > 0


async def test_an_overloaded_intake_shows_the_form_again_with_what_was_typed(desk_with: DeskWith) -> None:
    citizen = Citizen(await desk_with(**OPTIONS | {"intake": IntakeSettings(pending_events=1)}))
    slip(await citizen.send())
    busy = await citizen.send(description="Đèn đường tắt cả tuần nay.", service="chieu-sang")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
    assert "Đèn đường tắt" in busy.text


async def test_a_database_that_is_away_is_told_in_words(citizen: Citizen) -> None:
    app = citizen.desk.client._transport.app  # type: ignore[attr-defined]
    kept = app.state.db
    app.state.db = Database("postgresql+asyncpg://nobody:x@127.0.0.1:9/none")
    try:
        page = await citizen.get()
    finally:
        await app.state.db.dispose()
        app.state.db = kept
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "113" in page.text


# --- following ------------------------------------------------------------------------------------------------


async def test_a_wrong_code_says_nothing_and_the_right_one_stands_in_no_address(citizen: Citizen) -> None:
    reference, code = slip(await citizen.send())
    wrong = await citizen.post("/theo-doi", reference=reference, code="AAAAA-AAAAA")
    unknown = await citizen.post("/theo-doi", reference="PA-2026-999999", code=code)
    assert wrong.status_code == unknown.status_code == 404
    assert "Rác" not in wrong.text
    assert (await citizen.post("/theo-doi", reference="", code="")).status_code == 422
    shown = await citizen.post("/theo-doi", reference=reference, code=code)
    assert code not in "".join(re.findall(r'(?:href|action|src)="([^"]*)"', shown.text))
    for page in (wrong, shown):
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "set-cookie" not in page.headers


async def test_too_many_wrong_codes_lock_the_case_for_a_while(citizen: Citizen) -> None:
    reference, code = slip(await citizen.send())
    for _ in range(5):
        await citizen.post("/theo-doi", reference=reference, code="AAAAA-AAAAA")
    locked = await citizen.post("/theo-doi", reference=reference, code=code)
    assert locked.status_code == 429
    citizen.desk.clock.advance(timedelta(minutes=16))
    assert (await citizen.post("/theo-doi", reference=reference, code=code)).status_code == 200


@pytest.mark.mission("M37")
async def test_a_sender_asks_to_see_and_to_erase_what_is_held(citizen: Citizen) -> None:
    reference, code = slip(await citizen.send(name="Nguyễn Thị Lan", phone="0912345678", consent="1"))
    keys = {"reference": reference, "code": code}
    asked = await citizen.post("/theo-doi/du-lieu", **keys, kind="access")
    assert "Xem dữ liệu: đang chờ trả lời" in asked.text
    assert "Nguyễn Thị Lan" not in asked.text
    early = await citizen.post("/theo-doi/du-lieu", **keys, kind="fetch")
    assert (early.status_code, "text/html" in early.headers["content-type"]) == (422, True)
    erased = await citizen.post("/theo-doi/du-lieu", **keys, kind="erasure")
    assert "Xóa dữ liệu: đang chờ trả lời" in erased.text
    assert (await citizen.post("/theo-doi/du-lieu", **keys, kind="x")).status_code == 422
    await granted(citizen)
    held = await citizen.post("/theo-doi/du-lieu", **keys, kind="fetch")
    assert held.headers["content-disposition"].startswith("attachment")
    assert held.headers["cache-control"] == "no-store"
    assert held.json()["contact"]["name"] == "Nguyễn Thị Lan"


async def granted(citizen: Citizen) -> None:
    """An officer grants what was asked to be seen."""
    async with citizen.desk.worker_db.transaction() as session:
        asked = (await session.scalars(select(m.DataRequest).where(m.DataRequest.kind == "access"))).one()
        officer = Officer(new_id(citizen.desk.clock.now()), None)
        now = citizen.desk.clock.now()
        await data_requests.fulfil(session, desk_of(citizen.desk.settings), officer, asked.id, now=now)


async def test_reopening_needs_a_reason_and_a_case_that_is_finished(citizen: Citizen) -> None:
    reference, code = slip(await citizen.send())
    keys = {"reference": reference, "code": code}
    early = await citizen.post("/theo-doi/mo-lai", **keys, reason="Sớm quá")
    assert early.status_code == 422
    await citizen.answered(reference)
    silent = await citizen.post("/theo-doi/mo-lai", **keys, reason="  ")
    long = await citizen.post("/theo-doi/mo-lai", **keys, reason="x" * 1001)
    assert (silent.status_code, long.status_code) == (422, 422)
    assert "x" * 1001 in long.text
    assert [one.state for one in await citizen.desk.cases()] == ["answered"]


# --- pure -----------------------------------------------------------------------------------------------------


def test_a_ticket_is_good_for_a_while_and_only_with_its_key() -> None:
    tickets, others = Tickets(b"k" * 32), Tickets(b"o" * 32)
    written = tickets.issue(NOW)
    assert tickets.read(written, NOW).state is TicketState.EARLY
    assert tickets.read(written, NOW + FASTEST).state is TicketState.GOOD
    assert tickets.read(written, NOW + LASTS + timedelta(seconds=1)).state is TicketState.STALE
    assert others.read(written, NOW + FASTEST).state is TicketState.FORGED
    assert tickets.read(written.replace(".", ".1", 1), NOW + FASTEST).state is TicketState.FORGED


@given(st.text(max_size=80))
@settings(max_examples=50, deadline=None)
def test_any_text_is_no_ticket_and_no_crash(text: str) -> None:
    assert Tickets(b"k" * 32).read(text, NOW).state is TicketState.FORGED


TYPED = ["service", "description", "place", "ward", "name", "phone", "email", "consent"]


@given(st.dictionaries(st.sampled_from(TYPED), st.text(max_size=50)))
@settings(max_examples=50, deadline=None)
def test_any_fields_make_a_draft_that_reads_the_same_again(fields: dict[str, str]) -> None:
    draft = read_draft(fields, catalogue(), {"00070": "Phường Hoàn Kiếm"})
    assert read_draft(draft.typed, catalogue(), {"00070": "Phường Hoàn Kiếm"}) == draft
    assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]", "".join(draft.typed.values()))
    read_follow({"reference": fields.get("place", ""), "code": fields.get("name", "")})
