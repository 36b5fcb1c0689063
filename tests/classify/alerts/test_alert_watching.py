"""Thresholds and first appearances on batches: raised once, counted once, over by themselves."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.db import Database
from libs.common.events.alert import AlertRaised
from libs.common.models.alerts import AlertKind
from services.classify.alerts.watching import watch_contents
from tests.classify.alerts.conftest import REPORTS, Room

FIRST = {"kind": "first_appearance", "of": "place_field", "days": 30}


@pytest.mark.mission("M06")
async def test_a_threshold_is_told_once_and_what_repeats_adds_to_it(room: Room) -> None:
    await room.make.unit("Phường Cửa Nam", code="00001")
    await room.rule()
    assert await room.told_of(2) == 0
    assert await room.told_of(1, title="Ngập sâu trước cổng trường") == 1
    assert await room.told_of(4) == 0
    alert = await room.alert()
    assert (alert.count, alert.place, alert.state, alert.kind) == (7, "00001", "open", AlertKind.THRESHOLD)
    assert "Phường Cửa Nam" in alert.title
    assert len(alert.why["contents"]) == 3
    assert alert.why["contents"][0]["title"] == "Ngập sâu trước cổng trường"
    assert all(alert.why[name] for name in ("what", "unusual", "next"))


async def test_one_that_goes_on_for_hours_counts_all_of_it(room: Room) -> None:
    await room.rule()
    for _ in range(4):
        await room.told_of(3)
        room.later(minutes=40)
        await room.sweep()
    assert (await room.alert()).count == 12


async def test_groups_and_what_is_out_of_scope_count_apart(room: Room) -> None:
    await room.rule()
    await room.told_of(2, places=["00001"])
    await room.told_of(2, places=["00002"])
    assert await room.told_of(5, kind="news") == 0
    assert await room.told_of(1, places=["00001", "00002"]) == 2
    assert sorted(alert.event_key for alert in await room.alerts()) == ["00001", "00002"]


async def test_a_content_labelled_again_counts_no_second_time(room: Room) -> None:
    await room.rule()
    ids = await room.contents(2)
    for _ in range(3):
        assert await room.watch(ids) == 0
    assert await room.alerts() == []


async def test_what_came_before_the_window_does_not_count(room: Room) -> None:
    await room.rule()
    await room.told_of(2)
    room.later(minutes=61)
    assert await room.told_of(1) == 0
    assert await room.told_of(2) == 1


async def test_an_archive_that_is_read_in_raises_nothing(room: Room) -> None:
    await room.rule()
    assert await room.told_of(20, published_at=room.clock.now() - timedelta(days=3)) == 0


async def test_it_is_over_by_itself_and_the_next_is_another(room: Room) -> None:
    await room.rule()
    await room.told_of(3)
    room.later(minutes=50)
    await room.sweep()
    assert (await room.alert()).ended_at is None
    room.later(minutes=11)
    await room.sweep()
    first = await room.alert()
    assert (first.state, first.resolved_by, first.ended_at) == ("resolved", None, room.clock.now())
    assert await room.told_of(3) == 1
    assert [alert.state for alert in await room.alerts()] == ["resolved", "open"]
    assert "1 lần" in (await room.alerts())[1].why["unusual"]


async def test_one_that_a_person_resolved_is_not_raised_again_while_it_goes_on(room: Room) -> None:
    await room.rule()
    await room.told_of(3)
    await room.resolve((await room.alert()).id)
    room.later(minutes=5)
    assert await room.told_of(5) == 0
    assert await room.sweep() == 0
    assert (await room.alert()).count == 8


@pytest.mark.mission("M06")
async def test_two_workers_with_the_same_batch_raise_once(room: Room) -> None:
    await room.rule()
    ids = await room.contents(3)

    async def work() -> int:
        async with room.db.transaction() as session:
            return await watch_contents(session, ids, now=room.clock.now())

    assert sum(await asyncio.gather(*(work() for _ in range(4)))) == 1
    assert (await room.alert()).count == 3


async def test_two_workers_that_each_see_a_part_raise_by_the_sweep(room: Room) -> None:
    """Neither sees what the other has not committed."""
    await room.rule()
    one, other = await room.contents(2), await room.contents(2)
    async with room.db.transaction() as first, room.db.transaction() as second:
        assert await watch_contents(first, one, now=room.clock.now()) == 0
        assert await watch_contents(second, other, now=room.clock.now()) == 0
    assert await room.sweep() == 1
    assert await room.sweep() == 0
    assert (await room.alert()).count == 4


async def test_a_rule_that_cannot_be_read_holds_up_no_other(room: Room) -> None:
    """As after a step back to an older version."""
    await room.rule()
    async with room.owner.transaction() as session:
        await session.execute(text('UPDATE alert_rules SET condition = condition || \'{"by": "weather"}\''))
    await room.rule()
    assert await room.told_of(3) == 1
    assert await room.sweep() == 0


async def test_switched_off_or_expired_rules_raise_nothing(room: Room) -> None:
    await room.rule(is_enabled=False)
    await room.rule(expires_at=(room.clock.now() + timedelta(minutes=1)).isoformat())
    room.later(minutes=2)
    assert await room.told_of(5) == 0


# --- first appearances ---------------------------------------------------------------------------------------


async def test_a_place_and_a_field_are_new_once(room: Room) -> None:
    await room.content(places=["00009"], id=room.id())
    room.later(days=40)
    await room.rule(FIRST)
    await room.told_of(1)
    assert await room.alerts() == [], "its memory is not filled yet"
    await room.sweep()
    assert await room.told_of(2, places=["00002"], field="y_te") == 1
    assert await room.told_of(1, places=["00002"], field="y_te") == 0
    alert = await room.alert()
    assert (alert.place, alert.field, alert.count) == ("00002", "y_te", 3)
    assert await room.told_of(1, places=["00001"]) == 0, "known from before"
    room.later(days=2)
    await room.sweep()
    assert (await room.alert()).state == "resolved"
    assert await room.told_of(1, places=["00002"], field="y_te") == 0
    room.later(days=31)
    assert await room.told_of(1, places=["00002"], field="y_te") == 1


async def test_a_young_memory_says_nothing_of_what_was_before_it(room: Room) -> None:
    await room.rule(FIRST)
    await room.told_of(1)
    room.later(days=10)
    await room.sweep()
    assert await room.told_of(1, places=["00003"]) == 0
    room.later(days=31)
    assert await room.told_of(1, places=["00004"]) == 1


async def test_a_phrase_is_read_with_its_marks_where_the_text_has_them(room: Room) -> None:
    await room.content("Tin cũ", text="Tin cũ.")
    room.later(days=8)
    await room.rule({"kind": "first_appearance", "of": "phrase", "phrases": ["vỡ đê", "lũ quét"], "days": 7})
    await room.sweep()
    assert await room.told_of(1, title="Chuyện vô đề", text="...") == 0
    assert await room.told_of(1, title="canh bao vo de o chuong my", text="...") == 1
    assert await room.told_of(1, title="Cảnh báo vỡ đê ở Chương Mỹ", text="...") == 0
    assert await room.told_of(1, title="Tin đêm", text="Có LŨ QUÉT.") == 1
    assert ["vỡ đê" in alert.title for alert in await room.alerts()] == [True, False]


# --- what outsiders hear -------------------------------------------------------------------------------------


@pytest.mark.mission("M06")
async def test_outsiders_hear_codes_and_counts_of_public_rules_only(room: Room) -> None:
    await room.rule(REPORTS | {"by": "place_field"}, is_public=True)
    await room.rule(REPORTS | {"count": 12}, name="Nhiều phản ánh", is_public=True)
    await room.rule(name="Nội bộ")
    await room.told_of(3, title="Chị Nguyễn Thị Lan kêu nước bẩn")
    await room.told_of(9)
    few, many = await room.events()
    assert set(few) == set(AlertRaised.model_fields)
    assert (few["field"], few["place"], few["count"]) == ("do_thi", None, 3), "a place of few is not named"
    assert (many["place"], many["count"]) == ("00001", 12)
    said = json.dumps([few, many], ensure_ascii=False)
    contents = await room.rows(m.Content)
    assert not any(one.title in said or str(one.id) in said for one in contents)


async def test_while_it_is_muted_nobody_outside_hears(room: Room) -> None:
    rule = await room.rule(is_public=True)
    await room.mute(rule.id, hours=1)
    await room.told_of(3)
    assert (await room.alert()).is_muted
    assert await room.events() == []


@pytest.mark.mission("M06")
async def test_the_handler_of_labelled_contents_watches_them(desk: Any, db: Database) -> None:
    """The door itself: the batch of `content.classified` raises in its own transaction."""
    room = Room(desk.make, desk.owner, desk.db, desk.clock)
    await room.rule(REPORTS)
    await desk.index(await room.contents(3))
    assert (await room.alert()).count == 3
