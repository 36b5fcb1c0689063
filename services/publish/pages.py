"""The public pages, served from files alone: they are there when the database is not. Only search asks the database,
and says so where it can't."""

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from math import ceil
from typing import Annotated

from asyncpg import PostgresError
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy.exc import SQLAlchemyError

from libs.common import models as m
from libs.common import telemetry
from libs.common.app import resources
from libs.common.auth import ClockDep, public
from libs.common.clock import Clock
from libs.common.conditional import LIVE, etag_of, is_held
from libs.common.db import Database, DatabaseDep
from libs.common.doorman import network_of
from libs.common.errors import Problem, render
from libs.common.faults import describe
from libs.common.text import collapse, nfc
from libs.common.web import Site, security_headers
from services.publish import bulletin, feeds, finding
from services.publish.chrome import ENGLISH, VIETNAMESE, Edition
from services.publish.consultation import windows
from services.publish.press import FOLDER, folder
from services.publish.resources import PublishResources

log = logging.getLogger("lantoa.publish")
router = APIRouter(include_in_schema=False, dependencies=[public()])
READ = ["GET", "HEAD"]
SLUG = re.compile(r"[a-z0-9-]{1,120}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MONTH = re.compile(r"\d{4}-\d{2}")
BRIEF = "public, max-age=60"
FILE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "public, max-age=300",
}
"""Kept for minutes only: what is withdrawn has to be gone."""
XML = "application/xml; charset=utf-8"
FEEDS = {
    "feed.rss": "application/rss+xml; charset=utf-8",
    "feed.atom": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}
SITEMAPS = ("/sitemap-news.xml", "/sitemap.xml")
SEARCH_SECONDS = 5.0
SEARCH_AGAIN = 30
MOST_ASKED = 100


class TooManyFetches(Problem):
    status = 429
    title_vi = "Tải nguồn tin quá thường xuyên"
    title_en = "The feed is fetched too often"


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


# --- pages ---------------------------------------------------------------------------------------------------


@router.api_route("/", methods=READ)
async def front_page(request: Request, res: Res) -> Response:
    return _page(request, res, VIETNAMESE, "index.html")


@router.api_route("/en", methods=READ)
async def front_page_in_english(request: Request, res: Res) -> Response:
    return _page(request, res, ENGLISH, "index.html")


@router.api_route("/tin/{slug}", methods=READ)
async def one_page(request: Request, slug: str, res: Res) -> Response:
    return _entry(request, res, VIETNAMESE, slug)


@router.api_route("/en/tin/{slug}", methods=READ)
async def one_page_in_english(request: Request, slug: str, res: Res) -> Response:
    return _entry(request, res, ENGLISH, slug)


@router.api_route("/tin/{slug}/{sha256}", methods=READ)
async def one_file(slug: str, sha256: str, res: Res) -> Response:
    """A picture or video of a page, as long as the page shows it."""
    if not SLUG.fullmatch(slug) or not SHA256.fullmatch(sha256):
        return _missing(res)
    shown = json.loads(res.files.read(f"{FOLDER}/tin/{slug}.media") or b"{}")
    path = res.files.path(f"objects/{sha256[:2]}/{sha256}")
    if sha256 not in shown or not path.is_file():
        return _missing(res)
    return FileResponse(path, media_type=shown[sha256], headers={**FILE, "ETag": f'"{sha256}"'})


@router.api_route("/thang/{month}", methods=READ)
async def month_page(request: Request, month: str, res: Res) -> Response:
    return _month(request, res, VIETNAMESE, month)


@router.api_route("/en/thang/{month}", methods=READ)
async def month_page_in_english(request: Request, month: str, res: Res) -> Response:
    return _month(request, res, ENGLISH, month)


@router.api_route("/robots.txt", methods=READ)
async def robots(request: Request, res: Res) -> Response:
    lines = ["User-agent: *", "Disallow: /api/", "", *(f"Sitemap: {res.site.url(p)}" for p in SITEMAPS), ""]
    data = "\n".join(lines).encode()
    return _answer(request, data, etag_of(data), "text/plain; charset=utf-8")


def _entry(request: Request, res: PublishResources, edition: Edition, slug: str) -> Response:
    if not SLUG.fullmatch(slug):
        return _missing(res, edition)
    gone = res.files.read(f"{FOLDER}/tin/{slug}.gone") is not None
    return _page(request, res, edition, f"tin/{slug}.html", 410 if gone else 200)


def _month(request: Request, res: PublishResources, edition: Edition, month: str) -> Response:
    if not MONTH.fullmatch(month):
        return _missing(res, edition)
    return _page(request, res, edition, f"thang/{month}.html")


def _page(request: Request, res: PublishResources, edition: Edition, name: str, status: int = 200) -> Response:
    found = res.shelf.read(res.files, f"{FOLDER}/{folder(edition)}{name}")
    if found is None:
        return _missing(res, edition)
    return _answer(request, found.data, found.etag, bulletin.HTML, status, found.changed)


# --- feeds ---------------------------------------------------------------------------------------------------


@router.api_route("/feed.{kind}", methods=READ)
async def feed(request: Request, kind: str, res: Res, clock: ClockDep) -> Response:
    name = f"feed.{kind}"
    if name not in FEEDS:
        return _missing(res)
    links = res.hub.links(name) if res.hub is not None else f'<{res.site.url("/" + name)}>; rel="self"'
    return _fed(request, res, clock, name, FEEDS[name], links)


@router.api_route("/cap.atom", methods=READ)
async def cap_index(request: Request, res: Res, clock: ClockDep) -> Response:
    """Which CAP messages there are, each with its address."""
    return _fed(request, res, clock, "cap.atom", FEEDS["feed.atom"])


@router.api_route(windows.PATH, methods=READ)
async def public_calendar(request: Request, res: Res, clock: ClockDep) -> Response:
    """What the public is asked, and until when."""
    return _fed(request, res, clock, "lich.ics", windows.MEDIA_TYPE)


@router.api_route("/sitemap.xml", methods=READ)
async def sitemap(request: Request, res: Res, clock: ClockDep) -> Response:
    return _fed(request, res, clock, "sitemap.xml", XML)


@router.api_route("/sitemap-news.xml", methods=READ)
async def news_sitemap(request: Request, res: Res, clock: ClockDep) -> Response:
    """Made when asked for, so that nothing older than two days is in it, whoever else is down."""
    recent = res.shelf.read(res.files, f"{FOLDER}/recent.json")
    rows = json.loads(recent.data) if recent is not None else []
    data = feeds.news_sitemap(res.site, rows, clock.now())
    return _limited(request, res, clock, _answer(request, data, etag_of(data), XML))


def _fed(
    request: Request, res: PublishResources, clock: Clock, name: str, media_type: str, links: str | None = None
) -> Response:
    found = res.shelf.read(res.files, f"{FOLDER}/{name}")
    if found is None:
        return _missing(res)
    answer = _answer(request, found.data, found.etag, media_type, changed=found.changed)
    if links is not None:
        answer.headers["Link"] = links
    return _limited(request, res, clock, answer)


def _limited(request: Request, res: PublishResources, clock: Clock, answer: Response) -> Response:
    """Who asks whether it has changed may ask as often as they like; whole feeds are handed out so many times."""
    if request.method != "GET" or answer.status_code != 200:
        return answer
    wait = res.feed_doorman.wait(_network(request), res.bulletin.feeds_per_hour, clock.now())
    if wait is None:
        return answer
    telemetry.count("lantoa.bulletin.limited", door="feed")
    why = "Xin gửi If-None-Match hoặc If-Modified-Since: khi chưa có gì mới thì không tính lượt."
    return render(TooManyFetches(why, retry_after=max(ceil(wait.total_seconds()), 1)), request)


def _network(request: Request) -> str:
    return network_of(request.client.host if request.client else "")


# --- search --------------------------------------------------------------------------------------------------


@router.api_route("/tim", methods=READ)
async def search(request: Request, database: DatabaseDep, clock: ClockDep, res: Res, q: str = "") -> Response:
    return await _search(request, database, clock, res, VIETNAMESE, q)


@router.api_route("/en/tim", methods=READ)
async def search_in_english(
    request: Request, database: DatabaseDep, clock: ClockDep, res: Res, q: str = ""
) -> Response:
    return await _search(request, database, clock, res, ENGLISH, q)


async def _search(
    request: Request, database: Database, clock: Clock, res: PublishResources, edition: Edition, q: str
) -> Response:
    asked = collapse(nfc(q[:MOST_ASKED].replace("\0", "")))
    if not asked:
        return _searched(res, edition)
    wait = res.search_doorman.wait(_network(request), res.bulletin.searches_per_hour, clock.now())
    if wait is not None:
        telemetry.count("lantoa.bulletin.limited", door="search")
        again = max(ceil(wait.total_seconds()), 1)
        return _searched(res, edition, 429, again, asked=asked, trouble="too_many")
    try:
        rows = await _found(database, asked)
    except (SQLAlchemyError, PostgresError, OSError) as error:  # a TimeoutError is an OSError
        log.warning("search without the database: %s", describe(error))
        return _searched(res, edition, 503, SEARCH_AGAIN, asked=asked, trouble="search_down")
    has_more = len(rows) > finding.SHOWN
    return _searched(res, edition, asked=asked, found=rows[: finding.SHOWN], has_more=has_more)


async def _found(database: Database, asked: str) -> Sequence[m.BulletinText]:
    async with asyncio.timeout(SEARCH_SECONDS), database.transaction() as session:
        return await finding.find(session, asked)


def _searched(
    res: PublishResources, edition: Edition, status: int = 200, again: int | None = None, **found: object
) -> Response:
    headers = {**security_headers(), "Cache-Control": "no-store"}
    if again is not None:
        headers["Retry-After"] = str(again)
    return Response(bulletin.search_page(_site(res, edition), edition, **found), status, headers, bulletin.HTML)


# --- answers -------------------------------------------------------------------------------------------------


def _answer(
    request: Request, data: bytes, etag: str, media_type: str, status: int = 200, changed: datetime | None = None
) -> Response:
    headers = {**security_headers(), "ETag": etag, "Cache-Control": LIVE if status == 200 else BRIEF}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if status == 200 and is_held(request.headers, etag, changed):
        return Response(status_code=304, headers=headers)
    return Response(data, status, headers, media_type)


def _site(res: PublishResources, edition: Edition) -> Site:
    return res.english if edition.is_english and res.english is not None else res.site


def _missing(res: PublishResources, edition: Edition = VIETNAMESE) -> Response:
    return Response(bulletin.missing(_site(res, edition), edition), 404, security_headers(), bulletin.HTML)
