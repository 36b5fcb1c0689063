"""Counts by place: counted once when a month is over, and nothing else leaves the house by place."""

from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import HANOI, FrozenClock
from libs.common.small_counts import K_ANONYMITY, publishable
from services.reports.open_data.months import NO_UNIT, NO_WARD, cells_of, closed_months, freeze_closed_months, summed
from services.reports.periods import CutOffs
from tests.reports.city import City
from tests.reports.desk import data_of, make
from tests.reports.open_data.conftest import Publish
from tests.reports.open_data.town import add_cases, wards

pytestmark = pytest.mark.mission("M40")
Json = dict[str, Any]
CODE = "phan-anh-theo-phuong-xa"


async def freeze(city: City, cut: CutOffs | None = None) -> list[m.PlaceMonth]:
    async with city.db.transaction() as session:
        await freeze_closed_months(session, cut or CutOffs(), city.now)
    async with city.db.transaction() as session:
        return list(await session.scalars(select(m.PlaceMonth).order_by(m.PlaceMonth.period_from)))


def cells(month: m.PlaceMonth) -> dict[str, int | None]:
    return {cell["name"]: cell["cases"] for cell in month.wards}


async def rows_of(client: httpx.AsyncClient, code: str = CODE) -> list[Json]:
    got = await client.get(f"/du-lieu-mo/{code}/moi-nhat.json")
    assert got.status_code == 200, got.text
    return list(got.json()["rows"])


async def test_months_that_are_over_are_counted_and_the_present_one_is_not(city: City) -> None:
    a, b, c = (await wards(city, "Phường A", "Phường B", "Phường C")).values()
    await add_cases(city, 10, {a: 30, b: 12, c: 4, None: 2})
    await add_cases(city, 11, {a: 25, b: 12, c: 3})
    await city.case(place="Phường A", received_at=city.now - timedelta(hours=1))
    september, november = await freeze(city)
    assert [each.period_from.astimezone(HANOI) for each in (september, november)] == [
        datetime(2026, 9, 15, tzinfo=HANOI),
        datetime(2026, 10, 15, tzinfo=HANOI),
    ]
    assert cells(september) == {"Phường A": 30, "Phường B": None, "Phường C": None, NO_WARD[1]: None}
    assert cells(november)["Phường A"] == 25
    assert cells(november)["Phường B"] is None


async def test_a_frozen_month_stays_whatever_becomes_of_its_cases(city: City) -> None:
    a, b = (await wards(city, "Phường A", "Phường B")).values()
    await add_cases(city, 11, {a: 30, b: 12})
    [before] = await freeze(city)
    await add_cases(city, 11, {a: 1})
    [after] = await freeze(city)
    assert (after.frozen_at, after.wards, after.units) == (before.frozen_at, before.wards, before.units)
    for change in ("UPDATE place_months SET wards = '[]'", "DELETE FROM place_months"):
        with pytest.raises(DBAPIError):
            async with city.db.transaction() as session:
                await session.execute(text(change))


async def test_a_month_that_overlaps_a_frozen_one_is_never_counted(city: City) -> None:
    """The city moves its cut-off to calendar months: November would overlap the month that ended on the 14th."""
    a, b = (await wards(city, "Phường A", "Phường B")).values()
    await add_cases(city, 11, {a: 30, b: 12})
    [first] = await freeze(city)
    city.clock.advance(timedelta(days=10))
    calendar = CutOffs(month_day=31)
    assert [each.period_from for each in await freeze(city, calendar)] == [first.period_from]
    city.clock.advance(timedelta(days=30))
    later = await freeze(city, calendar)
    assert [each.period_from.astimezone(HANOI).date().isoformat() for each in later] == ["2026-10-15", "2026-12-01"]
    overlapping = m.PlaceMonth(
        period_from=first.period_from + timedelta(days=1), period_to=first.period_to + timedelta(days=1),
        frozen_at=city.now, wards=[], units=[],
    )  # fmt: skip
    with pytest.raises(DBAPIError, match="ex_place_months_apart"):
        await city.make.add(overlapping)


async def test_the_file_shows_the_frozen_cells_and_nothing_more(
    client: httpx.AsyncClient, city: City, publish: Publish
) -> None:
    a, b, c = (await wards(city, "Phường A", "Phường B", "Phường C")).values()
    await add_cases(city, 11, {a: 30, b: 12, c: 4})
    await city.make.source()
    await publish()
    assert await rows_of(client) == [
        {
            "month": "2026-11", "from_day": "2026-10-15", "to_day": "2026-11-14",
            "ward_code": code, "ward_name": name, "cases": count,
        }
        for code, name, count in (
            ("00001", "Phường A", 30), ("00002", "Phường B", None), ("00003", "Phường C", None),
            (None, NO_WARD[1], None),
        )
    ]  # fmt: skip


async def test_file_report_and_register_together_tell_no_more_than_the_file(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock, publish: Publish
) -> None:
    """Whatever periods are asked for: a report's counts by place are the file's or sums of them, and the register has
    none. So what may be held back of one cell is held back of all."""
    a, b, c = (await wards(city, "Phường A", "Phường B", "Phường C")).values()
    for month, counts in ((9, {a: 40, b: 15, c: 9}), (10, {a: 22, b: 11, c: 10}), (11, {a: 30, b: 12, c: 4})):
        await add_cases(city, month, counts)
    await city.make.source()
    await publish()
    file = {(row["month"], row["ward_name"]): row["cases"] for row in await rows_of(client)}
    edges = ["2026-08-15", "2026-09-15", "2026-10-15", "2026-11-15"]
    months = dict(zip(edges, ("2026-09", "2026-10", "2026-11"), strict=False))
    for start, end in combinations(edges, 2):
        body = {"from": f"{start}T00:00:00+07:00", "to": f"{end}T00:00:00+07:00"}
        data = await data_of(client, editor, await make(client, editor, "feedback", **body))
        within = [months[edge] for edge in edges[edges.index(start) : edges.index(end)]]
        for row in data["wards"]["rows"]:
            parts = [file[month, row["name"]] for month in within]
            assert row["cases"]["value"] == (None if None in parts else sum(parts))
    for body in ({"from": "2026-10-16T00:00:00+07:00", "to": "2026-11-15T00:00:00+07:00"}, {
        "from": "2026-10-15T00:00:00+07:00", "to": "2026-11-15T00:00:01+07:00"
    }):  # fmt: skip
        data = await data_of(client, editor, await make(client, editor, "feedback", **body))
        assert data["wards"]["rows"] == data["units"]["rows"] == []
    register = (await client.get("/minh-bach.json")).text
    assert not any(ward.name in register for ward in (a, b, c))


COUNTS = st.lists(st.integers(0, 30), min_size=4, max_size=4)


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_sums_over_months_never_show_a_place_that_one_month_holds_back(months: list[list[int]]) -> None:
    names = {str(number): f"Phường {number}" for number in range(3)}
    told = [cells_of(names, dict(zip([*names, ""], month, strict=True)), NO_WARD) for month in months]
    for cell in summed(told):
        at = [*names, ""].index(cell["code"])
        parts = [next(one["cases"] for one in month if one["code"] == cell["code"]) for month in told]
        assert cell["cases"] == (None if None in parts else sum(month[at] for month in months))
        assert cell["cases"] is None or cell["cases"] >= K_ANONYMITY


@given(st.dictionaries(st.sampled_from("012xyz"), st.integers(1, 30), max_size=6))
def test_a_place_that_is_none_of_the_months_is_counted_without_a_name(counted: dict[str, int]) -> None:
    told = cells_of({"0": "Phường 0", "1": "Phường 1", "2": "Phường 2"}, counted, NO_WARD)
    assert [cell["code"] for cell in told] == ["0", "1", "2", ""]
    rest = told[-1]["cases"]
    assert rest is None or rest == sum(count for code, count in counted.items() if code not in "012")


@given(st.dictionaries(st.sampled_from(["0", "1", "2", "s", "t", ""]), st.integers(0, 40)))
def test_among_units_the_places_are_held_back_as_if_they_were_alone(counted: dict[str, int]) -> None:
    """The sum of the departments is known: what is held back among places must not follow from what is left."""
    names = {"0": "Phường 0", "1": "Phường 1", "2": "Phường 2", "s": "Sở S", "t": "Sở T"}
    told = {cell["code"]: cell["cases"] for cell in cells_of(names, counted, NO_UNIT, {"0", "1", "2"})}
    alone = {code: counted.get(code, 0) for code in ("0", "1", "2", "")}
    assert {code: told[code] for code in alone} == publishable(alone)
    assert {code: told[code] for code in "st"} == {code: counted.get(code, 0) for code in "st"}


@given(st.integers(1, 31), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))
def test_months_lie_side_by_side(last_day: int, at: datetime) -> None:
    now = at.replace(tzinfo=HANOI)
    months = list(closed_months(CutOffs(month_day=last_day), now - timedelta(days=400), now))
    assert len(months) >= 12
    assert months[0].end <= now
    for later, earlier in pairwise(months):
        assert earlier.end == later.start
