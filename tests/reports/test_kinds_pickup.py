"""The report on who carried what the city said, over HTTP: how late, how altered, and what is only likely."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from services.reports.kinds import KINDS
from tests.reports.city import AUTHOR, PHONE, City
from tests.reports.desk import Headers, Json, assert_figures_say_where_they_come_from, data_of, make, printed

pytestmark = pytest.mark.mission("M20")
OURS = (
    "Ngừng cấp nước đường Trần Phú",
    "Tuyến ống D600 trên đường Trần Phú bị vỡ. Khoảng 12.000 hộ dân tại Hà Đông, Kiến Hưng mất nước từ sáng sớm. "
    "Công ty đã huy động 40 công nhân.",
)
REWRITTEN = "Theo Cổng thành phố, 12.000 hộ dân Kiến Hưng không có nước vì ống D600 hỏng."
WEEK = {"from": "2026-11-17T12:00:00+07:00", "to": "2026-11-24T12:00:00+07:00"}


async def carried(city: City, clock: FrozenClock) -> None:
    """Two items of ours; of the first, one copy as it was, one with another headline and figure, one of a forum, one
    told in other words, and one a paper had before us."""
    sources = {
        name: await city.make.source(name=name, group=group)
        for name, group in (
            ("Cổng thành phố", "official"),
            ("Báo Hồ Gươm", "press"),
            ("Tổng hợp | Nhanh", "aggregator"),
            ("Diễn đàn phố", "forum"),
            ("Tin Kinh Kỳ", "press"),
            ("Báo Sớm", "press"),
        )
    }
    clock.advance(timedelta(days=-2, hours=-1))
    await city.item(sources["Báo Sớm"], title=OURS[0], text=OURS[1])
    clock.advance(timedelta(hours=1))
    ours = await city.item(sources["Cổng thành phố"], title=OURS[0], text=OURS[1])
    await city.item(sources["Cổng thành phố"], title="Tin không ai đăng lại", text="Khác hẳn.")
    told: list[tuple[int, str, str, str, bool]] = [
        (30, "Báo Hồ Gươm", OURS[0], OURS[1], True),
        (120, "Tổng hợp | Nhanh", "Vỡ ống, dân lao đao", OURS[1].replace("12.000", "15.000"), True),
        (150, "Diễn đàn phố", f"{AUTHOR} chép lại", OURS[1], True),
        (180, "Tin Kinh Kỳ", f"Hỏng ống, gọi {PHONE}", REWRITTEN, False),
    ]
    items, start = [ours], city.now
    for minutes, source, title, text, is_copy in told:
        clock.advance(start + timedelta(minutes=minutes) - city.now)
        one = await city.item(sources[source], title=title, text=text, url=f"https://tin.example/{minutes}")
        items.append(one)
        if is_copy:
            near: Json = {"copy_of": ours.id, "nearest_id": ours.id, "similarity": 0.9, "linked_at": city.now}
            await city.make.add(m.NearCopy(content_id=one.id, **near))
    await city.story("Mất nước", items)
    clock.advance(start + timedelta(days=2) - city.now)


async def test_who_carried_what_is_told_with_delay_and_what_was_changed(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    await carried(city, clock)
    report = await make(client, editor, "pickup", **WEEK)
    data = await data_of(client, editor, report)
    assert {name: one["value"] for name, one in data["counts"].items()} == {
        "ours": 2,
        "carried": 1,
        "share": 50.0,
        "copies": 3,
        "outlets": 3,
        "delay": 120,
        "headlines": 2,
        "figures": 1,
        "altered": 2,
        "rewrites": 1,
    }
    [changed] = data["altered"]
    assert (changed["source"], changed["minutes"]["value"]) == ("Tổng hợp | Nhanh", 120)
    assert changed["figures"] == [{"before": "12.000 hộ dân", "after": "15.000 hộ dân"}]
    assert [one["source"] for one in data["unaltered"]] == ["Báo Hồ Gươm"]
    assert [(row["name"], row["copies"]["value"], row["rewrites"]["value"]) for row in data["outlets"]] == [
        ("Báo Hồ Gươm", 1, 0),
        ("Diễn đàn phố", 1, 0),
        ("Tổng hợp | Nhanh", 1, 0),
        ("Tin Kinh Kỳ", 0, 1),
    ]
    assert_figures_say_where_they_come_from(data)
    text = report["text"]
    assert "**Con số khác:** “12.000 hộ dân” thành “15.000 hộ dân”. Giống 90,0%." in text
    assert "| Tổng hợp \\| Nhanh | Trang tin tổng hợp | 1 | 120 | 1 | 0 |" in text
    assert "![Số bài đăng lại mỗi ngày](chart:volume" in text
    assert sum(data["volume"]["values"]) == 3
    assert "tổng 3 bài" in KINDS.get("pickup")().pictures(data)["volume"].alt


async def test_a_rewrite_stands_apart_with_its_evidence_and_nobody_is_quoted_but_papers(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    await carried(city, clock)
    report = await make(client, editor, "pickup", **WEEK)
    [one] = (await data_of(client, editor, report))["rewrites"]
    assert (one["source"], one["minutes"]["value"], one["is_source_named"]) == ("Tin Kinh Kỳ", 180, True)
    assert (one["figures"], one["names"]) == (["12.000 hộ dân"], ["Kiến Hưng", "D600"])
    section = report["text"].split("## 5. Bài có thể là viết lại")[1]
    assert "yếu hơn bản đăng lại" in section
    assert "dẫn tên nguồn; chung con số 12.000 hộ dân; chung tên Kiến Hưng, D600." in section
    said = report["text"] + (await printed(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE) if word in said] == []


async def test_a_week_in_which_nobody_carried_anything_says_so(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    report = await make(client, editor, "pickup", **WEEK)
    data = await data_of(client, editor, report)
    values: dict[str, Any] = {name: one["value"] for name, one in data["counts"].items()}
    assert (values["ours"], values["copies"], values["share"], values["delay"]) == (0, 0, None, None)
    assert data["altered"] == data["unaltered"] == data["rewrites"] == data["outlets"] == []
    assert "không thấy nơi nào đăng lại" in report["text"]
    assert KINDS.get("pickup")().pictures(data) == {}
