"""Open data in public: a catalogue, a page and a dictionary for each data set, files that never change and the newest.

All is served from files alone, so it is there when the database is not.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from math import ceil

from fastapi import APIRouter, Request, Response

from libs.common import telemetry
from libs.common.auth import ClockDep, public
from libs.common.clock import Clock
from libs.common.conditional import LIVE, etag_of, is_held
from libs.common.doorman import network_of
from libs.common.errors import render
from services.reports.api import Res
from services.reports.open_data import catalogue, sets, shelving
from services.reports.open_data.datasets import DATASETS, Dataset
from services.reports.open_data.feed import OWN
from services.reports.open_data.shelving import Entry, Index
from services.reports.problems import OpenDataNotFound, TooManyFiles
from services.reports.public import ENGLISH, READ, VIETNAMESE, Edition, page_of
from services.reports.resources import ReportsResources

router = APIRouter(include_in_schema=False, dependencies=[public()])
PAGE, LATEST = catalogue.PAGE, "moi-nhat"
FILE = re.compile(r"(?P<version>moi-nhat|\d{4}-\d{2}-\d{2})\.(?P<suffix>csv|json)")
METADATA = f"{LATEST}.csv-metadata.json"
FOR_EVER = "public, max-age=31536000, immutable"
MEDIA = {"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Access-Control-Allow-Origin": "*",
}


# --- pages ----------------------------------------------------------------------------------------------------


@router.api_route(PAGE, methods=READ)
async def catalogue_page(request: Request, res: Res) -> Response:
    return _catalogue(request, res, VIETNAMESE)


@router.api_route(ENGLISH.path(PAGE), methods=READ)
async def catalogue_page_in_english(request: Request, res: Res) -> Response:
    return _catalogue(request, res, ENGLISH)


def _catalogue(request: Request, res: ReportsResources, edition: Edition) -> Response:
    index = _index(res)
    listed = [(dataset, index.versions.get(dataset.code, [])) for dataset in sets.every()]
    return page_of(request, res, edition, "open_data.html", PAGE, listed=listed)


# --- for programs ---------------------------------------------------------------------------------------------


@router.api_route(f"{PAGE}/datapackage.json", methods=READ)
async def datapackage(request: Request, res: Res) -> Response:
    data = catalogue.datapackage(res.site, _index(res).latest)
    return _answer(request, data, etag_of(data), "application/json")


@router.api_route(f"{PAGE}/catalog.jsonld", methods=READ)
async def dcat(request: Request, res: Res) -> Response:
    data = catalogue.dcat(res.site, _index(res).latest)
    return _answer(request, data, etag_of(data), "application/ld+json")


@router.api_route(OWN, methods=READ)
async def changes(request: Request, res: Res, clock: ClockDep) -> Response:
    found = res.shelf.read(res.files, shelving.FEED)
    if found is None:
        raise OpenDataNotFound("Chưa có thay đổi nào được ghi.")
    media = "application/atom+xml; charset=utf-8"
    answer = _answer(request, found.data, found.etag, media, changed=found.changed)
    return _limited(request, res, clock, answer)


# --- data sets ------------------------------------------------------------------------------------------------


@router.api_route(f"{PAGE}/{{code}}", methods=READ)
async def dataset_page(request: Request, code: str, res: Res) -> Response:
    return _dataset(request, code, res, VIETNAMESE)


@router.api_route(f"{ENGLISH.path(PAGE)}/{{code}}", methods=READ)
async def dataset_page_in_english(request: Request, code: str, res: Res) -> Response:
    return _dataset(request, code, res, ENGLISH)


def _dataset(request: Request, code: str, res: ReportsResources, edition: Edition) -> Response:
    dataset = _known(code)
    versions = _index(res).versions.get(code, [])
    return page_of(request, res, edition, "open_data_set.html", f"{PAGE}/{code}", dataset=dataset, versions=versions)


@router.api_route(f"{PAGE}/{{code}}/{METADATA}", methods=READ)
async def csv_metadata(request: Request, code: str, res: Res) -> Response:
    data = catalogue.csv_metadata(res.site, _known(code))
    return _answer(request, data, etag_of(data), "application/csvm+json")


@router.api_route(f"{PAGE}/{{code}}/{{name}}", methods=READ)
async def one_file(request: Request, code: str, name: str, res: Res, clock: ClockDep) -> Response:
    asked = FILE.fullmatch(name)
    dataset = _known(code)
    entry = _entry(res, code, asked["version"]) if asked else None
    found = res.shelf.read(res.files, entry.key(asked["suffix"])) if asked and entry else None
    if asked is None or entry is None or found is None:
        raise OpenDataNotFound(f"Địa chỉ có dạng {PAGE}/{code}/{LATEST}.csv hoặc {PAGE}/{code}/2026-11-24.csv.")
    suffix = asked["suffix"]
    kept = LIVE if asked["version"] == LATEST else FOR_EVER
    changed = datetime.fromisoformat(entry.as_of).replace(microsecond=0)
    answer = _answer(request, found.data, found.etag, MEDIA[suffix], kept, changed)
    answer.headers["Content-Disposition"] = f'attachment; filename="{dataset.code}-{entry.day}.{suffix}"'
    answer.headers["Link"] = _links(res, code)
    return _limited(request, res, clock, answer)


def _links(res: ReportsResources, code: str) -> str:
    links = [f'<{res.site.url(f"{PAGE}/{code}/{METADATA}")}>; rel="describedby"; type="application/csvm+json"']
    if res.site.licence_url:
        links.append(f'<{res.site.licence_url}>; rel="license"')
    return ", ".join(links)


def _index(res: ReportsResources) -> Index:
    """Empty before the first day was published."""
    return shelving.read_index(res.files, res.shelf) or Index("", {})


def _known(code: str) -> Dataset:
    if code not in DATASETS.names():
        raise OpenDataNotFound(f"Danh mục các bộ dữ liệu ở {PAGE}.")
    return DATASETS.get(code)


def _entry(res: ReportsResources, code: str, version: str) -> Entry | None:
    if version != LATEST:
        return shelving.read_version(res.files, code, version)
    versions = _index(res).versions.get(code)
    return versions[0] if versions else None


# --- answers --------------------------------------------------------------------------------------------------


def _answer(
    request: Request,
    data: bytes,
    etag: str,
    media_type: str,
    kept: str = LIVE,
    changed: datetime | None = None,
) -> Response:
    headers = {**SAFE, "ETag": etag, "Cache-Control": kept}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if is_held(request.headers, etag, changed):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, media_type)


def _limited(request: Request, res: ReportsResources, clock: Clock, answer: Response) -> Response:
    """Who asks whether it has changed may ask as often as they like; whole files are handed out so many times."""
    if request.method != "GET" or answer.status_code != 200:
        return answer
    network = network_of(request.client.host if request.client else "")
    wait = res.doorman.wait(network, res.settings.reports.open_data.files_per_hour, clock.now())
    if wait is None:
        return answer
    telemetry.count("lantoa.bulletin.limited", door="open_data")
    why = "Xin gửi If-None-Match hoặc If-Modified-Since: khi chưa có gì mới thì không tính lượt."
    return render(TooManyFiles(why, retry_after=max(ceil(wait.total_seconds()), 1)), request)
