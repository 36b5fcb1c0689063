"""Any directory of feed files and article pages as an edition. The bytes are served as they are.

What a file is, is read from its content: real collections name their files anyhow.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from sandbox.newsstand import render
from sandbox.newsstand.archives import read_files
from sandbox.newsstand.edition import Document, Edition, Source
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.words import clean, slug

PAGES_PER_SITEMAP = 200
_LOOKS = 64 * 1024
_SKIPPED = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"\s*<(?:\w+:)?(rss|feed|rdf|urlset|sitemapindex)\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?://(?:www\.)?jsonfeed\.org/version/')
_TITLE = re.compile(r"<title[^>]*>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</title>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_MEDIA_TYPES = {"feed": "application/xml", "sitemap": "application/xml", "page": "text/html"}


def kind_of(data: bytes) -> str | None:
    """`feed`, `sitemap` or `page`; None for anything else."""
    head = _decoded(data)
    if head.lstrip("\ufeff \t\r\n").startswith("{"):
        return "feed" if _JSON_FEED.search(head) else None
    if root := _ROOT.match(_SKIPPED.sub("", head).lstrip("\ufeff")):
        return "sitemap" if root[1].lower() in ("urlset", "sitemapindex") else "feed"
    return "page" if _PAGE.search(head) else None


def _decoded(data: bytes) -> str:
    head = data[:_LOOKS]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8", "replace")


def directory_edition(path: Path, now: datetime, limit: int) -> Edition:
    documents: dict[str, Document] = {}
    sources: list[Source] = []
    pages: list[str] = []
    ignored: list[str] = []
    for number, (name, data) in enumerate(read_files(path, limit)):
        kind = kind_of(data)
        if kind is None:
            ignored.append(name)
            continue
        served = f"tep/{number:05d}-{slug(name.rpartition('/')[2])}"
        media_type = "application/feed+json" if data.lstrip()[:1] == b"{" else _MEDIA_TYPES[kind]
        documents[served] = Document(media_type, partial(bytes, data), now, built=False)
        if kind == "page":
            pages.append(served)
        else:
            sources.append(Source(_name(data, name), kind, "press", served, 0))
    sources += _listed(documents, pages, now)
    if not sources:
        raise NewsstandError(
            f"{path}: không thấy tệp feed hay trang HTML nào ({len(ignored)} tệp khác).",
            f"{path}: neither feeds nor HTML pages ({len(ignored)} other files).",
        )
    return Edition(f"Phát lại: {path.name}", "dir", False, now, sources, documents, ignored=ignored)


def _name(data: bytes, name: str) -> str:
    """The feed's own title with the file's name, so that it is both known and unique."""
    found = _TITLE.search(_decoded(data))
    title = clean(_TAG.sub("", found[1])) if found else ""
    return f"{' '.join(title.split())[:90]} · {name}"[-195:].strip(" ·") if title else name[-195:]


def _listed(documents: dict[str, Document], pages: Sequence[str], now: datetime) -> list[Source]:
    """Sitemaps that lead to the pages, each small enough for one reading."""
    made = []
    for number, start in enumerate(range(0, len(pages), PAGES_PER_SITEMAP), 1):
        part, path = pages[start : start + PAGES_PER_SITEMAP], f"trang-{number}.xml"
        drawn = partial(render.template, "sitemap.xml", paths=part)
        documents[path] = Document("application/xml", drawn, now)
        made.append(Source(f"Các trang HTML, phần {number}", "sitemap", "press", path, len(part)))
    return made
