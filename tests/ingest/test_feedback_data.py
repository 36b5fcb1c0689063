"""Requests of senders about what is held of them: two working days, with the code, answered by an officer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from services.ingest.feedback import jobs
from tests.ingest.casework import WHO, Casework
from tests.ingest.test_feedback_reports import everything
from tests.ingest.test_feedback_watch import run


async def decided(casework: Casework, request_id: str, how: str, **body: Any) -> Any:
    return await casework.desk.ask("POST", f"/data-requests/{request_id}/{how}", who=casework.officer, json=body)


@pytest.mark.mission("M37")
async def test_a_sender_asks_to_see_what_is_held_and_fetches_it_with_the_code(casework: Casework) -> None:
    opened = await casework.report(contact=WHO, place_text="Ngõ 5 Hàng Bài")
    assert (await casework.follow(opened, "data-requests", kind="access", code="AAAAA-AAAAA")).status_code == 404
    assert (await casework.follow(opened, "data")).status_code == 409
    asked = await casework.follow(opened, "data-requests", kind="access")
    assert asked.status_code == 202
    told = asked.json()
    assert datetime.fromisoformat(told["due_at"]) == datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
    assert (await casework.follow(opened, "data-requests", kind="access")).json()["id"] == told["id"]
    held = (await decided(casework, told["id"], "fulfil")).json()["held"]
    assert held["contact"] == {"name": WHO.name, "phone": WHO.phone, "email": WHO.email}
    assert (held["case"]["reference"], held["case"]["place_told"]) == (opened.reference, "Ngõ 5 Hàng Bài")
    assert [one["kind"] for one in held["data_requests"]] == ["access"]
    fetched = await casework.follow(opened, "data")
    assert (fetched.json()["held"], fetched.headers["Cache-Control"]) == (held, "no-store")
    assert (await decided(casework, told["id"], "fulfil")).status_code == 409
    actions = [one.action for one in await casework.rows(m.AuditEntry)]
    assert {"data_request.asked", "data_request.fulfilled"} <= set(actions)


@pytest.mark.mission("M37")
async def test_what_was_erased_is_nowhere_and_the_case_is_still_counted(casework: Casework) -> None:
    opened = await casework.report(
        contact=WHO, title="Hàng xóm đổ rác", description="Nhà số 7 ngõ Thu Cúc đổ rác.", lat=21.0, lon=105.8,
        place_text="7 ngõ Thu Cúc", media_urls=("https://anh.example/thu-cuc.jpg",),
    )  # fmt: skip
    await casework.answered(opened.case_id, "Đã nhắc nhà số 7 ngõ Thu Cúc.")
    await casework.follow(opened, "reopen", reason="Ngõ Thu Cúc vẫn bẩn.")
    asked = (await casework.follow(opened, "data-requests", kind="erasure")).json()
    assert (await decided(casework, asked["id"], "fulfil")).json() == {"held": {}}
    left = (await everything(casework)).lower()
    assert [one for one in ("thu cúc", "thu-cuc", "gieo", "105.8", "hàng xóm") if one in left] == []
    seen = (await casework.follow(opened)).json()
    assert seen["description"] == "[đã xóa theo yêu cầu của người gửi]"
    assert [one["state"] for one in seen["updates"]] == ["received", "accepted", "answered", "reopened", "reopened"]
    assert (await casework.desk.ask("GET", "/feedback-figures", who={})).json()["received"] == 1


@pytest.mark.mission("M37")
async def test_a_request_that_is_late_is_told_once_flagged_and_counted(casework: Casework) -> None:
    opened = await casework.report(contact=WHO)
    await casework.done(opened.case_id, "accept")
    asked = (await casework.follow(opened, "data-requests", kind="erasure")).json()
    assert (await casework.notices())[-1] == ("data_request", 0, None)
    casework.later(days=2, hours=5, minutes=30)
    assert await run(casework, jobs.watch_limits) == [0]
    casework.later(seconds=1)
    assert await run(casework, jobs.watch_limits, 2) == [1, 0]
    assert (await casework.notices())[-1] == ("data_request_late", 1, None)
    page = (await casework.desk.ask("GET", "/data-requests", who=casework.officer)).json()
    assert [(one["id"], one["is_overdue"]) for one in page["items"]] == [(asked["id"], True)]
    assert (await decided(casework, asked["id"], "refuse", reason="ngắn")).status_code == 422
    refused = await decided(casework, asked["id"], "refuse", reason="Vụ việc đang được giải quyết theo luật.")
    assert (refused.json()["state"], refused.json()["is_overdue"]) == ("refused", False)
    assert len(await casework.rows(m.CaseContact)) == 1
    figures = (await casework.desk.ask("GET", "/feedback-figures", who={})).json()
    assert (figures["data_requests"], figures["data_requests_late"]) == (1, 1)


@pytest.mark.mission("M37")
async def test_requests_are_for_officers_who_have_the_case(casework: Casework) -> None:
    ward = await casework.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    opened = await casework.report(contact=WHO)
    asked = (await casework.follow(opened, "data-requests", kind="access")).json()
    theirs = await casework.officer_in(ward.id)
    answer = await casework.desk.ask("POST", f"/data-requests/{asked['id']}/fulfil", who=theirs, json={})
    assert answer.status_code == 404
    assert (await casework.desk.ask("GET", "/data-requests", who=theirs)).json()["items"] == []
    assert (await casework.desk.ask("GET", "/data-requests", who={})).status_code == 401
    with pytest.raises(DBAPIError, match="refused_with_a_reason"):
        await casework.sql("UPDATE data_requests SET state = 'refused', decided_at = due_at, decided_by = id")
