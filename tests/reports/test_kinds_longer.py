"""Reports of a week and longer, over HTTP: figures beside the period before, curves by day, drawn from frozen data."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import delete, update

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from services.reports.domain import Period
from services.reports.kinds import KINDS
from services.reports.longer import change, days_of
from tests.reports.city import AUTHOR, EMAIL, PHONE, City
from tests.reports.desk import ORIGIN, data_of, figures, make, printed

pytestmark = pytest.mark.mission("M33")
LONGER = ["weekly", "monthly", "quarterly", "half_year", "yearly"]
WEEK = {"from": "2026-11-17T12:00:00+07:00", "to": "2026-11-24T12:00:00+07:00"}


async def two_weeks(city: City, clock: FrozenClock) -> m.Source:
    """Two items and a case in the week before, three items in this one: two on its first day, one on its last."""
    clock.advance(timedelta(days=-15))
    press = await city.make.source(name="Báo Một")
    clock.advance(timedelta(days=4))
    for _ in range(2):
        await city.item(press)
    await city.case()
    clock.advance(timedelta(days=4, hours=1))
    items = [await city.item(press, title=f"Liên hệ {PHONE} {EMAIL} " + "rất dài " * 80, text=AUTHOR) for _ in range(2)]
    await city.story(f"{AUTHOR} kể", items)
    clock.advance(timedelta(days=6, hours=22))
    await city.item(press)
    clock.advance(timedelta(hours=1))
    return press


async def test_each_main_count_stands_beside_the_one_before(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await two_weeks(city, clock)
    report = await make(client, editor, "weekly", **WEEK)
    compared = (await data_of(client, editor, report))["compared"]
    assert (compared["from"], compared["to"]) == ("2026-11-10T05:00:00Z", "2026-11-17T05:00:00Z")
    told = {row["name"]: tuple(row[part]["value"] for part in ("now", "before", "change")) for row in compared["rows"]}
    assert told["Mục tin"] == (3, 2, 50.0)
    assert told["Phản ánh nhận được"] == (0, 1, -100.0)
    assert told["Tuyên bố mới mở"] == (0, 0, None)
    assert told["Câu chuyện"] == (1, None, None)
    text = (await printed(client, editor, report, "md")).decode()
    assert text.startswith("# Báo cáo tuần\n")
    assert "| Mục tin | 3 | 2 | 50,0 | tổng số mục tin gặp lần đầu trong kỳ |" in text
    assert "| Câu chuyện | 1 |  |  |" in text


async def test_a_period_before_anything_was_watched_is_blank_and_not_nothing(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await city.item(await city.make.source())
    clock.advance(timedelta(minutes=1))
    body = {"from": "2026-11-20T12:01:00+07:00", "to": "2026-11-24T12:01:00+07:00"}
    data = await data_of(client, editor, await make(client, editor, "weekly", **body))
    assert {row["before"]["value"] for row in data["compared"]["rows"]} == {None}
    assert {row["change"]["value"] for row in data["compared"]["rows"]} == {None}
    assert data["volume"]["values"] == [None, None, None, 1]


async def test_days_are_counted_and_the_curves_say_what_they_show(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    press = await two_weeks(city, clock)
    clock.advance(timedelta(days=-4))
    await city.item(press, kind=None)
    clock.advance(timedelta(days=4))
    report = await make(client, editor, "weekly", **WEEK)
    data = await data_of(client, editor, report)
    assert data["volume"]["values"] == [2, 0, 0, 1, 0, 0, 1]
    assert sum(data["volume"]["values"]) == data["items"]["total"]["value"]
    (row,) = data["fields"]["rows"]
    assert (row["name"], row["values"]) == ("Giao thông", [2, 0, 0, None, 0, 0, 1])
    pictures = KINDS.get("weekly")().pictures(data)
    assert "tổng 4 mục tin, cao nhất 2 lúc 12:00 17/11/2026" in pictures["volume"].alt
    assert pictures["fields"].alt == "Số mục tin mỗi ngày theo lĩnh vực (mục tin): Giao thông: 3."


async def test_the_same_snapshot_prints_the_same_bytes_whatever_happens_to_the_rows(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock, db: Database
) -> None:
    await two_weeks(city, clock)
    report = await make(client, editor, "weekly", **WEEK)
    data = await data_of(client, editor, report)
    before = {name: one.png for name, one in KINDS.get("weekly")().pictures(data).items()}
    pdf = await printed(client, editor, report, "pdf")
    async with db.transaction() as session:
        await session.execute(delete(m.StoryItem))
        await session.execute(update(m.Source).values(name="Tên khác", created_at=city.now))
    assert await printed(client, editor, report, "pdf") == pdf
    again = await data_of(client, editor, report)
    assert {name: one.png for name, one in KINDS.get("weekly")().pictures(again).items()} == before


async def test_every_figure_says_where_it_comes_from_and_no_person_is_in_any(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await two_weeks(city, clock)
    report = await make(client, editor, "weekly", **WEEK)
    data = await data_of(client, editor, report)
    found = list(figures(data))
    assert len(found) > 50
    for one in found:
        assert set(one) == ORIGIN
        assert all(one[part] for part in ORIGIN - {"value"})
    (story,) = data["stories"]["top"]
    assert 250 < len(story["title"]) <= 300
    everything = json.dumps(data, ensure_ascii=False) + (await printed(client, editor, report, "md")).decode()
    assert "[số điện thoại]" in everything
    for planted in (AUTHOR, PHONE, EMAIL):
        assert planted not in everything


@pytest.mark.parametrize("kind", LONGER)
async def test_each_covers_its_last_whole_period_and_is_a_paper(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock, kind: str
) -> None:
    await two_weeks(city, clock)
    report = await make(client, editor, kind)
    told = {
        "weekly": ("2026-11-13T10:00:00Z", "2026-11-20T10:00:00Z", "tuần từ ngày 13/11/2026 đến ngày 20/11/2026"),
        "monthly": ("2026-10-14T17:00:00Z", "2026-11-14T17:00:00Z", "tháng 11 năm 2026"),
        "quarterly": ("2026-06-14T17:00:00Z", "2026-09-14T17:00:00Z", "quý III năm 2026"),
        "half_year": ("2025-12-14T17:00:00Z", "2026-06-14T17:00:00Z", "6 tháng đầu năm 2026"),
        "yearly": ("2024-12-14T17:00:00Z", "2025-12-14T17:00:00Z", "năm 2025"),
    }[kind]
    assert (report["period_from"], report["period_to"]) == told[:2]
    assert report["head"]["subject"] == f"Thông tin trên không gian mạng {told[2]}"
    assert (await printed(client, editor, report, "pdf")).startswith(b"%PDF-")


def test_a_change_is_blank_where_there_is_nothing_to_compare_with() -> None:
    cases = [(3, 2, 50.0), (1, 3, -66.7), (0, 4, -100.0), (5, 0, None), (5, None, None), (None, 5, None)]
    assert [change(now, before) for now, before, _ in cases] == [expected for *_, expected in cases]


def test_days_fill_the_period_and_the_last_one_ends_with_it() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    days = days_of(Period(start, start + timedelta(days=2, hours=5)))
    assert [day.length for day in days] == [timedelta(days=1), timedelta(days=1), timedelta(hours=5)]
    assert (days[0].start, days[-1].end) == (start, start + timedelta(days=2, hours=5))
