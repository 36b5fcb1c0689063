"""What no batch tells: bursts, claims seen again, quiet sources, kept queries, stories; raised once, over by itself."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update

from libs.common import models as m
from libs.common.seed import seed
from services.classify.alerts import sweeping
from tests.classify.alerts.conftest import REPORTS, Room

BURSTS = {"kind": "burst", "dimensions": ["field", "place", "story"]}
CLAIMS = {"kind": "claim_seen"}
QUIET = {"kind": "source_quiet", "healths": ["silent", "broken"], "minutes": 60}


async def change(room: Room, entity: Any, row_id: UUID, **values: Any) -> None:
    async with room.owner.transaction() as session:
        await session.execute(update(entity).where(entity.id == row_id).values(values))


async def burst(room: Room, dimension: str = "field", key: str = "y_te", **more: Any) -> m.Burst:
    now = room.clock.now()
    series = await room.make.add(
        m.Series(id=room.id(), dimension=dimension, key=key, detectors={}, read_until=now, created_at=now)
    )
    values: dict[str, Any] = {
        "began_at": now, "detected_at": now, "loud_at": now, "window_minutes": 60, "seen": 40, "expected": 4.0,
        "surprise": 9.0, "once_in_weeks": 12.0, "content_ids": [await room.content("Dịch sốt")], "story_ids": [],
    }  # fmt: skip
    return await room.make.add(m.Burst(id=room.id(), series_id=series.id, **(values | more)))


@pytest.mark.mission("M06")
async def test_a_burst_is_one_alert_that_grows_and_ends_with_it(room: Room) -> None:
    await room.rule(BURSTS)
    found = await burst(room)
    assert await room.sweep() == 1
    await change(room, m.Burst, found.id, seen=90, loud_at=room.clock.now() + timedelta(minutes=10))
    room.later(minutes=10)
    assert await room.sweep() == 0
    alert = await room.alert()
    assert (alert.count, alert.field, alert.state) == (90, "y_te", "open")
    assert "40 nội dung, thường ngày khoảng 4.0" in alert.why["what"]
    assert "12 tuần" in alert.why["unusual"]
    assert alert.why["contents"][0]["title"] == "Dịch sốt"
    await change(room, m.Burst, found.id, ended_at=room.clock.now())
    assert await room.sweep() == 0
    assert (await room.alert()).state == "resolved"
    await change(room, m.Burst, found.id, ended_at=None)
    assert await room.sweep() == 0, "this burst was told"


async def test_small_or_old_bursts_and_other_series_raise_nothing(room: Room) -> None:
    await room.rule(BURSTS | {"min_seen": 50, "keys": ["y_te"]})
    await burst(room)
    await burst(room, key="giao_thong", seen=80)
    await burst(room, "place", "y_te", seen=80, detected_at=room.clock.now() - timedelta(hours=7))
    assert await room.sweep() == 0


async def claim(room: Room, verdict: str | None = "tin_gia") -> m.Claim:
    now = room.clock.now()
    values: dict[str, Any] = {
        "text": "Nước máy nhiễm độc ở Long Biên", "verdict": verdict, "state": "checked",
        "evidence": [{"title": "Kết quả", "url": "https://a.example"}], "created_at": now, "updated_at": now,
    }  # fmt: skip
    return await room.make.add(m.Claim(id=room.id(), **values))


async def match(room: Room, claim_id: UUID, state: str = "suggested") -> None:
    content = await room.content("Nước máy có độc?")
    decided = room.clock.now() if state != "suggested" else None
    values: dict[str, Any] = {"score": 0.9, "state": state, "created_at": room.clock.now(), "decided_at": decided}
    await room.make.add(m.ClaimMatch(claim_id=claim_id, content_id=content, **values))


@pytest.mark.mission("M06")
async def test_a_false_claim_that_is_seen_again_is_told_without_its_verdict(room: Room) -> None:
    await room.rule(CLAIMS)
    for verdict in ("tin_gia", "tin_xac_thuc", None):
        await match(room, (await claim(room, verdict)).id)
    assert await room.sweep() == 1
    alert = await room.alert()
    said = f"{alert.title} {alert.why}".lower()
    assert "chưa có người xác nhận" in said
    assert not any(word in said for word in ("tin giả", "tin_gia", "sai sự thật"))
    await match(room, UUID(alert.event_key))
    assert await room.sweep() == 0
    assert (await room.alert()).count == 2
    room.later(hours=25)
    await room.sweep()
    assert (await room.alert()).state == "resolved"
    await match(room, UUID(alert.event_key))
    assert await room.sweep() == 1, "another wave"


async def test_only_confirmed_matches_where_the_rule_says_so(room: Room) -> None:
    await room.rule(CLAIMS | {"only_confirmed": True}, is_public=True)
    one = await claim(room)
    await match(room, one.id)
    await match(room, one.id, "rejected")
    assert await room.sweep() == 0
    assert await room.events() == []
    await match(room, one.id, "confirmed")
    assert await room.sweep() == 1
    [event] = await room.events()
    assert (event["rule_kind"], event["count"], event["field"]) == ("claim_seen", 1, None)


async def test_a_source_that_falls_silent_is_told_until_it_speaks(room: Room) -> None:
    await room.rule(QUIET)
    source = await room.make.source(name="Báo B")
    await change(room, m.Source, source.id, health="silent", health_since=room.clock.now(), health_reason="Im 9 giờ.")
    room.later(minutes=59)
    assert await room.sweep() == 0
    room.later(minutes=1)
    assert await room.sweep() == 1
    assert (await room.alert()).why["what"] == "Im 9 giờ."
    await change(room, m.Source, source.id, health="broken", health_since=room.clock.now())
    room.later(hours=2)
    assert await room.sweep() == 0, "the same trouble"
    await change(room, m.Source, source.id, health="ok", health_since=room.clock.now())
    await room.sweep()
    assert (await room.alert()).state == "resolved"
    await change(room, m.Source, source.id, health="silent", health_since=room.clock.now())
    room.later(hours=2)
    assert await room.sweep() == 1


async def test_many_sources_that_fall_silent_are_one_letter(room: Room) -> None:
    await room.rule(QUIET, group_minutes=30)
    for _ in range(6):
        source = await room.make.source()
        await change(room, m.Source, source.id, health="silent", health_since=room.clock.now() - timedelta(hours=2))
    assert await room.sweep() == 6
    room.later(minutes=30)
    assert await room.tell() == 1


async def story(room: Room, items: int) -> UUID:
    now = room.clock.now()
    values: dict[str, Any] = {"title": "Cháy chợ", "field": "chay_no", "items": items, "sources": 2, "version": 1}
    made = await room.make.add(m.Story(id=room.id(), first_at=now, last_at=now, **values))
    for content in await room.contents(items):
        item: dict[str, Any] = {"source_id": uuid4(), "score": 1.0, "epoch": 1, "assigned_at": now}
        await room.make.add(m.StoryItem(content_id=content, story_id=made.id, **item))
    return made.id


async def test_a_story_that_many_tell_within_the_hour(room: Room) -> None:
    await room.rule({"kind": "threshold", "by": "story", "count": 4, "window_minutes": 60, "fields": ["chay_no"]})
    await story(room, 3)
    found = await story(room, 5)
    assert await room.sweep() == 1
    alert = await room.alert()
    assert (alert.story_id, alert.count, alert.field) == (found, 5, "chay_no")
    assert str(found) in alert.why["links"][0]
    room.later(minutes=61)
    await room.sweep()
    assert (await room.alert()).state == "resolved"


async def test_a_kept_query_that_finds_something_new(room: Room) -> None:
    now = room.clock.now()
    values: dict[str, Any] = {
        "name": "Nước sạch", "query": "nuoc sach", "resolved": {}, "purpose_kind": "service_quality",
        "purpose": "Theo dõi chất lượng nước sạch", "unit_id": await room.make.city(), "owner_id": uuid4(),
        "alert_role": "editor", "is_alerting": False, "created_at": now, "expires_at": now + timedelta(days=30),
        "look_started_at": now, "candidates": func.to_tsquery("simple", "nuoc & sach"),
    }  # fmt: skip
    query = await room.make.add(m.SavedQuery(id=room.id(), **values))
    await room.rule({"kind": "saved_query", "query_ids": [str(query.id)], "min_hits": 2})
    for is_new in (True, False, True):
        assert await room.sweep() == 0
        hit: dict[str, Any] = {"content_id": await room.content(), "found_at": now, "is_new": is_new}
        await room.make.add(m.SavedQueryHit(saved_query_id=query.id, **hit))
    assert await room.sweep() == 1
    assert "Nước sạch" in (await room.alert()).title


async def test_old_alerts_and_hits_go_and_what_is_open_stays(room: Room) -> None:
    await room.rule(REPORTS, group_minutes=0)
    await room.told_of(3, places=["00001"])
    await room.tell()
    room.later(hours=2)
    await room.sweep()
    room.later(days=366)
    await room.told_of(3, places=["00002"])
    async with room.db.transaction() as session:
        assert await sweeping.prune(session, room.clock.now()) == 1
    assert [alert.place for alert in await room.alerts()] == ["00002"]
    async with room.owner.transaction() as session:
        assert len((await session.scalars(m.AlertHit.__table__.select())).all()) == 3


async def test_seeding_adds_the_shipped_rules_once_and_keeps_what_the_city_changed(room: Room) -> None:
    async with room.owner.transaction() as session:
        assert (await seed(session, room.clock.now())).alert_rules == 7
        await session.execute(update(m.AlertRule).values(name="Đã sửa tại chỗ"))
    async with room.owner.transaction() as session:
        assert (await seed(session, room.clock.now())).alert_rules == 0
    assert {rule.name for rule in await room.rows(m.AlertRule)} == {"Đã sửa tại chỗ"}
    assert await room.sweep() == 0
