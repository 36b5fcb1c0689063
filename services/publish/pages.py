"""The public pages, served from files alone: they are there when the database is not."""

import hashlib
import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from libs.common.app import resources
from libs.common.auth import ClockDep, public
from libs.common.web import security_headers
from services.publish import bulletin, feeds
from services.publish.press import FOLDER
from services.publish.resources import PublishResources

router = APIRouter(include_in_schema=False, dependencies=[public()])
READ = ["GET", "HEAD"]
SLUG = re.compile(r"[a-z0-9-]{1,120}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MONTH = re.compile(r"\d{4}-\d{2}")
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


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


@router.api_route("/", methods=READ)
async def front_page(request: Request, res: Res) -> Response:
    return _file(request, res, "index.html", bulletin.HTML)


@router.api_route("/tin/{slug}", methods=READ)
async def one_page(request: Request, slug: str, res: Res) -> Response:
    if not SLUG.fullmatch(slug):
        return _missing(res)
    gone = res.files.read(f"{FOLDER}/tin/{slug}.gone") is not None
    return _file(request, res, f"tin/{slug}.html", bulletin.HTML, 410 if gone else 200)


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
    if not MONTH.fullmatch(month):
        return _missing(res)
    return _file(request, res, f"thang/{month}.html", bulletin.HTML)


@router.api_route("/feed.{kind}", methods=READ)
async def feed(request: Request, kind: str, res: Res) -> Response:
    name = f"feed.{kind}"
    return _file(request, res, name, FEEDS[name]) if name in FEEDS else _missing(res)


@router.api_route("/sitemap.xml", methods=READ)
async def sitemap(request: Request, res: Res) -> Response:
    return _file(request, res, "sitemap.xml", XML)


@router.api_route("/sitemap-news.xml", methods=READ)
async def news_sitemap(request: Request, res: Res, clock: ClockDep) -> Response:
    """Made when asked for, so that nothing older than two days is in it, whoever else is down."""
    rows = json.loads(res.files.read(f"{FOLDER}/recent.json") or b"[]")
    return _answer(request, feeds.news_sitemap(res.site, rows, clock.now()), XML)


@router.api_route("/robots.txt", methods=READ)
async def robots(request: Request, res: Res) -> Response:
    lines = ["User-agent: *", "Disallow: /api/", "", *(f"Sitemap: {res.site.url(p)}" for p in SITEMAPS), ""]
    return _answer(request, "\n".join(lines).encode(), "text/plain; charset=utf-8")


SITEMAPS = ("/sitemap-news.xml", "/sitemap.xml")


def _file(request: Request, res: PublishResources, name: str, media_type: str, status: int = 200) -> Response:
    data = res.files.read(f"{FOLDER}/{name}")
    if data is None:
        return _missing(res)
    changed = datetime.fromtimestamp(int(res.files.path(f"{FOLDER}/{name}").stat().st_mtime), UTC)
    return _answer(request, data, media_type, status, changed)


def _answer(
    request: Request, data: bytes, media_type: str, status: int = 200, changed: datetime | None = None
) -> Response:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {**security_headers(), "ETag": etag, "Cache-Control": "public, max-age=60"}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if status == 200 and _is_known(request, etag, changed):
        return Response(status_code=304, headers=headers)
    return Response(data, status, headers, media_type)


def _is_known(request: Request, etag: str, changed: datetime | None) -> bool:
    """If-None-Match wins over If-Modified-Since (RFC 9110)."""
    asked = request.headers.get("if-none-match")
    if asked is not None:
        return asked.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    since = request.headers.get("if-modified-since")
    try:
        return changed is not None and since is not None and changed <= parsedate_to_datetime(since)
    except (ValueError, TypeError, OverflowError):
        return False


def _missing(res: PublishResources) -> Response:
    return Response(bulletin.missing(res.site), 404, security_headers(), bulletin.HTML)
