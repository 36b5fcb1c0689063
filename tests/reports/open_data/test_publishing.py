"""Data sets as anybody gets them: versions that stay, the newest one, catalogues, limits, and no database needed."""

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.testing.plugin import TestServer
from services.reports.main import SERVICE
from services.reports.open_data import sets, shelving
from tests.outage import SwitchOff, switch_of
from tests.publish.bulletin.structure import faults, tree
from tests.reports.city import AUTHOR, EMAIL, PHONE, City
from tests.reports.open_data.conftest import Publish
from tests.reports.open_data.town import add_cases, wards

pytestmark = pytest.mark.mission("M40")
Json = dict[str, Any]
KINDS, WARDS = "phan-anh-theo-loai", "phan-anh-theo-phuong-xa"


async def lively(city: City, clock: FrozenClock) -> None:
    a, b, c = (await wards(city, "Phường A", "=Phường B", "Phường C")).values()
    await add_cases(city, 11, {a: 30, b: 12, c: 4})
    await add_cases(city, 10, {a: 11}, kind="complaint", state="answered")
    source = await city.make.source(name="=HYPERLINK(báo)", last_item_at=clock.now())
    await city.item(source)
    channel = await city.make.channel()
    clock.advance(-timedelta(days=1))
    one = await city.publication("Tin có kênh", channel)
    await city.delivery(one, channel, "published", "https://x.example/1")
    await city.publication("Không có chuyện vỡ đê", kind="correction")
    series = await city.make.add(m.Series(id=source.id, dimension="field", key="giao_thong", created_at=clock.now()))
    await city.make.add(m.SeriesPoint(series_id=series.id, bucket_at=clock.now(), count=7))
    clock.advance(timedelta(days=1))


async def rows_of(client: httpx.AsyncClient, code: str) -> list[Json]:
    got = await client.get(f"/du-lieu-mo/{code}/moi-nhat.json")
    assert got.status_code == 200, got.text
    return list(got.json()["rows"])


async def test_every_set_is_published_and_says_what_the_tables_say(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish
) -> None:
    await lively(city, clock)
    await publish()
    found = {dataset.code: await rows_of(client, dataset.code) for dataset in sets.every()}
    criticism = [row for row in found[KINDS] if row["kind"] == "criticism"]
    assert [(row["month"], row["received"], row["answered"], row["overdue"]) for row in criticism] == [
        ("2026-10", 0, 0, 0),
        ("2026-11", 46, 0, 46),
    ]
    complaint = next(row for row in found[KINDS] if row["kind"] == "complaint")
    assert (complaint["received"], complaint["answered"], complaint["overdue"]) == (11, 11, 0)
    fields = [row for row in found["phan-anh-theo-linh-vuc"] if row["received"]]
    assert [(row["month"], row["field"], row["received"]) for row in fields] == [
        ("2026-10", "do_thi", 11),
        ("2026-11", "do_thi", 46),
    ]
    assert found["dinh-chinh-theo-ngay"] == [{"day": "2026-11-23", "corrections": 1}]
    [post] = found["tin-dang-theo-kenh"]
    assert (post["day"], post["posts"]) == ("2026-11-23", 1)
    assert [(row["day"], row["field"], row["mentions"]) for row in found["bai-viet-theo-linh-vuc"]] == [
        ("2026-11-23", "giao_thong", 7)
    ]
    assert [row["name"] for row in found["nguon-theo-doi"]] == ["=HYPERLINK(báo)"]
    assert {row["active"] for row in found["cau-hoi-dang-luu"]} == {0}
    assert found["mo-hinh-va-sai-so"] == []
    everything = json.dumps(found, ensure_ascii=False)
    assert not [planted for planted in (AUTHOR, PHONE, EMAIL) if planted in everything]


async def test_csv_and_json_say_the_same_and_no_cell_is_a_formula(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish
) -> None:
    await lively(city, clock)
    await publish()
    for dataset in sets.every():
        got = await client.get(f"/du-lieu-mo/{dataset.code}/moi-nhat.csv")
        assert got.headers["content-type"].startswith("text/csv")
        assert f'filename="{dataset.code}-2026-11-24.csv"' in got.headers["content-disposition"]
        header, *cells = csv.reader(io.StringIO(got.content.decode("utf-8-sig"), newline=""), strict=True)
        rows = await rows_of(client, dataset.code)
        assert [dict(zip(header, row, strict=True)) for row in cells] == [
            {name: spelled(value) for name, value in row.items()} for row in rows
        ]
        assert not [cell for row in cells for cell in row if cell.startswith(("=", "+", "@"))]


def spelled(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() if value.startswith("="):
            return f"'{value}"
        case _:
            return str(value)


async def test_a_version_stays_and_the_newest_moves_on(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish
) -> None:
    await lively(city, clock)
    await publish()
    first = await client.get(f"/du-lieu-mo/{KINDS}/2026-11-24.csv")
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    await publish()
    clock.advance(timedelta(days=1))
    await publish()
    assert (await client.get(f"/du-lieu-mo/{KINDS}/2026-11-25.csv")).status_code == 404, "nothing new, no version"
    await add_cases(city, 11, {None: 2})
    clock.advance(timedelta(days=1))
    await publish()
    again = await client.get(f"/du-lieu-mo/{KINDS}/2026-11-24.csv")
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    newest, dated = [await client.get(f"/du-lieu-mo/{KINDS}/{name}.csv") for name in ("moi-nhat", "2026-11-26")]
    assert newest.content == dated.content != first.content
    assert newest.headers["cache-control"].startswith("public, max-age=60")
    wards_then = await client.get(f"/du-lieu-mo/{WARDS}/moi-nhat.csv")
    assert wards_then.content == (await client.get(f"/du-lieu-mo/{WARDS}/2026-11-24.csv")).content


async def test_a_file_is_what_the_catalogue_says(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish
) -> None:
    await lively(city, clock)
    await publish()
    package = (await client.get("/du-lieu-mo/datapackage.json")).json()
    assert [error.message for error in Draft202012Validator(PACKAGE).iter_errors(package)] == []
    assert [one["name"] for one in package["resources"]] == [dataset.code for dataset in sets.every()]
    for one in package["resources"]:
        got = await client.get(one["path"].removeprefix("https://tin.example.vn"))
        assert got.status_code == 200
        assert f"sha256:{hashlib.sha256(got.content).hexdigest()}" == one["hash"]
        assert len(got.content) == one["bytes"]
        header = next(csv.reader(io.StringIO(got.content.decode("utf-8-sig"), newline="")))
        assert [field["name"] for field in one["schema"]["fields"]] == header
    told = (await client.get("/du-lieu-mo/catalog.jsonld")).json()
    assert (told["@type"], len(told["dcat:dataset"])) == ("dcat:Catalog", len(sets.every()))
    files = [each for one in told["dcat:dataset"] for each in one["dcat:distribution"]]
    for each in files:
        got = await client.get(each["dcat:downloadURL"]["@id"].removeprefix("https://tin.example.vn"))
        assert hashlib.sha256(got.content).hexdigest() == each["spdx:checksum"]["spdx:checksumValue"]["@value"]
        assert each["dct:license"]["@id"].startswith("https://creativecommons.org/licenses/by/4.0")


FIELD = {
    "type": "object",
    "required": ["name", "type", "title", "description"],
    "properties": {"type": {"enum": ["string", "integer", "number", "date", "boolean"]}},
}
PACKAGE: Json = {
    "type": "object",
    "required": ["profile", "name", "resources", "licenses"],
    "properties": {
        "profile": {"const": "tabular-data-package"},
        "name": {"pattern": "^[-a-z0-9._/]+$"},
        "version": {"type": "string"},
        "created": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "licenses": {"type": "array", "minItems": 1, "items": {"required": ["path", "title"]}},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["profile", "name", "path", "schema", "encoding", "hash", "bytes"],
                "properties": {
                    "profile": {"const": "tabular-data-resource"},
                    "name": {"pattern": "^[-a-z0-9._/]+$"},
                    "hash": {"pattern": "^sha256:[0-9a-f]{64}$"},
                    "schema": {
                        "required": ["fields", "primaryKey", "missingValues"],
                        "properties": {"fields": {"type": "array", "minItems": 1, "items": FIELD}},
                    },
                },
            },
        },
    },
}
"""What the Tabular Data Package and Table Schema of Frictionless Data (v1) demand, as far as we use it."""


async def test_who_has_a_file_already_is_told_so(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish
) -> None:
    await lively(city, clock)
    await publish()
    paths = [f"/du-lieu-mo/{KINDS}/moi-nhat.csv", f"/du-lieu-mo/{KINDS}/2026-11-24.json", "/minh-bach/thay-doi.atom"]
    for path in [*paths, "/du-lieu-mo", "/du-lieu-mo/datapackage.json", f"/du-lieu-mo/{KINDS}"]:
        whole = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert (await client.head(path)).status_code == 200
    for path in paths:
        changed = (await client.get(path)).headers["last-modified"]
        assert (await client.get(path, headers={"If-Modified-Since": changed})).status_code == 304


async def test_whole_files_are_handed_to_one_network_so_many_times(
    client_for: Any, publish: Publish, city: City, clock: FrozenClock
) -> None:
    await city.make.source()
    await publish()
    few: httpx.AsyncClient = await client_for(SERVICE, reports={"open_data": {"files_per_hour": 2}})
    path = "/du-lieu-mo/cau-hoi-dang-luu/moi-nhat.csv"
    whole = [await few.get(path) for _ in range(3)]
    assert [each.status_code for each in whole] == [200, 200, 429]
    assert int(whole[-1].headers["retry-after"]) > 0
    assert whole[-1].json()["title"] == "Tải dữ liệu mở quá thường xuyên"
    known = await few.get(path, headers={"If-None-Match": whole[0].headers["etag"]})
    assert known.status_code == 304
    clock.advance(timedelta(hours=1))
    assert (await few.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/du-lieu-mo/khong-co", "/du-lieu-mo/khong-co/moi-nhat.csv", f"/du-lieu-mo/{KINDS}/moi-nhat.xlsx",
        f"/du-lieu-mo/{KINDS}/2020-01-01.csv", f"/du-lieu-mo/{KINDS}/..%2F..%2Fetc.csv", "/en/du-lieu-mo/khong-co",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, publish: Publish, path: str) -> None:
    await publish()
    got = await client.get(path)
    assert (got.status_code, got.headers["content-type"]) == (404, "application/problem+json")


async def test_before_the_first_day_there_are_pages_and_no_files(client: httpx.AsyncClient) -> None:
    page = await client.get("/du-lieu-mo")
    assert (page.status_code, "Chưa công bố bản nào." in page.text) == (200, True)
    assert (await client.get(f"/du-lieu-mo/{KINDS}")).status_code == 200
    assert (await client.get("/du-lieu-mo/datapackage.json")).json()["resources"] == []
    for path in (f"/du-lieu-mo/{KINDS}/moi-nhat.csv", "/minh-bach/thay-doi.atom"):
        assert (await client.get(path)).status_code == 404


async def test_before_anything_is_listened_to_nothing_is_published(
    client: httpx.AsyncClient, city: City, publish: Publish
) -> None:
    await publish()
    assert (await client.get("/du-lieu-mo/nguon-theo-doi/moi-nhat.csv")).status_code == 404
    source = await city.make.source(name="Báo A")
    await publish()
    assert [row["name"] for row in await rows_of(client, "nguon-theo-doi")] == [source.name]


async def test_two_publishers_of_one_day_leave_one_version(
    client: httpx.AsyncClient, worker: JobContext[Any], city: City, db: Database, publish: Publish
) -> None:
    await city.make.source()
    await publish()
    index = worker.resources.files.path(shelving.INDEX)
    index.unlink()
    await publish()
    assert index.exists(), "what was lost is written again"
    async with db.transaction() as session:
        versions = list(await session.scalars(select(m.DatasetVersion)))
    assert len(versions) == len({version.dataset for version in versions}) == len(sets.every())
    assert {version.day.isoformat() for version in versions} == {"2026-11-24"}


@pytest.fixture
async def switch_off(postgres: TestServer, database: str) -> AsyncIterator[SwitchOff]:
    async with switch_of(postgres, database, "lantoa_reports") as off:
        yield off


async def test_without_the_database_all_is_there_as_it_was(
    client: httpx.AsyncClient,
    client_for: Any,
    city: City,
    clock: FrozenClock,
    publish: Publish,
    switch_off: SwitchOff,
) -> None:
    await lively(city, clock)
    await publish()
    paths = ["/minh-bach", "/en/minh-bach", "/minh-bach.json", "/minh-bach/thay-doi.atom", "/du-lieu-mo"]
    paths += [f"/du-lieu-mo/{KINDS}", f"/du-lieu-mo/{KINDS}/moi-nhat.csv", "/du-lieu-mo/catalog.jsonld"]
    before = {path: (await client.get(path)).content for path in paths}
    fresh: httpx.AsyncClient = await client_for(SERVICE, public_url="https://tin.example.vn")  # has counted nothing
    await switch_off()
    clock.advance(timedelta(hours=2))
    for reader in (client, fresh):
        assert (await reader.get("/health/ready")).status_code == 503, "it was really gone"
        for path in paths:
            got = await reader.get(path)
            assert (got.status_code, got.content) == (200, before[path]), path
            assert "stale-if-error=" in got.headers["cache-control"]


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", ["/minh-bach", "/du-lieu-mo", f"/du-lieu-mo/{WARDS}", f"/du-lieu-mo/{KINDS}"])
async def test_pages_are_accessible_in_both_languages(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish, prefix: str, path: str
) -> None:
    await lively(city, clock)
    await publish()
    got = await client.get(prefix + path)
    assert got.status_code == 200
    page = tree(got.text)
    assert faults(page, "en" if prefix else "vi") == []
    [other] = page.xpath("//header//a[@hreflang][@lang]")
    assert other.get("href") == f"https://tin.example.vn{'' if prefix else '/en'}{path}"
    assert page.xpath("//link[@rel='alternate'][@type='application/atom+xml']/@href") == [
        "https://tin.example.vn/minh-bach/thay-doi.atom"
    ]
