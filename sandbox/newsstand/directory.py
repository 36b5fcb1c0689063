"""Any directory of feed files and article pages as an edition. The bytes are served as they are.

What a file is, is read from its content: real collections name their files anyhow.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.newsstand import render
from sandbox.newsstand.archives import read_files
from sandbox.newsstand.edition import Document, Edition, Source
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.words import clean, slug

PAGES_PER_SITEMAP = 60
"""As many as one poll of a source fetches."""
PAGE_SOURCES = 40
"""So many pages are watched by themselves, which brings them in under the address they name as their own; the
rest come in through a sitemap, under the address they have here."""
_LOOKS = 64 * 1024
_LEAD = re.compile(
    r"(?:[\s\ufeff]++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+", re.DOTALL | re.IGNORECASE
)
"""What may stand before the first element; it never goes back over what it has read."""
_ROOT = re.compile(r"<(?:\w+:)?(rss|feed|rdf|urlset|sitemapindex)\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?://(?:www\.)?jsonfeed\.org/version/')
_TITLE = re.compile(r"<title[^>]*>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</title>", re.DOTALL | re.IGNORECASE)
_ITEMS = {
    "feed": re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]"),
    "sitemap": re.compile(rb"<(?:\w+:)?(?:url|sitemap)[\s>]"),
}
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_CANONICAL = re.compile(r"""\brel\s*=\s*["']?canonical\b""", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*["']?\s*([^"'\s>]+)""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_MEDIA_TYPES = {"feed": "application/xml", "sitemap": "application/xml", "page": "text/html"}


def kind_of(data: bytes) -> str | None:
    """`feed`, `sitemap` or `page`; None for anything else."""
    head = _decoded(data)
    if head.lstrip("\ufeff \t\r\n").startswith("{"):
        return "feed" if _JSON_FEED.search(data) else None
    lead = _LEAD.match(head)
    if root := _ROOT.match(head, lead.end() if lead else 0):
        return "sitemap" if root[1].lower() in ("urlset", "sitemapindex") else "feed"
    # Prose and JSON that only quote a page begin otherwise.
    return "page" if head.lstrip("\ufeff \t\r\n").startswith("<") and _PAGE.search(head) else None


def _decoded(data: bytes) -> str:
    head = data[:_LOOKS]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8", "replace")


def directory_edition(path: Path, now: datetime, limit: int) -> Edition:
    documents: dict[str, Document] = {}
    sources: list[Source] = []
    pages: list[str] = []
    watched: list[Source] = []
    ignored: list[str] = []
    for number, (name, data) in enumerate(read_files(path, limit)):
        kind = kind_of(data)
        if kind is None:
            ignored.append(name)
            continue
        served = f"tep/{number:05d}-{slug(name.rpartition('/')[2])}"
        media_type = "application/feed+json" if data.lstrip()[:1] == b"{" else _MEDIA_TYPES[kind]
        documents[served] = Document(media_type, partial(bytes, data), now, built=False)
        if kind != "page":
            sources.append(Source(_name(data, name), kind, "press", served, _count(data, kind)))
        elif len(watched) < PAGE_SOURCES and _stands_elsewhere(data):
            watched.append(Source(_name(data, name), kind, "press", served, 1, poll_seconds=3600))
        else:
            pages.append(served)
    sources = _distinct([*sources, *watched, *_listed(documents, pages, now)])
    if not sources:
        raise NewsstandError(
            f"{path}: không thấy tệp feed hay trang HTML nào ({len(ignored)} tệp khác).",
            f"{path}: neither feeds nor HTML pages ({len(ignored)} other files).",
        )
    return Edition(f"Phát lại: {path.name}", "dir", False, now, sources, documents, ignored=ignored)


def _name(data: bytes, name: str) -> str:
    """The feed's own title with the file's name, so that it is both known and unique."""
    found = _TITLE.search(_decoded(data))
    title = clean(unescape(_TAG.sub("", found[1]))) if found else ""
    return f"{' '.join(title.split())[:90]} · {name}"[-195:].strip(" ·") if title else name[-195:]


def _distinct(sources: Iterable[Source]) -> list[Source]:
    """An archive may hold a name twice; ingest knows a source by its name."""
    made: dict[str, Source] = {}
    for number, source in enumerate(sources, 1):
        name = source.name if source.name not in made else f"{source.name[:185]} #{number}"
        made[name] = replace(source, name=name)
    return list(made.values())


def _count(data: bytes, kind: str) -> int:
    """How many items a feed announces; for the index only, so a rough reading will do."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return len(_ITEMS[kind].findall(data.replace(b"\x00", b"")))
    try:
        items = json.loads(data).get("items")
    except (ValueError, RecursionError):
        return 0
    return len(items) if isinstance(items, list) else 0


def _stands_elsewhere(data: bytes) -> bool:
    """Whether a page names an address in the world as its own."""
    link = next((one[0] for one in _LINK.finditer(_decoded(data)) if _CANONICAL.search(one[0])), "")
    href = _HREF.search(link)
    try:
        parts = urlsplit(href[1] if href else "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _listed(documents: dict[str, Document], pages: Sequence[str], now: datetime) -> list[Source]:
    """Sitemaps that lead to the pages, each small enough for one reading."""
    made = []
    for number, start in enumerate(range(0, len(pages), PAGES_PER_SITEMAP), 1):
        part, path = pages[start : start + PAGES_PER_SITEMAP], f"trang-{number}.xml"
        drawn = partial(render.template, "sitemap.xml", paths=part)
        documents[path] = Document("application/xml", drawn, now)
        made.append(Source(f"Các trang HTML, phần {number}", "sitemap", "press", path, len(part)))
    return made
