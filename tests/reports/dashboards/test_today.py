"""The day so far, on rows as the other services write them."""

from datetime import timedelta
from typing import Any

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.plugin import SignedIn
from tests.reports.city import City
from tests.reports.dashboards.conftest import Ask, Newsroom

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def values(told: dict[str, Any], *names: str) -> list[Any]:
    return [told["figures"][name]["value"] for name in names]


async def test_today_begins_at_midnight_in_hanoi_and_is_set_beside_the_same_hours_of_the_week(
    ask: Ask, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    clock.advance(-8 * DAY)
    source = await city.make.source()
    for days in range(8):
        if days:
            clock.advance(DAY)
        await city.item(source)
        clock.advance(HOUR)
        await city.item(source)
        clock.advance(-HOUR)
    clock.advance(DAY - 13 * HOUR)
    await city.item(source, kind=None)
    clock.advance(13 * HOUR)
    await city.story("Chuyện", [await city.item(source), await city.item(source)])
    clock.advance(timedelta(minutes=1))
    told = await ask("today", editor)
    assert told["since"] == "2026-11-24T00:00:00+07:00"
    assert values(told, "items", "classified", "stories") == [2, 2, 1]
    assert values(told, "items_usual") == [1.0], "an hour later on those days does not count"


async def test_a_week_that_was_not_watched_is_not_compared_with(
    ask: Ask, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    source = await city.make.source()
    await city.item(source, kind=None)
    assert values(await ask("today", editor), "items", "items_usual", "classified", "stories") == [1, None, None, None]


async def test_reports_of_citizens_are_counted_in_ones_own_unit_and_all_at_the_desks_that_pass_them_on(
    ask: Ask, city: City, signed_in: SignedIn, clock: FrozenClock
) -> None:
    ward, other = await city.make.unit(), await city.make.unit()
    desk = await city.make.unit("Văn phòng", "department", code="HN-VPUB")
    clock.advance(-DAY)
    answered = await city.case(unit_id=ward.id, state="answered", answered_at=clock.now() + DAY)
    clock.advance(DAY)
    step = {"state": "answered", "at": clock.now(), "by": None}
    for _ in range(2):
        await city.make.add(m.CaseEvent(id=new_id(clock.now()), case_id=answered.id, action="answered", **step))
    for unit in (ward.id, ward.id, other.id, None):
        await city.case(unit_id=unit)
    names = ("feedback_received", "feedback_answered", "feedback_waiting")
    asked = {unit: await ask("today", await signed_in(Role.VIEWER, unit_id=unit)) for unit in (ward.id, other.id)}
    assert values(asked[ward.id], *names) == [2, 1, 2]
    assert values(asked[other.id], *names) == [1, 0, 1]
    for desks in (None, desk.id):
        assert values(await ask("today", await signed_in(Role.EDITOR, unit_id=desks)), *names) == [4, 1, 4]


async def test_what_went_out_is_counted_without_drills_and_what_waits_only_in_ones_own_unit(
    ask: Ask, city: City, newsroom: Newsroom, signed_in: SignedIn, clock: FrozenClock
) -> None:
    ward = await city.make.unit("Phường Bến")
    people = [await city.make.person(Role.EDITOR, unit_id=unit) for unit in (ward.id, None)]
    clock.advance(-DAY)
    await city.publication("Hôm qua", unit_id=ward.id)
    clock.advance(DAY)
    await city.publication("Cầu thông xe", unit_id=ward.id)
    await city.publication("Đính chính", kind="correction")
    await city.publication("DIỄN TẬP: cháy", unit_id=ward.id, is_drill=True)
    soon = clock.now() + 2 * HOUR
    await newsroom.approved("Cắt nước chiều nay", people[0], "scheduled", scheduled_at=soon)
    await newsroom.approved("Cắt nước ngày kia", people[0], "scheduled", scheduled_at=clock.now() + 2 * DAY)
    await newsroom.in_review("Chờ duyệt", people[0])
    mine = await ask("today", newsroom.sign_in(people[0]))
    assert values(mine, "published", "corrections", "scheduled", "approvals") == [1, 0, 1, 1]
    assert [(item["title"], item["unit"], item["kind"]) for item in mine["items"]] == [
        ("Cắt nước chiều nay", "Phường Bến", "publication")
    ]
    assert mine["note"] is None
    city_wide = await ask("today", newsroom.sign_in(people[1]))
    assert values(city_wide, "published", "corrections", "scheduled", "approvals") == [2, 1, 0, 0]


async def test_what_goes_on_stands_first_and_a_drill_is_marked(
    ask: Ask, city: City, newsroom: Newsroom, clock: FrozenClock
) -> None:
    speaker = await city.make.person(Role.SPOKESPERSON)
    now = clock.now()
    pause = m.Pause(id=new_id(now), unit_id=None, reason="Sự cố lớn", paused_by=speaker.id, paused_at=now)
    await city.make.add(pause)
    statement = await newsroom.draft("DIỄN TẬP: cháy chợ", speaker, is_drill=True)
    playbook = m.Playbook(
        id=new_id(now),
        unit_id=speaker.unit_id,
        name="Cháy",
        trigger="manual",
        statement_title="Cháy",
        statement_body="Cháy",
        urgent_reason="Cháy lớn ở chợ",
        speaking_unit_id=speaker.unit_id,
        approving_units=[],
        channel_ids=[],
        created_by=speaker.id,
        created_at=now,
        updated_at=now,
    )
    await city.make.add(playbook)
    situation = m.Situation(
        id=new_id(now),
        unit_id=speaker.unit_id,
        playbook_id=playbook.id,
        playbook_version=1,
        title="DIỄN TẬP: cháy chợ",
        is_drill=True,
        state="open",
        publication_id=statement.id,
        opened_by=speaker.id,
        opened_at=now + HOUR,
    )
    await city.make.add(situation)
    told = await ask("today", newsroom.sign_in(speaker))
    assert [(item["kind"], item["is_drill"], item["title"]) for item in told["items"]] == [
        ("pause", False, "Đang tạm dừng đăng tin của mọi đơn vị"),
        ("situation", True, "DIỄN TẬP: cháy chợ"),
    ]
    assert told["items"][0]["who"] == {"role": "spokesperson", "role_name": "Người phát ngôn", "unit": None}
    assert told["items"][1]["href"] == f"/api/publish/v1/situations/{situation.id}"
