"""The report on a campaign over HTTP: its targets, and what was before, during and after it on its channels."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from libs.common import models as m
from libs.common.clock import HANOI, FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports.kinds import KINDS
from services.reports.kinds.campaign import spans_of
from tests.reports.city import API, AUTHOR, PHONE, City
from tests.reports.desk import (
    Headers,
    Json,
    ask_about,
    assert_figures_say_where_they_come_from,
    data_of,
    make_about,
    printed,
)

DAY = timedelta(days=1)
TARGETS = (("publications", 4, "số bài đã đăng"), ("views", 1000, "tổng lượt xem"), ("saved", 10, "tổng lượt lưu"))


async def campaign(city: City, starts_on: date, ends_on: date, **values: Any) -> m.Campaign:
    unit_id, officer = await city.make.city(), await city.make.person(Role.EDITOR)
    by: Json = {"unit_id": unit_id, "created_by": officer.id, "created_at": city.now, "updated_at": city.now}
    plan = m.Plan(id=new_id(city.now), year=starts_on.year, title="Kế hoạch truyền thông", state="running", **by)
    await city.make.add(plan)
    theme = m.Theme(
        id=new_id(city.now),
        plan_id=plan.id,
        title="Giao thông xanh",
        starts_on=date(starts_on.year, 1, 1),
        ends_on=date(ends_on.year, 12, 31),
        position=0,
        created_at=city.now,
    )
    await city.make.add(theme)
    told: Json = {
        "title": "Đi xe buýt | đi xanh",
        "goals": f"Hỏi {PHONE}",
        "audience": "Người đi làm",
        "state": "running",
    }
    days = {"starts_on": starts_on, "ends_on": ends_on}
    return await city.make.add(m.Campaign(id=new_id(city.now), theme_id=theme.id, **days, **(told | values), **by))


class Bus:
    """Ten days of a campaign, from the 4th of November on, seen on the 24th with as many days before and after."""

    def __init__(self, city: City, clock: FrozenClock) -> None:
        self.city, self.clock, self.end = city, clock, clock.now()

    def at(self, day: int) -> None:
        """Noon of a day of November, of October where it is below 1."""
        self.clock.advance(self.end - 24 * DAY + day * DAY - self.clock.now())

    async def post(
        self, title: str, channel: m.Channel, of: UUID | None = None, **figures: int | None
    ) -> m.Publication:
        """Figures are read after a day, and again after ten, when each has grown a hundredfold."""
        one = await self.city.publication(title, channel)
        if of is not None:
            await self.city.change(m.Publication, one.id, campaign_id=of)
        sent = await self.city.delivery(one, channel, "published", "https://tin.example.vn/tin")
        for metric, value in figures.items():
            await self.city.point(sent, metric, value, self.city.now + DAY)
            later = None if value is None else value * 100
            await self.city.point(sent, metric, later, self.city.now + 10 * DAY)
        return one


async def ridden(city: City, clock: FrozenClock) -> m.Campaign:
    bus = Bus(city, clock)
    bus.at(-20)
    press, forum = await city.make.source(name="Báo Một"), await city.make.source(group="forum", kind="page")
    tiktok = await city.make.channel("tiktok", name="TikTok")
    bus.at(-2)
    late = await city.make.channel("facebook", name="Fanpage")
    bus.at(1)
    row = await campaign(city, date(2026, 11, 4), date(2026, 11, 13))
    for channel in (tiktok, late):
        await city.make.add(m.CampaignChannel(campaign_id=row.id, channel_id=channel.id))
    for metric, target, definition in TARGETS:
        each = m.CampaignTarget(id=new_id(city.now), campaign_id=row.id, metric=metric, target=target)
        each.definition = definition
        await city.make.add(each)
    items = []
    for day, source in ((-3, press), (5, press), (5, forum), (6, press), (15, press)):
        bus.at(day)
        items.append(await city.item(source, title=f"{AUTHOR} nói về xe buýt"))
    story = await city.story(f"{AUTHOR} kể", items)
    bus.at(1)
    await bus.post("Trước đó", tiktok, likes=8, comments=1, shares=1, views=1000)
    bus.at(5)
    one = await bus.post("Đi xe buýt", tiktok, row.id, likes=30, comments=5, shares=5, views=1000)
    await city.change(m.Publication, one.id, story_id=story.id)
    bus.at(6)
    await bus.post("Vé tháng", tiktok, row.id, likes=15, comments=5, shares=None, views=500)
    await bus.post("Tin riêng", tiktok, likes=10, comments=5, shares=5, views=1000)
    await bus.post("Trên Fanpage", late, row.id, reactions=6, comments=2, shares=1)
    bus.at(15)
    draft = await city.publication("Bản nháp mật", state="draft")
    await city.change(m.Publication, draft.id, campaign_id=row.id)
    clock.advance(bus.end - clock.now())
    return row


async def test_a_campaign_is_told_against_its_targets_and_what_was_not_told_is_blank(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    report = await make_about(client, editor, "campaign", (await ridden(city, clock)).id)
    data = await data_of(client, editor, report)
    assert [
        (one["name"], one["target"]["value"], one["reached"]["value"], one["percent"]["value"], one["missing"]["value"])
        for one in data["targets"]
    ] == [
        ("bài đã đăng", 4, 3, 75.0, None),
        ("lượt xem", 1000, 150_000, 15_000.0, 1),
        ("lượt lưu", 10, None, None, 3),
    ]
    assert_figures_say_where_they_come_from(data)
    text = report["text"]
    assert "| Lượt lưu | tổng lượt lưu | 10 |  |  | 3 |" in text
    assert "- Lượt xem theo kênh: TikTok 150.000." in text
    assert "Đi xe buýt \\| đi xanh" in text
    said = text + (await printed(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE, "Bản nháp mật") if word in said] == []


async def test_before_during_and_after_are_as_long_and_compared_at_one_age_of_the_posts(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    report = await make_about(client, editor, "campaign", (await ridden(city, clock)).id)
    data = await data_of(client, editor, report)
    assert [(span["from"], span["to"]) for span in data["spans"]] == [
        ("2026-10-24T17:00:00Z", "2026-11-03T17:00:00Z"),
        ("2026-11-03T17:00:00Z", "2026-11-13T17:00:00Z"),
        ("2026-11-13T17:00:00Z", "2026-11-23T17:00:00Z"),
    ]
    values = {
        one["channel"]: [
            [span[part]["value"] for part in ("posts", "measured", "interactions", "rate")] for span in one["spans"]
        ]
        for one in data["channels"]
    }
    blank = [None, None, None, None]
    assert values == {
        "Fanpage": [blank, [1, 1, 9.0, None], [0, 0, None, None]],
        "TikTok": [[1, 1, 10.0, 1.0], [3, 2, 30.0, 3.0], [0, 0, None, None]],
    }, "an account connected later has no before, a post without shares is not measured, no views no rate"
    assert [
        [row[part]["value"] for part in ("before", "during", "after", "change")] for row in data["stories"]["rows"]
    ] == [[1, 3, 1, 200.0], [1, 2, 1, 100.0]]
    assert sum(data["stories"]["volume"]["values"]) == 5
    assert "| Trước | 1 | 1 | 10,0 | 1,0 |" in report["text"]
    assert "bình luận" not in report["text"].split("TikTok: ")[0]
    pictures = KINDS.get("campaign")().pictures(data)
    assert "Bắt đầu chiến dịch lúc 00:00 04/11/2026" in pictures["stories"].alt


async def test_a_campaign_without_anything_yet_is_told_as_that(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    row = await campaign(city, date(2026, 12, 1), date(2026, 12, 5), state="draft", goals="", audience="")
    report = await make_about(client, editor, "campaign", row.id)
    data = await data_of(client, editor, report)
    assert [span["from"] for span in data["spans"]] == [None, None, None]
    assert data["targets"] == data["channels"] == data["publications"] == []
    for told in ("không đặt chỉ tiêu", "chưa bắt đầu", "Chưa có bài nào"):
        assert told in report["text"]
    assert KINDS.get("campaign")().pictures(data) == {}


def test_a_campaign_that_runs_is_compared_with_as_many_days_before() -> None:
    starts_on, ends_on = date(2026, 11, 4), date(2026, 11, 13)
    now = datetime(2026, 11, 6, 12, tzinfo=HANOI)
    spans = spans_of(starts_on, ends_on, now)
    assert spans.during is not None
    assert spans.before is not None
    assert (spans.during.end, spans.before.length) == (now, timedelta(days=2, hours=12))
    assert spans.after is None
    assert spans_of(starts_on, ends_on, now + 16 * DAY).after is None, "ten days after it, nine and a half have passed"


async def test_a_campaign_is_read_in_its_own_unit(
    client: httpx.AsyncClient, editor: Headers, signed_in: Any, city: City, clock: FrozenClock
) -> None:
    row = await campaign(city, date(2026, 11, 4), date(2026, 11, 13))
    ward = await city.make.unit("Phường Khác")
    other = await signed_in(Role.EDITOR, unit_id=ward.id)
    assert (await ask_about(client, other, "campaign", row.id)).status_code == 403
    report = await make_about(client, editor, "campaign", row.id)
    assert (await client.get(f"{API}/reports/{report['id']}", headers=other)).status_code == 403
    for about in (UUID(int=1), "không phải mã"):
        refused = await ask_about(client, editor, "campaign", about)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")
