"""Which unit a name means on a day: the districts of before, the wards and communes since 1 July 2025."""

import csv
import unicodedata
from datetime import date

import pytest

from libs.common import models as m
from libs.common.db import Database
from libs.common.local.paths import checkout
from libs.common.seed import seed
from libs.common.testing.plugin import NOON
from libs.common.text import fold
from libs.common.units import (
    UNITS_DIR,
    How,
    load_aliases,
    load_gazetteer,
    load_register,
    load_units,
    resolve,
    resolve_unit,
)

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
CAU_GIAY = {"Phường Cầu Giấy", "Phường Nghĩa Đô", "Phường Yên Hòa"}


def names(asked: str, on: date) -> set[str]:
    return {match.unit.name for match in resolve_unit(asked, on, load_register())}


@pytest.mark.mission("M35")
def test_there_are_126_wards_and_communes_since_july_2025() -> None:
    units = [unit for unit in load_units() if unit.kind in ("ward", "commune")]
    assert len(units) == len({unit.code for unit in units}) == len({unit.name for unit in units}) == 126
    assert sum(unit.kind == "ward" for unit in units) == 51
    assert sum(unit.kind == "commune" for unit in units) == 75
    assert all(unit.name.startswith({"ward": "Phường ", "commune": "Xã "}[unit.kind]) for unit in units)
    assert all(unit.valid_on(AFTER) and not unit.valid_on(BEFORE) for unit in units)


@pytest.mark.mission("M35")
@pytest.mark.parametrize(
    "asked",
    [
        "Quận Cầu Giấy",
        "quận cầu giấy",
        "quan cau giay",
        "QUẬN CẦU GIẤY",
        "Q. Cầu Giấy",
        "q.cau giay",
        "  Quận  Cầu Giấy ",
    ],
)
def test_an_old_district_leads_to_its_wards_from_its_last_day_on(asked: str) -> None:
    for form in (asked, unicodedata.normalize("NFD", asked)):
        assert names(form, BEFORE) == {"Quận Cầu Giấy"}
        assert names(form, date(2010, 1, 1)) == {"Quận Cầu Giấy"}
        assert names(form, AFTER) == CAU_GIAY
        assert names(form, date(2026, 11, 24)) == CAU_GIAY


@pytest.mark.mission("M35")
def test_a_successor_says_whence_and_from_which_source() -> None:
    found = resolve_unit("Quận Cầu Giấy", AFTER, load_register())
    assert all(match.how is How.SUCCESSOR for match in found)
    assert all("Quận Cầu Giấy (đến hết 30/06/2025)" in match.note and "NQ 1656" in match.note for match in found)


@pytest.mark.mission("M35")
@pytest.mark.parametrize(
    ("asked", "on", "meant"),
    [
        ("Cầu Giấy", BEFORE, {"Quận Cầu Giấy"}),
        ("Phường Cầu Giấy", AFTER, {"Phường Cầu Giấy"}),
        ("P. Yên Hoà", AFTER, {"Phường Yên Hòa"}),
        ("phường yên hòa", AFTER, {"Phường Yên Hòa"}),
        ("phuong yen hoa", AFTER, {"Phường Yên Hòa"}),
        ("Phường Yên Hoa", AFTER, set()),  # marks that were typed count
        ("Phường Cầu Giấy", BEFORE, set()),
        ("Hà Nội", AFTER, {"Thành phố Hà Nội"}),
        ("ha noi", BEFORE, {"Thành phố Hà Nội"}),
        ("Phường Không Có", AFTER, set()),
        ("", AFTER, set()),
    ],
)
def test_names_with_and_without_marks_and_words(asked: str, on: date, meant: set[str]) -> None:
    assert names(asked, on) == meant


@pytest.mark.mission("M35")
def test_every_old_district_leads_somewhere_and_every_ward_comes_from_somewhere() -> None:
    with (UNITS_DIR / "districts.csv").open(encoding="utf-8", newline="") as file:
        districts = [row["full_name"] for row in csv.DictReader(file)]
    assert len(districts) == 30
    reached: set[str] = set()
    for district in districts:
        assert names(district, BEFORE) == {district}
        led = names(district, AFTER)
        assert led, district
        reached |= led
    wards = {unit.name for unit in load_units() if unit.kind in ("ward", "commune")}
    assert wards - reached == set()
    assert {name for name in reached if not name.startswith("Thành phố")} <= wards


@pytest.mark.mission("M35")
def test_every_unit_is_found_by_its_name_written_in_any_way() -> None:
    for unit in load_units():
        on = unit.valid_from or unit.valid_to or AFTER
        for form in (unit.name, unit.name.upper(), fold(unit.name), unicodedata.normalize("NFD", unit.name)):
            assert unit.name in names(form, on), form


@pytest.mark.mission("M35")
def test_a_department_that_merged_leads_to_the_one_that_took_over() -> None:
    assert names("Sở Thông tin và Truyền thông", date(2022, 9, 29)) == {"Sở Thông tin và Truyền thông"}
    assert names("Sở Thông tin và Truyền thông", date(2025, 3, 1)) == {"Sở Khoa học và Công nghệ"}


def test_every_alias_leads_to_a_unit_and_names_its_source() -> None:
    codes = {unit.code for unit in load_units()}
    for alias in load_aliases():
        assert alias.unit_code in codes, alias
        assert alias.source, alias


def test_the_gazetteer_has_every_place_twice() -> None:
    listed = load_gazetteer()
    assert len(listed) == 2 * (126 + 30)
    assert len({place.code for place in listed}) == 156
    assert {place.valid_to for place in listed} == {None, date(2025, 6, 30)}


@pytest.mark.mission("M35")
async def test_the_seeded_database_answers_as_the_lists_do(db: Database) -> None:
    """Loaded twice, as an upgrade does; then asked as the service role would."""
    for _ in range(2):
        async with db.transaction() as session:
            done = await seed(session, NOON)
    assert done.units == len(load_units())
    async with db.transaction() as session:
        assert {match.unit.name for match in await resolve(session, "quan cau giay", AFTER)} == CAU_GIAY
        assert {match.unit.name for match in await resolve(session, "Quận Cầu Giấy", BEFORE)} == {"Quận Cầu Giấy"}
        rows = list(
            await session.scalars(m.OrganizationUnit.__table__.select().with_only_columns(m.OrganizationUnit.id))
        )
    assert len(rows) == len(load_units())


def test_the_source_of_the_list_is_attributed() -> None:
    notice = (checkout() / "NOTICE").read_text(encoding="utf-8")
    assert "vietnamese-provinces-database" in notice
    assert "Copyright (c) 2021 Thang Le Quoc" in notice
    assert "Permission is hereby granted" in notice
