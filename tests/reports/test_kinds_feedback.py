"""The report on feedback over HTTP: in time, reopened, by unit and by ward, and no small count to be worked out."""

import json
from datetime import timedelta

import httpx
import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from services.reports.feedback import held
from services.reports.kinds import KINDS
from tests.reports.city import AUTHOR, PHONE, City
from tests.reports.desk import ORIGIN, Json, data_of, figures, make, printed

pytestmark = pytest.mark.mission("M33")
MONTH: Json = {}
"""What is asked by default: the last whole month, from the 15th of October to the 14th of November."""


async def month(city: City, clock: FrozenClock) -> dict[str, m.OrganizationUnit]:
    """Forty cases: 24 of one ward, 12 of the next, 4 of a third; of the first 24, all are answered, 12 of them late."""
    clock.advance(timedelta(days=-14))
    codes = {"Phường Hoàn Kiếm": "00070", "Phường Ba Đình": "00004", "Phường Ngọc Hà": "00008"}
    units = {name: await city.make.unit(name, code=code) for name, code in codes.items()}
    for name, count in (("Phường Hoàn Kiếm", 24), ("Phường Ba Đình", 12), ("Phường Ngọc Hà", 4)):
        for number in range(count):
            told: Json = {"place": name, "unit_id": units[name].id, "due_at": city.now + timedelta(days=1)}
            if count == 24:
                late = timedelta(hours=36 if number < 12 else 1)
                told |= {"state": "answered", "answered_at": city.now + late}
            one = await city.case(**told)
            if count == 24 and number < 10:
                await reopen(city, one)
    clock.advance(timedelta(days=14))
    return units


async def reopen(city: City, case: m.FeedbackCase) -> None:
    at = city.now + timedelta(days=2)
    row = m.CaseEvent(id=new_id(at), case_id=case.id, action="reopened", state="reopened", at=at, internal_note=AUTHOR)
    await city.make.add(row)


async def test_small_counts_are_held_back_with_one_more_and_the_rest_is_shown(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await month(city, clock)
    report = await make(client, editor, "feedback", **MONTH)
    data = await data_of(client, editor, report)
    assert {row["name"]: (row["code"], row["cases"]["value"]) for row in data["wards"]["rows"]} == {
        "Phường Hoàn Kiếm": ("00070", 24),
        "Phường Ba Đình": ("00004", None),
        "Phường Ngọc Hà": ("00008", None),
        "Chưa rõ địa bàn": (None, None),
    }
    units = {
        row["name"]: [row[part]["value"] for part in ("received", "share", "reopened")] for row in data["units"]["rows"]
    }
    assert units.pop("Phường Hoàn Kiếm") == [24, 50.0, 10]
    assert units["Phường Ba Đình"] == units["Phường Ngọc Hà"] == [None, None, None]
    text = (await printed(client, editor, report, "md")).decode()
    assert "| Phường Hoàn Kiếm | 24 |" in text
    assert "| Phường Ngọc Hà" not in text
    assert "3 nơi được giữ kín: dưới 10 (kể cả 0)" in text


async def test_totals_say_how_much_came_in_time_and_came_back(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await month(city, clock)
    data = await data_of(client, editor, await make(client, editor, "feedback", **MONTH))
    assert {name: one["value"] for name, one in data["answers"].items()} == {
        "due": 24,
        "in_time": 12,
        "share": 50.0,
        "reopened": 10,
    }
    assert data["feedback"]["opened"]["value"] == sum(data["volume"]["values"]) == 40


async def test_nothing_received_has_no_share_and_no_map(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    report = await make(client, editor, "feedback", **MONTH)
    data = await data_of(client, editor, report)
    assert (data["answers"]["due"]["value"], data["answers"]["share"]["value"]) == (0, None)
    assert set(KINDS.get("feedback")().pictures(data)) == {"volume"}
    assert (await printed(client, editor, report, "pdf")).startswith(b"%PDF-")


async def test_too_few_in_all_are_told_by_no_place(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    for name in ("Phường Hoàn Kiếm", "Phường Ba Đình"):
        await city.make.unit(name)
    await city.case(place="Phường Hoàn Kiếm", received_at=clock.now() - timedelta(days=14))
    report = await make(client, editor, "feedback", **MONTH)
    data = await data_of(client, editor, report)
    assert data["feedback"]["opened"]["value"] == 1
    assert {row["cases"]["value"] for row in data["wards"]["rows"]} == {None}
    assert {row["received"]["value"] for row in data["units"]["rows"]} == {None, 0}, "no department had one"
    text = (await printed(client, editor, report, "md")).decode()
    assert "Không có phản ánh nào, hoặc quá ít để chia theo nơi." in text
    assert "Phường Hoàn Kiếm" not in text


async def test_a_period_of_ones_own_has_no_counts_by_place(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    """It could be subtracted from a month that is open data."""
    await month(city, clock)
    most = {"from": "2026-10-15T00:00:00+07:00", "to": "2026-11-14T00:00:00+07:00"}
    report = await make(client, editor, "feedback", **most)
    data = await data_of(client, editor, report)
    assert data["feedback"]["opened"]["value"] == 40
    assert (data["wards"]["rows"], data["units"]["rows"]) == ([], [])
    assert "chỉ có cho trọn các kỳ tháng đã khép lại" in (await printed(client, editor, report, "md")).decode()


async def test_held_back_wards_are_hatched_and_the_map_is_drawn_from_the_snapshot(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await month(city, clock)
    report = await make(client, editor, "feedback", **MONTH)
    data = await data_of(client, editor, report)
    drawn = KINDS.get("feedback")().pictures(data)["wards"]
    assert drawn.svg is not None
    assert "dưới 10 hoặc giữ kín" in drawn.svg
    assert drawn.alt.endswith("Phường Hoàn Kiếm: 24. 2 nơi giữ kín vì dưới 10.")
    pdf = await printed(client, editor, report, "pdf")
    await city.case(place="Phường Hoàn Kiếm", received_at=clock.now() - timedelta(days=1))
    again = await data_of(client, editor, report)
    assert KINDS.get("feedback")().pictures(again)["wards"].png == drawn.png
    assert await printed(client, editor, report, "pdf") == pdf


async def test_every_figure_says_where_it_comes_from_and_no_case_is_told(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await month(city, clock)
    report = await make(client, editor, "feedback", **MONTH)
    data = await data_of(client, editor, report)
    for one in figures(data):
        assert set(one) == ORIGIN
        assert all(one[part] for part in ORIGIN - {"value"})
    everything = json.dumps(data, ensure_ascii=False) + (await printed(client, editor, report, "md")).decode()
    for planted in (AUTHOR, PHONE, "PA-2026-", "phê bình cách trả lời"):
        assert planted not in everything


def test_a_part_from_one_to_nine_is_held_back() -> None:
    assert [held(count) for count in (0, 1, 9, 10)] == [0, None, None, 10]
