"""The section “Sự kiện chỉ đạo, điều hành” of the daily brief: minutes to the first official post, and what is late."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from docx import Document

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports import events
from tests.reports.city import City
from tests.reports.test_daily_brief import content, data_of, figures, make_brief

PHONE = "0912345678"


class Desk:
    """The events desk's rows, as publish would have written them."""

    def __init__(self, city: City, person: m.Person, run: m.AgendaImport, kind: m.AgendaKind) -> None:
        self.city, self.person, self.run, self.kind = city, person, run, kind

    @classmethod
    async def of(cls, city: City, **changes: Any) -> "Desk":
        unit_id, person = await city.make.city(), await city.make.person(Role.EDITOR)
        run = m.AgendaImport(
            id=new_id(city.now),
            unit_id=unit_id,
            source="upload",
            refused=[],
            imported_by=person.id,
            imported_at=city.now,
            **dict.fromkeys(("created", "updated", "cancelled", "unchanged", "outdated"), 0),
        )
        values: dict[str, Any] = {
            "name": "Kiểm tra hiện trường",
            "words": [],
            "target_minutes": 45,
            "measured_from": "end",
            "post_title": "{ten}",
            "post_body": "{ten}",
        }
        kind = m.AgendaKind(
            id=new_id(city.now),
            unit_id=unit_id,
            created_by=person.id,
            created_at=city.now,
            updated_at=city.now,
            **(values | changes),
        )
        return cls(city, person, await city.make.add(run), await city.make.add(kind))

    async def event(self, title: str, ended_ago: int, told_after: int | None = None, **values: Any) -> m.AgendaEvent:
        """An hour long; `ended_ago` and `told_after` (its end) in minutes."""
        city = self.city
        ends_at = city.now - timedelta(minutes=ended_ago)
        told: Mapping[str, Any] = {}
        if told_after is not None:
            post = await self._post(f"Tin về {title}", ends_at + timedelta(minutes=told_after))
            told = {"publication_id": post.id, "linked_by": self.person.id, "linked_at": city.now}
        defaults: dict[str, Any] = {
            "id": new_id(city.now),
            "unit_id": self.run.unit_id,
            "uid": title,
            "title": title,
            "starts_at": ends_at - timedelta(hours=1),
            "ends_at": ends_at,
            "is_all_day": False,
            "state": "planned",
            "sequence": 0,
            "kind_id": self.kind.id,
            "import_id": self.run.id,
            "created_at": city.now,
            "updated_at": city.now,
            **told,
        }
        return await city.make.add(m.AgendaEvent(**(defaults | values)))

    async def _post(self, title: str, at: Any) -> m.Publication:
        channel = await self.city.make.channel(name=title)
        post = await self.city.publication(title, channel)
        sent = await self.city.delivery(post, channel, "published", "https://tin.example.vn/tin")
        await self.city.change(m.Delivery, sent.id, committed_at=at, confirmed_at=at + timedelta(minutes=5))
        return post


async def section(
    client: httpx.AsyncClient, who: dict[str, str], city: City, clock: FrozenClock
) -> tuple[dict[str, Any], str]:
    report = await make_brief(client, who)
    data = (await data_of(client, who, report))["events"]
    text = (await content(client, who, report, "md")).decode()
    printed = text.split("## 7. Sự kiện chỉ đạo, điều hành")[1].split("\n## ")[0]
    return data, printed


@pytest.mark.mission("M21")
async def test_minutes_to_the_first_official_post_are_in_the_brief_and_what_is_late_is_marked(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city)
    await desk.event("Họp đúng hạn", 300, 30)
    await desk.event("Kiểm tra cầu | trễ", 300, 70)
    await desk.event("Thăm bệnh viện", 200)
    await desk.event("Tiếp dân", 10)
    await desk.event("Đã hủy", 300, state="cancelled")
    data, printed = await section(client, editor, city, clock)

    assert [(e["title"], e["told"], e["minutes"]["value"], e["minutes_behind"]["value"]) for e in data["named"]] == [
        ("Kiểm tra cầu | trễ", "late", 70, 25),
        ("Thăm bệnh viện", "overdue", None, 155),
        ("Họp đúng hạn", "in_time", 30, None),
        ("Tiếp dân", "waiting", None, None),
    ]
    assert [each["is_late"] for each in data["named"]] == [True, True, False, False]
    assert [events.LATE in each["told_name"] for each in data["named"]] == [True, True, False, False]
    assert {name: each["value"] for name, each in data["counts"].items()} == {
        "activities": 5,
        "counted": 4,
        "in_time": 1,
        "late": 1,
        "overdue": 1,
        "waiting": 1,
        "median_minutes": 50,
        "share_in_time": 33.33,
    }
    rows = [line for line in printed.splitlines() if line.startswith("| ") and "lúc kết thúc" in line]
    assert [("**TRỄ" in row) for row in rows] == [True, True, False, False]
    assert rows[0].startswith("| Kiểm tra cầu \\| trễ (Thành phố Hà Nội) | lúc kết thúc")
    assert "| 45 | 08:10 24/11/2026 | 70,0 | 25,0 | **TRỄ: đã có tin, sau hạn** |" in rows[0]
    assert "|  |  | 155,0 | **TRỄ: quá hạn, chưa có tin** |" in rows[1], "what was not seen is blank, never 0"
    assert f"Nguồn: {events.SOURCE}. Sau (phút): {events.MINUTES}. Quá hạn (phút): {events.BEHIND}." in printed
    assert "Đã hủy" not in printed


@pytest.mark.mission("M21")
async def test_what_is_late_is_dark_red_and_bold_in_papers_and_bold_in_markdown(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city)
    await desk.event("Họp đúng hạn", 300, 30)
    await desk.event("Kiểm tra cầu", 300, 70)
    await desk.event("Thăm bệnh viện", 200)
    report = await make_brief(client, editor)
    late = [events.STATES[told] for told in (events.Told.LATE, events.Told.OVERDUE)]
    paper = Document(BytesIO(await content(client, editor, report, "docx")))
    [table] = [each for each in paper.tables if each.cell(0, 0).text == "Sự kiện (đơn vị)"]
    runs = [run for row in table.rows for run in row.cells[-1].paragraphs[0].runs if run.style.name == "Trễ hạn"]
    assert [run.text for run in runs] == late
    assert all(run.bold and str(run.style.font.color.rgb) == "C00000" for run in runs)
    text = (await content(client, editor, report, "md")).decode()
    assert [f"**{told}**" in text for told in late] == [True, True]
    assert "mark:" not in text


@pytest.mark.mission("M21", "M34")
async def test_each_figure_of_an_activity_says_when_from_where_and_how(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city)
    await desk.event("Họp giao ban", 300, 30)
    data, _ = await section(client, editor, city, clock)
    found = figures(data)
    assert len(found) == 10
    for each in found:
        assert all(each[name] for name in ("as_of", "source", "formula", "unit")), each
    assert {each["as_of"] for each in found} == {"2026-11-24T05:00:00Z"}


async def test_what_counts_is_what_took_place_or_was_due_in_the_period(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city)
    day = 24 * 60
    await desk.event("Hôm kia", 2 * day)
    await desk.event("Đến hạn trong kỳ", day + 30)
    await desk.event("Đang diễn ra", -30)
    await desk.event("Ngày mai", -day)
    await desk.event("Cả ngày", 60, is_all_day=True)
    data, printed = await section(client, editor, city, clock)
    assert [(each["title"], each["told"]) for each in data["named"]] == [
        ("Đến hạn trong kỳ", "overdue"),
        ("Cả ngày", "no_hour"),
        ("Đang diễn ra", "ahead"),
    ]
    assert data["counts"]["counted"]["value"] == 1
    assert "| Tỷ lệ đúng hạn (%) | 0,0 |" in printed


async def test_a_kind_may_count_from_the_beginning_and_names_of_people_stay_masked(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city, measured_from="start", target_minutes=15)
    await desk.event(f"Gặp {PHONE}", 300, -40, place=f"Nhà số {PHONE}")
    data, printed = await section(client, editor, city, clock)
    [one] = data["named"]
    assert (one["counted_from_name"], one["minutes"]["value"], one["is_late"]) == ("bắt đầu", 20, True)
    assert PHONE not in f"{data}{printed}"


async def test_without_activities_the_section_says_so_and_shares_are_blank(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    data, printed = await section(client, editor, city, clock)
    assert (data["named"], data["counts"]["activities"]["value"]) == ([], 0)
    assert (data["counts"]["median_minutes"]["value"], data["counts"]["share_in_time"]["value"]) == (None, None)
    assert "Không có sự kiện nào diễn ra hay đến hạn có tin trong kỳ." in printed
    assert "| Trung vị (phút) |  |" in printed


async def test_what_is_late_is_named_before_the_rest_is_left_out(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    desk = await Desk.of(city)
    for number in range(events.NAMED + 2):
        await desk.event(f"Họp {number}", 40)
    late = await desk.event("Trễ", 60)
    data, printed = await section(client, editor, city, clock)
    assert (data["named"][0]["title"], len(data["named"]), data["not_named"]) == (late.title, events.NAMED, 3)
    assert "Còn 3 sự kiện khác không nêu tên." in printed
