"""From a classified text to a case: none dropped, none twice, the right desk, the right hour."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from libs.common import models as m
from libs.common.bus import HandlerContext
from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.ingest.resources import open_resources
from services.ingest.subscribers import on_contents_classified
from tests.ingest.desk import Desk

OPENED = "lantoa.feedback.opened.v1"


async def classified(desk: Desk, *found: tuple[UUID, str]) -> None:
    """Deliver the event as the worker does: as the service's role, in one transaction."""
    items = [ClassifiedItem(content_id=one, kind=kind, field="do_thi", tone="problem") for one, kind in found]
    async with (
        open_resources(desk.settings, desk.worker_db, desk.clock) as held,
        desk.worker_db.transaction() as session,
    ):
        await on_contents_classified(ContentsClassified(items=items), HandlerContext(session, desk.clock.now(), held))


async def pushed(desk: Desk, text: str, **more: Any) -> UUID:
    answer = await desk.ask("POST", "/contents", json={"title": "", "text": text} | more)
    return UUID(answer.json()["content_id"])


async def annotate(make: Make, content_id: UUID, places: list[str]) -> None:
    row = {
        "content_id": content_id, "source_id": content_id, "field": "do_thi", "field_score": 1.0, "tone": "neutral",
        "tone_score": 1.0, "kind": "complaint", "kind_score": 1.0, "risk": [], "places": places, "language": "vi",
        "model_versions": {}, "content_revision": 1, "annotated_at": datetime(2026, 11, 24, 5, tzinfo=UTC),
    }  # fmt: skip
    await make.add(m.Annotation(**row))


@pytest.mark.mission("M05")
@pytest.mark.parametrize("kind", ["criticism", "complaint", "opinion", "report_of_problem"])
async def test_a_citizens_matter_becomes_one_case_however_often_it_is_told(desk: Desk, kind: str) -> None:
    content_id = await pushed(desk, "Vỉa hè phố tôi bị chiếm. Gọi tôi: 0912345678.")
    for _ in range(3):
        await classified(desk, (content_id, kind))
    (case,) = await desk.cases()
    assert (case.kind, case.content_id, case.state, case.urgency) == (kind, content_id, "received", "normal")
    assert case.body == "Vỉa hè phố tôi bị chiếm. Gọi tôi: [số điện thoại]."
    assert case.subject == "Vỉa hè phố tôi bị chiếm. Gọi tôi: [số điện thoại]."
    assert case.reference.startswith("PA-2026-")
    assert (case.unit_id, case.place) == (None, None)
    assert await desk.events(OPENED) == [{"case_id": str(case.id), "reference": case.reference}]


@pytest.mark.mission("M05")
@pytest.mark.parametrize("form", ["article", "report", "post", "release", None])
@pytest.mark.parametrize("group", ["citizen", "forum"])
async def test_no_criticism_of_a_citizens_source_is_dropped_for_its_form(desk: Desk, group: str, form: str) -> None:
    await desk.register(None, "push", group, name="Kênh")
    content_id = await pushed(desk, "Xử lý quá chậm.", source="Kênh", kind=form)
    await classified(desk, (content_id, "criticism"))
    assert len(await desk.cases()) == 1


async def test_a_text_that_is_criticism_only_after_relabelling_still_becomes_a_case(desk: Desk) -> None:
    content_id = await pushed(desk, "Làm ăn thế này thì thôi.")
    await classified(desk, (content_id, "question"))
    assert await desk.cases() == []
    await classified(desk, (content_id, "criticism"))
    assert len(await desk.cases()) == 1


@pytest.mark.mission("M05")
async def test_a_case_whose_text_turns_out_to_be_criticism_is_called_so_and_no_event_takes_it_back(desk: Desk) -> None:
    content_id = await pushed(desk, "Đèn đường hỏng ba tháng không ai sửa, làm ăn quá tắc trách.")
    kinds = []
    for kind in ("report_of_problem", "criticism", "report_of_problem", "complaint"):
        await classified(desk, (content_id, kind))
        kinds += [case.kind for case in await desk.cases()]
    assert kinds == ["report_of_problem", "criticism", "criticism", "criticism"]
    (case,) = await desk.cases()
    one, other, now = uuid4(), uuid4(), desk.clock.now()
    told = {"from_kind": "criticism", "to_kind": "question", "reason": "Người viết chỉ hỏi thời hạn."}
    who = {"proposed_by": one, "proposed_at": now, "decided_by": other, "decided_at": now, "is_confirmed": True}
    await desk.make.add(m.CaseRelabelling(id=uuid4(), case_id=case.id, **told, **who))
    async with desk.worker_db.transaction() as session:
        await session.execute(update(m.FeedbackCase).values(kind="question", updated_at=now))
    await classified(desk, (content_id, "criticism"))
    assert [one.kind for one in await desk.cases()] == ["question"]


async def test_the_press_and_other_texts_open_none(desk: Desk) -> None:
    await desk.register(None, "push", "press", name="Báo")
    press = await pushed(desk, "Người dân bức xúc vì rác.", source="Báo")
    praise = await pushed(desk, "Cảm ơn đội vệ sinh.")
    await classified(desk, (press, "criticism"), (praise, "praise"))
    assert (await desk.cases(), await desk.events(OPENED)) == ([], [])


async def test_a_batch_opens_a_case_for_each_with_its_own_reference(desk: Desk) -> None:
    ids = [await pushed(desk, f"Đèn đường số {n} hỏng.") for n in range(5)]
    await classified(desk, *[(one, "report_of_problem") for one in ids])
    assert len({case.reference for case in await desk.cases()}) == 5
    assert len(await desk.events(OPENED)) == 5


@pytest.mark.mission("M10")
async def test_a_case_goes_to_the_ward_its_text_names(desk: Desk) -> None:
    district = await desk.make.unit("Quận Ba Đình", "district", code="D001", valid_to=datetime(2025, 6, 30).date(),
                                    valid_from=datetime(1990, 1, 1).date())  # fmt: skip
    ward = await desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    content_id = await pushed(desk, "Phường Hoàn Kiếm để rác ba ngày.")
    await annotate(desk.make, content_id, [district.code, "99999", ward.code])
    await classified(desk, (content_id, "complaint"))
    (case,) = await desk.cases()
    assert (case.unit_id, case.place) == (ward.id, "Phường Hoàn Kiếm")


@pytest.mark.mission("M10")
async def test_due_times_are_working_hours_and_shorter_where_somebody_may_be_hurt(desk: Desk) -> None:
    """It is Tuesday noon in Hà Nội: four hours are the afternoon, eight end on Wednesday at noon."""
    normal, urgent = await pushed(desk, "Thiếu cây xanh."), await pushed(desk, "Cây đổ, rất nguy hiểm.")
    await classified(desk, (normal, "complaint"), (urgent, "report_of_problem"))
    cases = {case.urgency: case for case in await desk.cases()}
    wednesday_noon, tuesday_end = datetime(2026, 11, 25, 5, tzinfo=UTC), datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    assert (cases["normal"].accept_due_at, cases["normal"].due_at) == (wednesday_noon, None)
    assert (cases["urgent"].accept_due_at, cases["urgent"].due_at) == (wednesday_noon, tuesday_end)


async def test_anybody_with_the_reference_sees_how_far_it_is_and_not_what_it_says(desk: Desk) -> None:
    content_id = await pushed(desk, "Nhà hàng xóm ồn ào ban đêm.")
    await classified(desk, (content_id, "complaint"))
    (case,) = await desk.cases()
    answer = await desk.ask("GET", f"/feedback/{case.reference.lower()}", who={})
    assert answer.status_code == 200
    assert set(answer.json()) == {
        "reference", "state", "service_code", "received_at", "updated_at", "expected_at", "main_reference",
    }  # fmt: skip
    assert (answer.json()["reference"], answer.json()["state"]) == (case.reference, "received")
    for wrong in ("PA-2026-999999", "x", "%00", "a" * 50, "PA'--"):
        missing = await desk.ask("GET", f"/feedback/{wrong}", who={})
        assert missing.status_code in (404, 422), wrong
    assert (await desk.ask("GET", "/feedback/PA-2026-999999", who={})).json()["title"] == "Không tìm thấy phản ánh"


async def test_cases_are_for_those_who_answer_them(desk: Desk, signed_in: Any) -> None:
    content_id = await pushed(desk, "Đường ngập.")
    await classified(desk, (content_id, "complaint"))
    officer = await signed_in(Role.FEEDBACK_OFFICER)
    page = (await desk.ask("GET", "/feedback-cases", params={"state": "received"}, who=officer)).json()
    assert [one["body"] for one in page["items"]] == ["Đường ngập."]
    assert (await desk.ask("GET", "/feedback-cases", params={"state": "closed"}, who=officer)).json()["items"] == []
    for role in (Role.VIEWER, Role.INTEGRATOR, Role.FACT_CHECKER):
        assert (await desk.ask("GET", "/feedback-cases", who=await signed_in(role))).status_code == 403
