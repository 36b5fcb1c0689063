"""What is past its time: one of each kind, in ones own unit, and what is not overdue beside it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.plugin import SignedIn
from tests.reports.city import AUTHOR, City
from tests.reports.dashboards.conftest import Ask, Newsroom

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def counts(told: dict[str, Any]) -> dict[str, int]:
    return {name: figure["value"] for name, figure in told["figures"].items() if figure["value"] != 0}


async def test_a_case_is_overdue_by_either_of_its_limits_and_its_words_are_not_quoted(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    ward, other = await city.make.unit("Phường Bến"), await city.make.unit()
    past, later = city.now - HOUR, city.now + HOUR
    unaccepted = await city.case(unit_id=ward.id, accept_due_at=past)
    undone = await city.case("complaint", unit_id=ward.id, state="in_progress", due_at=past - HOUR, accept_due_at=past)
    await city.case(unit_id=ward.id, accept_due_at=later, due_at=later)
    await city.case(unit_id=ward.id, state="accepted", accept_due_at=past, due_at=later)
    await city.case(unit_id=ward.id, state="answered", accept_due_at=past, due_at=past, answered_at=past)
    elsewhere = await city.case(unit_id=other.id, accept_due_at=past - DAY)
    mine = await ask("overdue", await signed_in(Role.FEEDBACK_OFFICER, unit_id=ward.id))
    assert counts(mine) == {"feedback_cases": 2}
    assert [(item["id"], item["title"]) for item in mine["items"]] == [
        (str(undone.id), f"{undone.reference}: Khiếu nại, phàn nàn"),
        (str(unaccepted.id), f"{unaccepted.reference}: Phê bình, góp ý"),
    ]
    first = mine["items"][0]
    assert first["due_at"] == f"{past - HOUR:%Y-%m-%dT%H:%M:%SZ}"
    assert first["who"]["role_name"] == "Cán bộ tiếp nhận phản ánh"
    assert (first["unit"], first["href"]) == ("Phường Bến", f"/api/ingest/v1/feedback-cases/{undone.id}")
    all_ = await ask("overdue", await signed_in(Role.EDITOR))
    assert [item["id"] for item in all_["items"]] == [str(one.id) for one in (elsewhere, undone, unaccepted)]
    viewer = await ask("overdue", await signed_in(Role.VIEWER, unit_id=ward.id))
    assert (counts(viewer), viewer["items"], viewer["note"]) == ({"feedback_cases": 2}, [], None)
    assert AUTHOR not in f"{mine}{all_}{viewer}"


async def test_a_request_about_personal_data_is_overdue_after_its_day(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    case = await city.case(unit_id=await city.make.city())
    rows = {"case_id": case.id, "received_at": city.now - 3 * DAY, "state": "open"}
    late = m.DataRequest(id=new_id(city.now), kind="access", due_at=city.now - DAY, **rows)
    await city.make.add(late)
    await city.make.add(m.DataRequest(id=new_id(city.now), kind="erasure", due_at=city.now + DAY, **rows))
    told = await ask("overdue", await signed_in(Role.FEEDBACK_OFFICER))
    assert counts(told) == {"data_requests": 1}
    assert [item["title"] for item in told["items"]] == [f"{case.reference}: yêu cầu xem dữ liệu"]


async def test_tasks_are_late_in_their_own_unit_and_a_drills_are_marked_and_not_counted(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    ward = await city.make.unit()

    async def task(title: str, due_at: Any, **values: Any) -> m.Task:
        row = {"kind": "situation_step", "unit_id": ward.id, "state": "open", "created_at": city.now - DAY}
        return await city.make.add(m.Task(id=new_id(city.now), title=title, due_at=due_at, **(row | values)))

    late = await task("Gọi 114", city.now - HOUR, role="admin")
    drill = await task("DIỄN TẬP: gọi 114", city.now - 2 * HOUR, is_drill=True)
    await task("Chưa tới giờ", city.now + HOUR)
    await task("Không có giờ", None)
    await task("Đã xong", city.now - HOUR, state="done", done_by=new_id(city.now), done_at=city.now)
    told = await ask("overdue", await signed_in(Role.VIEWER, unit_id=ward.id))
    assert counts(told) == {"tasks": 1}
    assert [(item["id"], item["is_drill"], item["who"]["role"]) for item in told["items"]] == [
        (str(drill.id), True, "editor"),
        (str(late.id), False, "admin"),
    ]
    assert counts(await ask("overdue", await signed_in(Role.EDITOR))) == {}


async def test_what_the_watchdog_holds_for_overdue_is_shown_while_it_still_is(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    ward = await city.make.unit()
    channel = await city.make.channel(name="Facebook", unit_id=ward.id)
    second = await city.make.channel("tiktok", unit_id=ward.id)
    one = await city.publication("Cầu thông xe", channel, second, state="publishing", unit_id=ward.id)
    waiting = await city.delivery(one, channel, "unknown", None)
    seen = await city.delivery(one, second, "published", "https://tiktok.example/1")
    speaker = await city.make.person(Role.SPOKESPERSON, unit_id=ward.id)
    taken = m.Takedown(
        id=new_id(city.now),
        publication_id=one.id,
        kind="withdrawal",
        reason="Sai số liệu",
        opened_by=speaker.id,
        opened_at=city.now - DAY,
    )
    await city.make.add(taken)
    cleared = {"cleared_at": city.now}
    watched: list[tuple[str, UUID, dict[str, Any]]] = [
        ("delivery_overdue", waiting.id, {}),
        ("delivery_overdue", seen.id, {}),
        ("takedown_open", taken.id, {}),
        ("approval_waiting", one.id, {}),
        ("takedown_open", new_id(city.now), cleared),
    ]
    for kind, object_id, values in watched:
        row = m.WatchdogAlert(id=new_id(city.now), kind=kind, object_id=object_id, first_seen_at=city.now, **values)
        await city.make.add(row)
    told = await ask("overdue", await signed_in(Role.EDITOR, unit_id=ward.id))
    assert counts(told) == {"deliveries": 1, "takedowns": 1}
    shown = {item["kind"]: (item["id"], item["title"], item["href"]) for item in told["items"]}
    assert shown == {
        "delivery": (str(waiting.id), "Cầu thông xe (Facebook)", f"/api/publish/v1/publications/{one.id}"),
        "takedown": (str(taken.id), "Cầu thông xe", f"/api/publish/v1/takedowns/{taken.id}"),
    }


@pytest.mark.mission("M32")
async def test_only_a_running_programme_has_overdue_rows_and_its_lead_sees_its_own(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    ward, other = await city.make.unit("Phường Bến Nghé"), await city.make.unit()

    async def programme(number: str, state: str) -> m.Programme:
        days = {"issued_on": date(2026, 1, 1), "period_from": date(2026, 1, 1), "period_to": date(2026, 11, 20)}
        row = {"number": number, "title": number, "state": state, "source": "Thử", "created_at": city.now}
        return await city.make.add(m.Programme(id=new_id(city.now), **days, **row))

    async def row(of: m.Programme, number: str, lead: str, **values: Any) -> m.Assignment:
        told = {"section": "I", "text": f"Việc {number}", "lead": lead, "partners": [], "state": "open"}
        more = {"source_state": "whole", "sort": 1, "evidence": []}
        return await city.make.add(
            m.Assignment(id=new_id(city.now), programme_id=of.id, row_no=number, **(told | more | values))
        )

    running = await programme("12/QĐ-THU", "running")
    late = await row(running, "1", "Phường Bến Nghé")
    await row(running, "2", "Tổ một")
    await row(running, "3", "Tổ một", state="done")
    await row(running, "4", "Tổ một", due_on=date(2026, 12, 1))
    await row(running, "5", "Tổ một", withdrawn_at=city.now)
    await row(await programme("9/QĐ-THU", "ended"), "1", "Tổ một")
    assert counts(await ask("overdue", await signed_in(Role.EDITOR))) == {"assignments": 2}
    mine = await ask("overdue", await signed_in(Role.EDITOR, unit_id=ward.id))
    assert [(item["id"], item["title"], item["unit"]) for item in mine["items"]] == [
        (str(late.id), "12/QĐ-THU, dòng 1: Việc 1", "Phường Bến Nghé")
    ]
    assert mine["items"][0]["due_at"] == "2026-11-21T00:00:00+07:00"
    assert mine["items"][0]["href"] == f"/api/reports/v1/programmes/{running.id}"
    assert counts(await ask("overdue", await signed_in(Role.EDITOR, unit_id=other.id))) == {}


async def test_an_activity_is_overdue_when_nothing_was_posted_of_it_in_time(
    ask: Ask, city: City, newsroom: Newsroom
) -> None:
    editor = await city.make.person(Role.EDITOR)
    batch = {"created": 0, "updated": 0, "cancelled": 0, "unchanged": 0, "outdated": 0}
    read = m.AgendaImport(
        id=new_id(city.now),
        unit_id=editor.unit_id,
        source="upload",
        imported_by=editor.id,
        imported_at=city.now,
        **batch,
    )
    await city.make.add(read)

    async def activity(title: str, ended: timedelta, state: str = "planned") -> m.AgendaEvent:
        row = m.AgendaEvent(
            id=new_id(city.now),
            unit_id=editor.unit_id,
            uid=title,
            title=title,
            starts_at=city.now - ended - HOUR,
            ends_at=city.now - ended,
            is_all_day=False,
            state=state,
            sequence=0,
            import_id=read.id,
            created_at=city.now,
            updated_at=city.now,
        )
        return await city.make.add(row)

    late = await activity("Khai mạc hội chợ", 2 * HOUR)
    await activity("Vừa xong", HOUR / 2)
    await activity("Đã hủy", 2 * HOUR, "cancelled")
    await activity("Từ tháng trước", 30 * DAY)
    told = await ask("overdue", newsroom.sign_in(editor))
    assert counts(told) == {"activities": 1}
    (item,) = told["items"]
    assert (item["id"], item["title"]) == (str(late.id), "Khai mạc hội chợ")
    assert item["due_at"] == f"{city.now - HOUR:%Y-%m-%dT%H:%M:%SZ}"


async def test_the_longest_overdue_come_first_and_the_figure_says_how_many_there_are(
    ask: Ask, city: City, signed_in: SignedIn
) -> None:
    unit = await city.make.city()
    for hours in range(1, 23):
        await city.case(unit_id=unit, accept_due_at=city.now - hours * HOUR)
    told = await ask("overdue", await signed_in(Role.EDITOR))
    assert (counts(told), len(told["items"])) == ({"feedback_cases": 22}, 20)
    assert told["items"][0]["due_at"] == f"{city.now - 22 * HOUR:%Y-%m-%dT%H:%M:%SZ}"
