"""Articles in JSON Lines as an edition: one outlet for each source named, full-text feeds, nothing left out."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.newsstand import render
from sandbox.newsstand.archives import lines_of
from sandbox.newsstand.edition import MAX_FEED_ENTRIES, Document, Edition, Source
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.render import HANOI, Article, Site
from sandbox.newsstand.words import clean, slug

_TEXT = ("text", "body", "content", "content_text")
_AT = ("published_at", "published", "date_published", "date", "pubDate")
_OUTLET = ("source", "outlet", "publisher", "site")
"""Never a byline: collections put writers' names into fields like `source_name`."""
_URL = ("url", "link")


class _Refused(ValueError):
    """Why a row can't be an article."""


def articles_edition(path: Path, now: datetime, limit: int) -> Edition:
    outlets: dict[str, list[Article]] = defaultdict(list)
    ignored: list[str] = []
    for number, line in lines_of(path, limit):
        if not line.strip():
            continue
        try:
            outlet, article = _read(line, number)
        except (ValueError, RecursionError) as error:
            ignored.append(f"dòng {number}: {error}")
            continue
        outlets[outlet].append(article)
    if not outlets:
        first = f" {ignored[0]}" if ignored else ""
        raise NewsstandError(f"{path}: không có bài nào đọc được.{first}", f"{path}: no article can be read.")
    documents: dict[str, Document] = {}
    sources: list[Source] = []
    for number, outlet in enumerate(sorted(outlets), 1):
        folder = slug(outlet)
        if f"{folder}/" in documents:  # "A B" and "A-B" are two outlets
            folder = f"{folder}-{number}"
        sources += _add_outlet(documents, Site(folder, outlet, full_text=True), outlets[outlet], now)
    return Edition(f"Phát lại: {path.name}", "articles", False, now, sources, documents, ignored=ignored)


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((clean(str(row[name])) for name in names if row.get(name)), "")


def _read(line: bytes, number: int) -> tuple[str, Article]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise _Refused("không phải một đối tượng JSON")
    title, text = clean(str(row.get("title") or "")), _first(row, _TEXT)
    if not title or not text:
        raise _Refused("thiếu title hoặc text")
    url = _first(row, _URL)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        url = ""
    outlet = (_first(row, _OUTLET) or parts.hostname or "Không rõ nguồn")[:180]
    path = f"{slug(outlet)}/{number:06d}-{slug(title)}.html"
    return outlet, Article(path, title, "", text, _instant(_first(row, _AT)), url=url)


def _instant(written: str) -> datetime | None:
    """ISO 8601; without a zone it is local time, as Vietnamese sites write it."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _Refused(f"thời điểm không đọc được: {written[:40]}") from None
    return (at if at.tzinfo else at.replace(tzinfo=HANOI)).astimezone(UTC)


def _add_outlet(documents: dict[str, Document], site: Site, articles: Sequence[Article], now: datetime) -> list[Source]:
    """Feeds of at most MAX_FEED_ENTRIES each, newest first, and a page for each article without an address."""
    ordered = sorted(articles, key=lambda a: a.published or now, reverse=True)
    html = "text/html; charset=utf-8"
    for article in ordered:
        if not article.url:
            page = partial(render.article_page, site, article, [])
            documents[article.path] = Document(html, page, article.published or now)
    sources, feeds = [], []
    for number, start in enumerate(range(0, len(ordered), MAX_FEED_ENTRIES), 1):
        part, path = ordered[start : start + MAX_FEED_ENTRIES], f"{site.slug}/rss-{number}.xml"
        documents[path] = Document("application/rss+xml; charset=utf-8", partial(render.rss, site, part, path), now)
        feeds.append(path)
        name = site.name if len(ordered) <= MAX_FEED_ENTRIES else f"{site.name} ({number})"
        sources.append(Source(name, "feed", "press", path, len(part)))
    front = partial(render.site_page, site, ordered[:MAX_FEED_ENTRIES], feeds)
    documents[f"{site.slug}/"] = Document(html, front, now)
    return sources
