"""Reports and their senders: what is kept of them, what they can follow, and what nobody else can."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.models.enums import TextKind
from libs.common.models.feedback import ReportChannel
from services.ingest.feedback import codes, intake
from services.ingest.feedback.intake import Contact, NewReport
from services.ingest.feedback.problems import FeedbackNotFound, NoFeedbackKey, NotAccepted, UnknownService
from tests.ingest.casework import REPORT, WHO, Casework
from tests.ingest.conftest import DeskWith


@pytest.mark.mission("M10")
async def test_a_report_is_masked_routed_timed_and_told(casework: Casework) -> None:
    ward = await casework.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    opened = await casework.report(
        title="Rác", description="Rác ba ngày. Gọi 0987654321. Trần  thị gieo",
        place_text="Số 5, phường Hoàn Kiếm", lat=21.028511, lon=105.804817, service_code="rac-thai", contact=WHO,
        media_urls=("https://anh.example/rac.jpg", "javascript:alert(1)", "https://gieo.tran@example.vn/a.jpg"),
    )  # fmt: skip
    case = await casework.case(opened.case_id)
    assert case.body == "Rác ba ngày. Gọi [số điện thoại]. [người gửi]"
    assert (case.unit_id, case.place, case.place_told) == (ward.id, "Phường Hoàn Kiếm", "Số 5, phường Hoàn Kiếm")
    assert (case.lat, case.lon, case.topic, case.kind) == (21.0285, 105.8048, "moi_truong", "report_of_problem")
    assert case.media_urls == ["https://anh.example/rac.jpg"]
    assert case.due_at == casework.desk.clock.now() + timedelta(days=2)  # sixteen working hours after Tuesday noon
    assert await casework.desk.events("lantoa.feedback.opened.v1") == [
        {"case_id": str(case.id), "reference": opened.reference}
    ]
    (step,) = await casework.rows(m.CaseEvent)
    assert (step.action, step.state, step.unit_id, step.by) == ("opened", "received", ward.id, None)


async def test_an_urgent_service_is_urgent_whatever_the_words_and_its_unit_is_told_at_once(casework: Casework) -> None:
    unit = await casework.desk.make.unit("Sở Xây dựng", "department", code="HN-SXD")
    opened = await casework.report(service_code="cay-xanh", description="Cây nghiêng ra đường.")
    case = await casework.case(opened.case_id)
    assert (case.urgency, case.unit_id) == ("urgent", unit.id)
    assert await casework.notices() == [("feedback_urgent", 0, unit.id)]


async def test_the_same_report_of_a_door_opens_one_case(casework: Casework) -> None:
    first = await casework.report(external_id="<thu-1@hop-thu.example>", contact=WHO)
    again = await casework.report(external_id="<thu-1@hop-thu.example>")
    elsewhere = await casework.report(external_id="<thu-1@hop-thu.example>", channel=ReportChannel.MAIL)
    assert (again.case_id, again.is_new, again.code) == (first.case_id, False, None)
    assert elsewhere.is_new
    both = await asyncio.gather(*(casework.report(external_id="x") for _ in range(4)))
    assert len({one.case_id for one in both}) == 1
    assert sum(one.is_new for one in both) == 1
    assert await casework.desk.count(m.FeedbackCase) == 3


NO_REPORTS: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"title": " ", "description": "\x00\n"}, NotAccepted),
    ({"service_code": "khong-co"}, UnknownService),
    ({"lat": 21.0}, NotAccepted),
    ({"lat": float("nan"), "lon": 105.0}, NotAccepted),
    ({"lat": 91.0, "lon": 105.0}, NotAccepted),
    ({"contact": Contact(email="khong phai thu")}, NotAccepted),
    ({"contact": Contact(name="x" * 201)}, NotAccepted),
]


async def test_what_is_no_report(casework: Casework) -> None:
    for changes, problem in NO_REPORTS:
        with pytest.raises(problem):
            await casework.report(**changes)
    assert await casework.desk.count(m.FeedbackCase) == 0


async def test_without_a_key_cases_open_without_a_code_and_no_contact_is_taken(
    desk_with: DeskWith, signed_in: Any
) -> None:
    casework = Casework(await desk_with(), str, signed_in)
    opened = await casework.report(external_id="1")
    assert (opened.code, opened.is_new) == (None, True)
    assert not (await casework.report(external_id="1")).is_new
    with pytest.raises(NoFeedbackKey):
        await casework.report(contact=WHO)
    assert (await casework.follow(replace(opened, code="AAAAA-AAAAA"))).status_code == 404


# --- the code -----------------------------------------------------------------------------------------------


@pytest.mark.mission("M10", "M37")
async def test_the_reference_tells_how_far_it_is_and_the_code_the_rest(casework: Casework) -> None:
    opened = await casework.report(contact=WHO, kind=TextKind.COMPLAINT)
    anybody = (await casework.desk.ask("GET", f"/feedback/{opened.reference}", who={})).json()
    assert (anybody["state"], anybody["reference"]) == ("received", opened.reference)
    assert not {"subject", "description", "unit", "updates"} & set(anybody)
    code = (opened.code or "").lower().replace("-", " ")
    own = (await casework.follow(opened, code=code)).json()
    assert (own["subject"], own["description"]) == ("Rác chưa thu gom", "Ngõ 5 để rác ba ngày nay.")
    assert [step["state"] for step in own["updates"]] == ["received"]
    assert "gieo" not in str(own).lower()


@pytest.mark.mission("M37")
async def test_wrong_codes_are_counted_and_then_the_case_is_locked_for_a_while(casework: Casework) -> None:
    opened, other = await casework.report(), await casework.report()
    for _ in range(codes.MOST_TRIES):
        wrong = await casework.follow(opened, code=other.code)
        assert (wrong.status_code, wrong.json()["title"]) == (404, "Mã phản ánh hoặc mã theo dõi không đúng")
    locked = await casework.follow(opened)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 901
    assert (await casework.follow(other)).status_code == 200
    casework.later(minutes=15)
    assert (await casework.follow(opened)).status_code == 200
    missing = await casework.follow(replace(opened, reference="PA-2026-999999"))
    assert missing.json()["title"] == wrong.json()["title"]


async def test_guesses_that_come_together_are_all_counted(casework: Casework) -> None:
    opened = await casework.report()
    answers = await asyncio.gather(*(casework.follow(opened, code="00000-00000") for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [404] * codes.MOST_TRIES + [429] * 3


# --- similar ones, and one of two --------------------------------------------------------------------------


async def test_similar_reports_are_hinted_at_before_sending(casework: Casework) -> None:
    near = {"lat": 21.0285, "lon": 105.8048, "service_code": "rac-thai"}
    first = await casework.report(description="Rác ứ đọng đầu ngõ 5 phố Hàng Bài", **near)
    other = await casework.report(description="Loa kéo karaoke ồn ào suốt đêm", title="Ồn", service_code="tieng-on")
    asked = replace(REPORT, title="", description="rac u dong o ngo 5 pho hang bai", service_code="rac-thai")

    async def alike(report: NewReport) -> list[str]:
        async with casework.desk.worker_db.transaction() as session:
            found = await intake.similar(session, casework.rules, report, now=casework.desk.clock.now())
        assert all(0 < one.score <= 1 for one in found)
        return [one.reference for one in found]

    assert await alike(asked) == [first.reference]
    assert await alike(replace(asked, description="Vỉa hè bị chiếm làm bãi xe")) == []
    assert await alike(replace(asked, service_code="tieng-on")) == []
    assert await alike(replace(asked, service_code=None, lat=21.0290, lon=105.8050)) == [first.reference]
    assert await alike(replace(asked, service_code=None, lat=21.1, lon=105.8050)) == []
    await casework.answered(first.case_id)
    assert await alike(asked) == []
    assert other.is_new


# Pairs by hand: two citizens of one thing, and of two things of one kind.
SAME = [
    ("Rác để ba ngày chưa thu gom tại ngõ 12 phố Tạ Quang Bửu, mùi hôi rất khó chịu, đề nghị đơn vị môi trường xử lý",
     "Ngõ 12 Tạ Quang Bửu rác không ai thu gom mấy hôm nay"),
    ("Đèn đường ngõ 45 Nguyễn Khang hỏng cả tuần",
     "Ngõ 45 Nguyễn Khang tối om vì đèn đường hỏng, người dân đi lại rất nguy hiểm, đã báo tổ dân phố mà chưa ai sửa"),
    ("Ổ gà lớn trước số nhà 88 đường Láng", "Trước nhà 88 đường Láng có ổ gà rất to, xe máy dễ ngã"),
    ("Ngập sâu ở hầm chui Đại lộ Thăng Long km 9", "hầm chui km9 dai lo thang long ngap nuoc không đi được"),
    ("Quán karaoke 120 Phố Huế mở loa to đến 1 giờ sáng", "Quán hát ở 120 Phố Huế gây ồn suốt đêm, loa rất to"),
]  # fmt: skip
DIFFERENT = [
    ("Rác ứ đọng đầu ngõ 5 phố Hàng Bài", "Rác ba ngày chưa thu gom tại ngõ 12 Tạ Quang Bửu, mùi hôi rất khó chịu"),
    ("Đèn đường ngõ 45 Nguyễn Khang hỏng cả tuần", "Đèn đường phố Trần Cung hỏng đã lâu, đề nghị sửa"),
    ("Ổ gà lớn trước số nhà 88 đường Láng", "Mặt đường Giải Phóng nhiều ổ gà, xe máy dễ ngã"),
    ("Ngập sâu ở hầm chui Đại lộ Thăng Long km 9", "Phố Hoa Bằng ngập nước không đi được sau mưa"),
    ("Quán karaoke 120 Phố Huế mở loa to đến 1 giờ sáng", "Hàng xóm hát karaoke loa kéo rất to cả ngày ở Linh Đàm"),
    ("Rác", "Rác ba ngày chưa thu gom tại ngõ 12 Tạ Quang Bửu, mùi hôi rất khó chịu"),
]  # fmt: skip


async def test_one_thing_told_twice_is_told_from_two_things_of_one_kind(casework: Casework) -> None:
    found = []
    for number, (one, other) in enumerate([*SAME, *DIFFERENT]):
        about = {"service_code": casework.rules.catalogue.services[number].code, "title": ""}
        await casework.report(description=one, **about)
        async with casework.desk.worker_db.transaction() as session:
            asked = replace(REPORT, description=other, **about)
            found.append(len(await intake.similar(session, casework.rules, asked, now=casework.desk.clock.now())))
    assert found == [1] * len(SAME) + [0] * len(DIFFERENT)


@pytest.mark.mission("M10")
async def test_the_sender_of_a_duplicate_follows_the_main_case(casework: Casework) -> None:
    main, twin, third = await casework.report(), await casework.report(contact=WHO), await casework.report()
    await casework.done(third.case_id, "merge", into=str(twin.case_id))
    await casework.done(twin.case_id, "merge", into=str(main.case_id))
    assert (await casework.case(third.case_id)).merged_into == main.case_id
    await casework.answered(main.case_id, "Đã dọn.")
    for opened in (twin, third):
        seen = (await casework.follow(opened)).json()
        assert (seen["state"], seen["main_reference"]) == ("answered", main.reference)
        assert seen["updates"][-1]["note"] == "Đã dọn."
        assert seen["may_say_solved"] is True
    assert (await casework.act(main.case_id, "merge", into=str(main.case_id))).status_code == 409
    assert (await casework.act(twin.case_id, "merge", into=str(main.case_id))).status_code == 409
    again = await casework.follow(twin, "reopen", reason="Rác lại đầy ở đầu ngõ.")
    assert (again.json()["state"], (await casework.case(main.case_id)).reopened) == ("reopened", 1)
    assert "Rác lại đầy" not in (await casework.follow(main)).text


# --- reopening, and whether it was solved -------------------------------------------------------------------


@pytest.mark.mission("M10")
async def test_its_sender_reopens_what_was_not_solved(casework: Casework) -> None:
    opened = await casework.report(contact=WHO)
    refused = await casework.follow(opened, "reopen", reason="Chưa ai đến làm.")
    assert refused.status_code == 409
    await casework.answered(opened.case_id)
    await casework.done(opened.case_id, "close")
    (contact,) = await casework.rows(m.CaseContact)
    assert contact.purge_at is not None
    seen = (await casework.follow(opened, "reopen", reason="Chưa ai đến, gọi 0987654321.")).json()
    assert (seen["state"], seen["can_reopen"]) == ("reopened", False)
    case = await casework.case(opened.case_id)
    assert (case.accepted_at, case.closed_at, case.ask_solved_at, case.reopened) == (None, None, None, 1)
    assert case.accept_due_at > casework.desk.clock.now()
    (contact,) = await casework.rows(m.CaseContact)
    assert contact.purge_at is None
    reopened = next(one for one in await casework.rows(m.CaseEvent) if one.action == "reopened")
    assert reopened.internal_note == "Chưa ai đến, gọi [số điện thoại]."
    for _ in range(2):
        await casework.answered(opened.case_id)
        assert (await casework.follow(opened, "reopen", reason="Vẫn chưa ai đến.")).status_code == 200
    await casework.answered(opened.case_id)
    assert (await casework.follow(opened, "reopen", reason="Vẫn chưa ai đến.")).status_code == 409


async def test_the_senders_word_closes_or_counts(casework: Casework) -> None:
    yes, no = await casework.report(), await casework.report()
    assert (await casework.follow(yes, "solved", solved=True)).status_code == 409
    for one in (yes, no):
        await casework.answered(one.case_id)
    assert (await casework.follow(yes, "solved", solved=True)).json()["state"] == "closed"
    told = (await casework.follow(no, "solved", solved=False)).json()
    assert (told["state"], told["is_solved"], told["can_reopen"]) == ("answered", False, True)
    figures = (await casework.desk.ask("GET", "/feedback-figures", who={})).json()
    assert (figures["received"], figures["solved"], figures["unsolved"]) == (2, 1, 1)
    (resolved,) = await casework.desk.events("lantoa.feedback.resolved.v1")
    assert (resolved["reference"], resolved["version"], resolved["is_in_time"]) == (yes.reference, 1, True)


# --- nothing of who it was -----------------------------------------------------------------------------------

PLANTED = ("gieo", "0912345678", "912 345 678", "gieo.tran")


@pytest.mark.mission("M37")
async def test_nothing_of_the_sender_lies_anywhere_but_sealed(casework: Casework, caplog: Any) -> None:
    opened = await casework.report(
        title="Trần Thị Gieo phản ánh rác", contact=WHO, external_id="<gieo.tran@example.vn>",
        description="Tôi là TRẦN THỊ GIEO, số 0912345678, thư gieo.tran@example.vn.",
    )  # fmt: skip
    await casework.answered(opened.case_id, "Kính gửi bà Gieo (Trần Thị  Gieo), số 0912 345 678.")
    await casework.follow(opened, "reopen", reason="Gọi chị Gieo 0912345678, gieo.tran@example.vn")
    await casework.follow(opened, code="sai")
    shown = (await casework.act(opened.case_id, "contact")).json()
    assert shown == {"name": WHO.name, "phone": WHO.phone, "email": WHO.email}
    left = (await everything(casework)).lower() + caplog.text.lower()
    assert [one for one in PLANTED if one in left] == []
    assert (opened.code or "").lower() not in left
    assert codes.normal(opened.code or "") not in left.upper()


async def everything(casework: Casework) -> str:
    """Every row of every table, as text."""
    async with casework.desk.db.transaction() as session:
        names = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        return "\n".join(
            [str(row) for name in names for row in await session.scalars(text(f'SELECT t::text FROM "{name}" t'))]
        )


async def test_a_reference_that_is_not_there(casework: Casework) -> None:
    async with casework.desk.worker_db.transaction() as session:
        with pytest.raises(FeedbackNotFound):
            await intake.status(session, casework.rules, "PA-2026-999999")
