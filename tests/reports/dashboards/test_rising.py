"""What rises, on counts as classify writes them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.plugin import SignedIn
from tests.reports.city import AUTHOR, PHONE, City
from tests.reports.dashboards.conftest import Ask

HOUR, FIVE = timedelta(hours=1), timedelta(minutes=5)


class Counts:
    """Five-minute counts, by hours before what is counted up to now."""

    def __init__(self, city: City) -> None:
        self.city = city

    async def counted(self) -> datetime:
        at = self.city.now - FIVE
        await self.city.make.add(m.SeriesMark(name="counted", reached_at=at))
        return at

    async def series(self, dimension: str, key: str, by_hours_ago: dict[int, int]) -> m.Series:
        row = m.Series(id=new_id(self.city.now), dimension=dimension, key=key, created_at=self.city.now)
        await self.city.make.add(row)
        for hours, count in by_hours_ago.items():
            at = self.city.now - FIVE - hours * HOUR - FIVE
            await self.city.make.add(m.SeriesPoint(series_id=row.id, bucket_at=at, count=count))
        return row

    async def burst(self, series: m.Series, seen: int, expected: float, **values: Any) -> m.Burst:
        now = self.city.now
        told: dict[str, Any] = {"window_minutes": 60, "surprise": 8.0, "once_in_weeks": 6.0, **values}
        return await self.city.make.add(
            m.Burst(
                id=new_id(now),
                series_id=series.id,
                began_at=now - HOUR,
                detected_at=now - HOUR,
                loud_at=now,
                seen=seen,
                expected=expected,
                content_ids=[],
                story_ids=[],
                **told,
            )
        )

    async def alert(self, story_id: UUID, unit_id: UUID | None = None, **values: Any) -> m.Alert:
        now = self.city.now
        rule = m.AlertRule(
            id=new_id(now),
            name="Tin tăng vọt",
            kind="burst",
            condition={},
            severity="urgent",
            role="fact_checker",
            unit_id=unit_id,
            group_by="rule",
            group_minutes=0,
            breaks_quiet="urgent",
            created_at=now,
            updated_at=now,
        )
        await self.city.make.add(rule)
        return await self.city.make.add(
            m.Alert(
                id=new_id(now),
                rule_id=rule.id,
                kind="burst",
                event_key=str(story_id),
                bundle="x",
                severity="urgent",
                title="Tin tăng vọt",
                why={},
                story_id=story_id,
                count=9,
                first_at=now,
                last_at=now,
                raised_at=now,
                is_muted=False,
                **{"state": "open", **values},
            )
        )


@pytest.fixture
def counts(city: City) -> Counts:
    return Counts(city)


async def test_what_is_counted_and_quiet_is_said(ask: Ask, editor: dict[str, str], counts: Counts) -> None:
    counted = await counts.counted()
    told = await ask("rising-stories", editor)
    assert told["note"] == "Không có câu chuyện hay lĩnh vực nào tăng bất thường lúc này."
    assert (told["figures"]["stories"]["value"], told["figures"]["bursts"]["value"]) == (0, 0)
    assert told["figures"]["stories"]["as_of"] == f"{counted:%Y-%m-%dT%H:%M:%SZ}"


async def test_a_story_that_grows_is_called_what_the_press_called_it_first(
    ask: Ask, editor: dict[str, str], city: City, counts: Counts, clock: FrozenClock
) -> None:
    press, forum = await city.make.source(), await city.make.source(group="forum", kind="page")
    said = await city.item(forum, "criticism", title=f"{AUTHOR}: ngập nhà tôi")
    clock.advance(FIVE)
    url = "https://bao.example/ngap"
    written = await city.item(press, title=f"Ngập phố Huế, gọi {PHONE}", url=url)
    story = await city.story(f"{AUTHOR}: ngập nhà tôi", [said, written])
    lonely = await city.story(f"{AUTHOR} kêu", [await city.item(forum, "complaint", title=f"{AUTHOR} kêu")])
    flat = await city.story("Chuyện đều", [await city.item(press)])
    await counts.counted()
    await counts.series("story", str(story.id), {0: 9, 2: 4, 4: 1})
    await counts.series("story", str(lonely.id), {1: 8})
    await counts.series("story", str(flat.id), {1: 5, 4: 5})
    alert = await counts.alert(story.id)
    told = await ask("rising-stories", editor)
    assert [item["id"] for item in told["items"]] == [str(lonely.id), str(story.id)]
    people, grown = told["items"]
    assert (people["title"], people["links"], people["alert"], people["who"]) == (None, [], None, None)
    assert (grown["title"], grown["links"]) == ("Ngập phố Huế, gọi [số điện thoại]", [url])
    assert (grown["seen"]["value"], grown["expected"]["value"], grown["field"]) == (13, 1, "Giao thông")
    assert grown["says"] == "13 nội dung trong 3 giờ, 3 giờ trước đó 1"
    assert (grown["alert"]["id"], grown["alert"]["severity"]) == (str(alert.id), "urgent")
    assert grown["who"] == {"role": "fact_checker", "role_name": "Người kiểm chứng", "unit": None}
    assert grown["href"] == f"/api/classify/v1/stories/{story.id}"
    assert [told["figures"][name]["value"] for name in ("stories", "bursts", "unseen_alerts")] == [2, 0, 1]
    assert AUTHOR not in str(told)
    assert PHONE not in str(told)


async def test_a_story_that_bursts_is_there_once_and_one_that_was_merged_is_not(
    ask: Ask, editor: dict[str, str], city: City, counts: Counts
) -> None:
    press = await city.make.source()
    story = await city.story("Cháy chợ", [await city.item(press, title="Cháy chợ")])
    merged = await city.story("Cháy", [])
    await city.change(m.Story, merged.id, merged_into=story.id)
    await counts.counted()
    burst_of = await counts.series("story", str(story.id), {0: 30})
    await counts.series("story", str(merged.id), {0: 8})
    await counts.burst(burst_of, 30, 2.0)
    ended = await counts.series("field", "y_te", {})
    await counts.burst(ended, 90, 1.0, ended_at=city.now)
    told = await ask("rising-stories", editor)
    assert [(item["id"], item["title"]) for item in told["items"]] == [(str(story.id), "Cháy chợ")]
    assert told["items"][0]["says"] == ("30 nội dung trong 1 giờ, thường chỉ khoảng 2,0; khoảng 6 tuần mới có một lần")


async def test_a_place_is_shown_to_its_own_people_and_to_the_city_and_stories_that_name_it_are_marked(
    ask: Ask, city: City, counts: Counts, signed_in: SignedIn
) -> None:
    ward, other = await city.make.unit("Phường Bến Nghé"), await city.make.unit()
    press = await city.make.source()
    content = await city.item(press, title="Ngập ở Bến Nghé")
    story = await city.story("Ngập", [content])
    counted = await counts.counted()
    await city.make.add(
        m.SeriesItem(
            content_id=content.id,
            bucket_at=counted - HOUR,
            field="moi_truong",
            places=[ward.code],
            source_kind="feed",
            source_group="press",
            story_id=story.id,
            annotated_at=counted,
        )
    )
    place = await counts.burst(await counts.series("place", ward.code, {}), 12, 1.5)
    field = await counts.burst(await counts.series("field", "moi_truong", {}), 40, 9.0, once_in_weeks=None)
    await counts.series("story", str(story.id), {0: 9})
    alert = await counts.alert(story.id, unit_id=ward.id)
    mine = await ask("rising-stories", await signed_in(Role.EDITOR, unit_id=ward.id))
    theirs = await ask("rising-stories", await signed_in(Role.EDITOR, unit_id=other.id))
    all_ = await ask("rising-stories", await signed_in(Role.VIEWER))
    told = {item["id"]: (item["title"], item["is_about_my_place"]) for item in mine["items"]}
    assert told == {
        str(place.id): ("Phường Bến Nghé", True),
        str(field.id): ("Môi trường", False),
        str(story.id): ("Ngập ở Bến Nghé", True),
    }
    assert {item["id"]: item["is_about_my_place"] for item in theirs["items"]} == {
        str(field.id): False,
        str(story.id): False,
    }
    assert len(all_["items"]) == 3
    raised = [told["figures"]["unseen_alerts"]["value"] for told in (mine, theirs, all_)]
    assert raised == [1, 0, 1], f"{alert.id} is the ward's own"
    assert {item["href"] for item in all_["items"] if item["kind"] == "burst"} == {
        f"/api/classify/v1/trends/bursts/{row.id}" for row in (place, field)
    }
