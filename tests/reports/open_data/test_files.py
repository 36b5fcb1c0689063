"""Files that anybody can open: CSV by its standard and safe in a spreadsheet, JSON, and dictionaries that fit them."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.web import Site
from services.reports.open_data import catalogue, sets
from services.reports.open_data.datasets import Column, Dataset, Reading, Row, Type
from services.reports.open_data.files import BOM, FORMULA, csv_file, dictionary, json_file

pytestmark = pytest.mark.mission("M40")
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
SITE = Site("https://tin.example.vn", "Bản tin", "Thành phố", "Tin.", "1022", "CC BY 4.0", "https://cc.example/by")


async def nothing(reading: Reading) -> list[Row]:
    return []


SET = Dataset(
    "thu", "Thử", "Test", "Để thử", "To try",
    (
        Column("name", "Tên", "Name"),
        Column("count", "Số", "Count", Type.INTEGER, "cái", "đếm", "bảng", "chưa biết"),
        Column("yes", "Có", "Yes", Type.BOOLEAN),
    ),
    ("name",), "P1D", nothing,
)  # fmt: skip


def read(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_csv_opens_in_excel_and_by_the_standard() -> None:
    rows = [{"name": 'Phường "A", xã B', "count": 12, "yes": True}, {"name": "Hà Nội", "count": None, "yes": False}]
    data = csv_file(SET, rows)
    assert data.startswith(BOM.encode())
    assert data == (BOM + 'name,count,yes\r\n"Phường ""A"", xã B",12,true\r\nHà Nội,,false\r\n').encode()


@given(st.text(max_size=12))
def test_no_cell_begins_like_a_formula_and_json_has_the_words_as_they_are(words: str) -> None:
    row = {"name": words, "count": -5, "yes": True}
    header, cells = read(csv_file(SET, [row]))
    assert header == ["name", "count", "yes"]
    assert not cells[0].startswith(FORMULA)
    assert cells[0].removeprefix("'") == words.removeprefix("'") if not words.startswith("'") else cells[0] == words
    assert cells[1] == "-5", "a number is no formula"
    assert json.loads(json_file(SET, [row], SITE, date(2026, 11, 24), NOW))["rows"] == [row]


def test_the_same_rows_are_the_same_bytes_and_a_changed_dictionary_is_a_change() -> None:
    rows: list[Row] = [{"name": "a", "count": 1, "yes": True}]
    assert csv_file(SET, rows) == csv_file(SET, [dict(rows[0])])
    other = Dataset(**{**SET.__dict__, "columns": (*SET.columns[:2], Column("yes", "Đúng", "Yes", Type.BOOLEAN))})
    assert SET.digest(rows) != other.digest(rows)
    assert SET.digest(rows) != SET.digest([*rows, *rows])


@pytest.mark.parametrize("dataset", sets.every(), ids=lambda one: one.code)
def test_every_column_of_every_set_is_in_the_dictionary(dataset: Dataset) -> None:
    names = [column.name for column in dataset.columns]
    assert len(set(names)) == len(names)
    assert set(dataset.key) <= set(names)
    for column in dataset.columns:
        is_figure = column.type in (Type.INTEGER, Type.NUMBER)
        assert not is_figure or (column.unit and column.formula and column.source), column.name
        assert all(dictionary(column)[told] for told in ("name", "title", "title_en", "type"))


def test_the_metadata_of_a_csv_file_fits_the_file() -> None:
    for dataset in sets.every():
        told: dict[str, Any] = json.loads(catalogue.csv_metadata(SITE, dataset))
        assert told["@context"][0] == "http://www.w3.org/ns/csvw"
        described = told["tableSchema"]["columns"]
        assert [one["name"] for one in described] == [column.name for column in dataset.columns]
        assert [[one["titles"] for one in described]] == read(csv_file(dataset, []))
        assert all(title["@language"] in ("vi", "en") for one in described for title in one["dc:title"])
        assert told["tableSchema"]["primaryKey"] == list(dataset.key)
        assert {one["datatype"] for one in described} <= {"string", "integer", "number", "date", "boolean"}
