"""A schedule drafts each period once, makes up for the last one, tells who edits and signs, and never sends a draft."""

import asyncio
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import docx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.reports.domain import Period
from services.reports.periods import CutOffs
from services.reports.sending import queries
from services.reports.sending.jobs import make_scheduled_reports
from services.reports.sending.rules import Due, due
from tests.reports.sending.desk import PARTY, UNIT, Desk

pytestmark = pytest.mark.mission("M33")


def at(day: str, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=HANOI)


FIRST = at("2026-11-20")


def plan(cadence: str = "daily", on_since: datetime | None = FIRST, **cut: int | None) -> m.ReportSchedule:
    cut = {"hour": None, "weekday": None, "month_day": None, **cut}
    return m.ReportSchedule(cadence=cadence, on_since=on_since, **cut)


DAY = Period(at("2026-11-23", 17), at("2026-11-24", 17))


@pytest.mark.parametrize(
    ("schedule", "last_to", "now", "expected"),
    [
        (plan(), at("2026-11-23", 17), at("2026-11-24", 16, 59), None),
        (plan(), at("2026-11-23", 17), at("2026-11-24", 17), Due(DAY, False, None)),
        (plan(), at("2026-11-23", 17), at("2026-11-24", 17, 31), Due(DAY, True, None)),
        (plan(), at("2026-11-24", 17), at("2026-11-24", 20), None),
        # Three days away: the last period alone, and since when there is none.
        (plan(), at("2026-11-21", 17), at("2026-11-25", 9), Due(DAY, True, at("2026-11-21", 17))),
        # Turned on in the middle of a period: that one is the first.
        (plan(on_since=at("2026-11-24", 12)), None, at("2026-11-24", 17), Due(DAY, False, None)),
        (plan(on_since=at("2026-11-24", 18)), None, at("2026-11-24", 18), None),
        (plan(on_since=at("2026-11-24", 12)), at("2026-10-01", 17), at("2026-11-24", 17), Due(DAY, False, None)),
        (plan(on_since=None), None, at("2026-11-24", 17), None),
        (plan(hour=8), at("2026-11-23", 8), at("2026-11-24", 7), None),
        (
            plan(hour=8),
            at("2026-11-23", 8),
            at("2026-11-24", 8),
            Due(Period(at("2026-11-23", 8), at("2026-11-24", 8)), False, None),
        ),
        (
            plan("monthly", at("2026-10-01"), month_day=31),
            at("2026-11-01"),
            at("2026-12-01"),
            Due(Period(at("2026-11-01"), at("2026-12-01")), False, None),
        ),
    ],
)
def test_what_is_due(schedule: m.ReportSchedule, last_to: datetime | None, now: datetime, expected: Due | None) -> None:
    assert due(schedule, CutOffs(hour=17), last_to, now) == expected


def test_a_city_without_a_daily_hour_has_no_daily_report_unless_the_schedule_names_one() -> None:
    now = at("2026-11-24", 18)
    assert due(plan(), CutOffs(hour=None), None, now) is None
    assert due(plan(hour=17), CutOffs(hour=None), None, now) is not None


async def test_each_period_is_drafted_once_however_many_schedulers_there_are(
    desk: Desk, db_as: Callable[[str], Database]
) -> None:
    schedule = await desk.schedule(UNIT)
    workers = [JobContext(db_as("reports"), desk.clock, desk.worker.resources, desk.worker.stopping) for _ in range(3)]
    assert await make_scheduled_reports(workers[0]) == 0
    assert (await desk.done("GET", "reports"))["items"] == []
    desk.clock.advance(timedelta(hours=5, minutes=1))
    await asyncio.gather(*(make_scheduled_reports(worker) for worker in workers))
    desk.clock.advance(timedelta(minutes=30))
    await make_scheduled_reports(workers[1])
    [made] = (await desk.done("GET", "reports"))["items"]
    assert (made["created_by"], made["state"]) == (None, "draft")
    assert (made["period_from"], made["period_to"]) == ("2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z")
    [period] = (await desk.done("GET", f"schedules/{schedule['id']}/periods"))["items"]
    assert (period["report_id"], period["is_late"], period["skipped_from"]) == (made["id"], False, None)
    async with desk.db.transaction() as session:
        events = (await session.scalars(select(m.OutboxEvent.payload))).all()
    assert [(one["report_id"], one["is_signed"]) for one in events] == [(made["id"], False)]
    assert len(await desk.told("report_drafted")) == 2


async def test_while_one_scheduler_has_a_schedule_another_leaves_it_and_the_key_lets_nobody_in_twice(
    desk: Desk,
) -> None:
    schedule = await desk.schedule()
    desk.clock.advance(timedelta(hours=5, minutes=1))
    async with desk.db.transaction() as session:
        assert await queries.take_schedule(session, UUID(schedule["id"])) is not None
        await make_scheduled_reports(desk.worker)
        assert await session.scalar(select(func.count()).select_from(m.Report)) == 0
    await make_scheduled_reports(desk.worker)
    again = text(
        "INSERT INTO schedule_periods SELECT schedule_id, period_to, period_from, gen_random_uuid(), is_late, "
        "skipped_from, made_at FROM schedule_periods"
    )
    with pytest.raises(DBAPIError, match="pk_schedule_periods"):
        async with desk.db.transaction() as session:
            await session.execute(again)


async def test_what_fell_due_while_the_worker_was_off_is_made_up_once_and_said(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT)
    await desk.draft()
    desk.clock.advance(timedelta(days=3, hours=2))
    for _ in range(3):
        await make_scheduled_reports(desk.worker)
    late, first = (await desk.done("GET", f"schedules/{schedule['id']}/periods"))["items"]
    assert (late["period_to"], late["is_late"]) == ("2026-11-27T10:00:00Z", True)
    assert late["skipped_from"] == first["period_to"] == "2026-11-24T10:00:00Z"
    words = (await desk.told("report_drafted"))[-1].body
    assert "lập bù: kỳ kết thúc lúc 17:00 27/11/2026" in words
    assert "Các kỳ từ 17:00 24/11/2026 đến 17:00 26/11/2026 không được lập" in words


async def test_a_draft_goes_to_nobody_and_its_people_are_told(desk: Desk) -> None:
    await desk.schedule(UNIT)
    report = await desk.draft()
    await desk.document(report, "xlsx")
    assert await desk.send() == 0
    assert desk.box.letters == []
    told = {one.role: one for one in await desk.told("report_drafted")}
    assert set(told) == {Role.EDITOR, Role.SPOKESPERSON}
    assert told["spokesperson"].subject.startswith("Cần ký: Tin nhanh trong ngày – Thông tin trên không gian mạng")
    assert {one.unit_id for one in told.values()} == {await desk.make.city()}
    assert str(report["id"]) in told["editor"].body


async def test_one_schedule_that_cannot_be_reported_holds_up_no_other_and_is_told_once(desk: Desk) -> None:
    await desk.schedule(kind="story", about="01900000-0000-7000-8000-000000000000", title="Chuyên đề đã mất")
    await desk.schedule(UNIT)
    report = await desk.draft()
    assert report["kind"] == "daily"
    await make_scheduled_reports(desk.worker)
    [told] = await desk.told("report_not_made")
    assert "Chuyên đề đã mất" in told.subject
    assert told.role == Role.EDITOR


async def test_a_schedule_that_is_turned_off_makes_nothing_and_turned_on_only_what_ends_later(desk: Desk) -> None:
    schedule = await desk.schedule()
    path = f"schedules/{schedule['id']}"
    off = await desk.done("PATCH", path, json={"based_on": 1, "is_on": False, "title": None, "hour": None})
    assert (off["title"], off["hour"]) == (schedule["title"], None)
    assert (off["is_on"], off["version"]) == (False, 2)
    stale = await desk.ask("PATCH", path, json={"based_on": 1, "is_on": True})
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:lantoa:problem:schedule-changed")
    desk.clock.advance(timedelta(hours=6))
    await make_scheduled_reports(desk.worker)
    await desk.done("PATCH", path, json={"based_on": 2, "is_on": True})
    await make_scheduled_reports(desk.worker)
    assert (await desk.done("GET", "reports"))["items"] == []
    desk.clock.advance(timedelta(days=1))
    await make_scheduled_reports(desk.worker)
    assert len((await desk.done("GET", "reports"))["items"]) == 1


# --- Nơi nhận -----------------------------------------------------------------------------------------------


async def test_the_paper_names_exactly_who_gets_it_and_where_it_is_filed(desk: Desk) -> None:
    schedule = await desk.schedule(form="docx", filing="Lưu: VT, VHTT")
    await desk.recipient(schedule, "Ban Tuyên giáo Thành ủy", PARTY, position=2)
    await desk.recipient(schedule, "Ủy ban nhân dân Thành phố", UNIT, position=1)
    report = await desk.signed("docx")
    named = ["Ủy ban nhân dân Thành phố", "Ban Tuyên giáo Thành ủy", "Lưu: VT, VHTT"]
    assert report["head"]["recipients"] == named
    document = docx.Document(io.BytesIO(await desk.document(report, "docx")))
    printed = [p.text for table in document.tables for row in table.rows for cell in row.cells for p in cell.paragraphs]
    lines = [line.strip("-;. ") for line in printed]
    assert [line for line in lines if line in named] == named
    assert [one["name"] for one in await desk.sendings()] == ["Ban Tuyên giáo Thành ủy", "Ủy ban nhân dân Thành phố"]


async def test_whoever_signs_has_seen_for_whom(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT)
    report = await desk.draft()
    await desk.recipient(schedule, "Ban Tuyên giáo Thành ủy", PARTY)
    refused = await desk.sign(report)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:recipients-changed")
    assert "Ban Tuyên giáo Thành ủy" in refused.json()["detail"]
    assert await desk.sendings() == []
    path, edit = f"reports/{report['id']}", {"based_on": 1, "text": report["text"]}
    others = await desk.ask("PUT", path, json={**edit, "head": {"recipients": ["Nơi khác"]}})
    assert (others.status_code, others.json()["type"]) == (422, "urn:lantoa:problem:recipients-of-schedule")
    saved = await desk.done("PUT", path, json=edit)
    assert saved["head"]["recipients"] == ["Nơi nhận 1", "Ban Tuyên giáo Thành ủy", "Lưu: VT"]
    assert (await desk.sign(saved)).status_code == 200
    assert await desk.states() == {UNIT: "queued", PARTY: "queued"}


async def test_recipients_are_changed_removed_and_never_there_twice(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT, PARTY)
    first, second = await desk.recipients(schedule)
    body = {"name": "Lần nữa", "email": UNIT.upper()}
    twice = await desk.ask("POST", f"schedules/{schedule['id']}/recipients", json=body)
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:lantoa:problem:recipient-exists")
    taken = await desk.ask("PATCH", f"recipients/{first['id']}", json={"email": PARTY})
    assert taken.status_code == 409
    changed = await desk.done("PATCH", f"recipients/{first['id']}", json={"name": "UBND", "position": 9})
    assert (changed["name"], changed["email"]) == ("UBND", UNIT)
    assert [one["email"] for one in await desk.recipients(schedule)] == [PARTY, UNIT]
    assert (await desk.ask("DELETE", f"recipients/{second['id']}")).status_code == 204
    assert [one["email"] for one in await desk.recipients(schedule)] == [UNIT]
    gone = await desk.ask("PATCH", f"recipients/{second['id']}", json={"name": "Khác"})
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:lantoa:problem:recipient-not-found")
    back = await desk.recipient(schedule, "Ban Tuyên giáo", PARTY)
    assert back["id"] != second["id"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "situation", "about": "x"}, "urn:lantoa:problem:schedule-not-possible"),
        ({"kind": "legal_case", "about": "x"}, "urn:lantoa:problem:schedule-not-possible"),
        ({"kind": "weekly"}, "urn:lantoa:problem:schedule-not-possible"),
        ({"about": "x"}, "urn:lantoa:problem:schedule-not-possible"),
        ({"kind": "story"}, "urn:lantoa:problem:schedule-not-possible"),
        ({"kind": "story", "about": "x"}, "urn:lantoa:problem:about-not-found"),
        ({"hour": 24}, None),
        ({"title": "Hai\ndòng"}, None),
        ({"form": "md"}, None),
    ],
)
async def test_what_is_no_schedule_is_refused(desk: Desk, values: dict[str, Any], said: str | None) -> None:
    unit = str(await desk.make.city())
    body = {"title": "Lịch", "kind": "daily", "cadence": "daily", "unit_id": unit, **values}
    got = await desk.ask("POST", "schedules", json=body)
    assert got.status_code == (404 if said == "urn:lantoa:problem:about-not-found" else 422)
    assert said is None or got.json()["type"] == said


@pytest.mark.parametrize("email", ["không phải thư", "a@b\r\nBcc: c@d.example", "", "x" * 250 + "@hanoi.example"])
async def test_what_is_no_address_is_refused(desk: Desk, email: str) -> None:
    schedule = await desk.schedule()
    body = {"name": "Nơi nhận", "email": email}
    assert (await desk.ask("POST", f"schedules/{schedule['id']}/recipients", json=body)).status_code == 422


async def test_a_units_own_people_keep_its_schedule_and_see_its_addresses(desk: Desk, signed_in: Any) -> None:
    schedule = await desk.schedule(UNIT)
    ward = (await desk.make.unit()).id
    stranger = await signed_in(Role.EDITOR, unit_id=ward)
    [recipient] = await desk.recipients(schedule)
    for method, path, body in (
        ("GET", f"schedules/{schedule['id']}/recipients", None),
        ("POST", f"schedules/{schedule['id']}/recipients", {"name": "A", "email": "a@hanoi.example"}),
        ("PATCH", f"schedules/{schedule['id']}", {"based_on": 1, "is_on": False}),
        ("PATCH", f"recipients/{recipient['id']}", {"name": "A"}),
        ("DELETE", f"recipients/{recipient['id']}", None),
        ("POST", f"recipients/{recipient['id']}/clear", None),
    ):
        got = await desk.client.request(method, f"/api/reports/v1/{path}", json=body, headers=stranger)
        assert (got.status_code, got.json()["type"]) == (403, "urn:lantoa:problem:not-schedule-keeper"), path
    assert (await desk.ask("GET", "schedules", Role.VIEWER)).status_code == 200
    assert (await desk.ask("GET", f"schedules/{schedule['id']}/recipients", Role.VIEWER)).status_code == 403
    assert (await desk.ask("GET", "sendings", Role.VIEWER)).status_code == 403
    missing = await desk.ask("GET", "schedules/01900000-0000-7000-8000-000000000000")
    assert (missing.status_code, missing.json()["title"]) == (404, "Không tìm thấy lịch báo cáo")
