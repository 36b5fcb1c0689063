"""The newsstand's doors: a manifest of sources, the pushes, and every document by its exact key."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from sandbox.newsstand.articles import articles_edition
from sandbox.newsstand.directory import directory_edition
from sandbox.newsstand.edition import MOUNT, ORIGIN, PRIVATE, Document, Edition, Source
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.render import template
from sandbox.newsstand.sample import sample_edition
from sandbox.newsstand.settings import Mode, PressSettings
from sandbox.settings import SandboxSettings

_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]|testserver|sandbox\.test)(?::\d+)?")
GROUPS = {
    "press": "Báo chí",
    "portal": "Cổng thông tin",
    "aggregator": "Trang tổng hợp",
    "forum": "Diễn đàn",
    "official": "Đơn vị cung cấp dịch vụ",
    "citizen": "Người dân",
}
KINDS = {"feed": "feed", "sitemap": "sơ đồ trang", "page": "trang", "push": "gửi qua API"}


def open_edition(settings: PressSettings, now: datetime | None = None) -> Edition:
    """What these settings put on the stand; NewsstandError when that is nothing."""
    at = now or datetime.now(UTC)
    if settings.mode is Mode.SAMPLE:
        return sample_edition(at, settings.ends_at)
    if settings.path is None:
        raise NewsstandError("Thiếu đường dẫn dữ liệu để phát lại.", "The path of what to replay is missing.")
    build = directory_edition if settings.mode is Mode.DIR else articles_edition
    return build(settings.path, settings.ends_at or at, settings.max_bytes)


def router(settings: SandboxSettings, press: PressSettings | None = None) -> APIRouter:
    edition = open_edition(press or PressSettings())
    routes = APIRouter(prefix=MOUNT, tags=["press"])

    @routes.api_route("/manifest.json", methods=["GET", "HEAD"])
    def manifest(request: Request) -> JSONResponse:
        return JSONResponse(manifest_of(edition, _origin(request)))

    @routes.api_route("/pushes.jsonl", methods=["GET", "HEAD"])
    def pushes() -> PlainTextResponse:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in edition.pushes)
        return PlainTextResponse(lines, media_type="application/x-ndjson")

    @routes.api_route("/gold.json", methods=["GET", "HEAD"])
    def gold(request: Request) -> JSONResponse:
        origin = _origin(request)
        return JSONResponse([{**row, "url": f"{origin}{MOUNT}/{row['path']}"} for row in edition.gold])

    @routes.api_route("/", methods=["GET", "HEAD"])
    def index(request: Request) -> Response:
        return _answer(request, Document("text/html; charset=utf-8", lambda: _index(edition), edition.built_at))

    @routes.api_route("/{key:path}", methods=["GET", "HEAD"])
    def document(key: str, request: Request) -> Response:
        found = edition.documents.get(key)
        if found is None:
            return PlainTextResponse("Không có tài liệu này. / There is no such document.", 404)
        return _answer(request, found)

    return routes


def root_router() -> APIRouter:
    """What a crawler asks of the host itself."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/robots.txt", methods=["GET", "HEAD"])
    def robots() -> PlainTextResponse:
        return PlainTextResponse(f"User-agent: *\nDisallow: {MOUNT}/*/{PRIVATE}/\nDisallow: /control/\n")

    return routes


def manifest_of(edition: Edition, origin: str) -> dict[str, Any]:
    return {
        "title": edition.title,
        "mode": edition.mode,
        "fictional": edition.fictional,
        "built_at": edition.built_at.isoformat(),
        "sources": [_source(source, origin) for source in edition.sources],
        "documents": len(edition.documents),
        "pushes": len(edition.pushes),
        "ignored": list(edition.ignored),
    }


def _source(source: Source, origin: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": source.name, "kind": source.kind, "group": source.group, "items": source.items}
    told |= {"language": source.language, "poll_seconds": source.poll_seconds}
    return told | ({"url": f"{origin}{MOUNT}/{source.path}"} if source.path else {})


def _index(edition: Edition) -> bytes:
    homes = {one.path: f"{one.path.split('/')[0]}/" for one in edition.sources if "/" in one.path}
    homes = {path: home for path, home in homes.items() if home in edition.documents}
    items = sum(source.items for source in edition.sources if source.kind != "push")
    return template("index.html", edition=edition, items=items, homes=homes, groups=GROUPS, kinds=KINDS)


def _origin(request: Request) -> str:
    """The address the request came to; only this machine's own, so that no page can be made to point elsewhere."""
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if _LOOPBACK.fullmatch(host) else "http://127.0.0.1"


def _answer(request: Request, document: Document) -> Response:
    body = document.render()
    if document.built:
        body = body.replace(ORIGIN.encode(), _origin(request).encode())
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(document.modified.astimezone(UTC), usegmt=True),
        "Cache-Control": "no-cache",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
    if not document.built:  # pages of strangers must not act as this origin, where /control is
        headers["Content-Security-Policy"] = "sandbox"
    if _is_known(request.headers, etag, document.modified):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=document.media_type, headers=headers)


def _is_known(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """RFC 9110: If-None-Match decides alone where it is given."""
    if asked := headers.get("if-none-match"):
        return etag in [one.strip().removeprefix("W/") for one in asked.split(",")] or asked.strip() == "*"
    if since := headers.get("if-modified-since"):
        try:
            return parsedate_to_datetime(since) >= modified.replace(microsecond=0)
        except (TypeError, ValueError):
            return False
    return False
