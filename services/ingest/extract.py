"""Article pages to text, title, summary and date, each with where it came from."""

import codecs
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import trafilatura
from lxml.html import HtmlElement

from libs.common.text import nfc
from services.ingest.dates import assumed_zone
from services.ingest.markup import clean, decode, html_tree_of, is_wide, paragraphs, printable
from services.ingest.page_bounds import bounded
from services.ingest.page_metadata import PageMetadata, read_metadata
from services.ingest.page_scan import PageScan, scan_page

MAX_BYTES = 8 * 1024 * 1024
MAX_TEXT = 200_000

# The library logs each page that has nothing to extract; ours is the one voice about that.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Article:
    """What could be read off a page. Fields that could not are None, never guessed."""

    title: str | None = None
    text: str = ""
    summary: str | None = None
    published_at: datetime | None = None
    published_from: str = "none"
    zone_assumed: bool = False
    updated_at: datetime | None = None
    canonical_url: str | None = None
    language: str | None = None


def extract_article(
    data: bytes,
    *,
    content_type: str | None = None,
    url: str | None = None,
    language: str | None = None,
) -> Article:
    """Read a page. Anything at all may come in; a page without an article gives an empty one."""
    return read_article(utf8_page(data, content_type), url=url, language=language)


def utf8_page(data: bytes, content_type: str | None = None) -> bytes:
    """The page in UTF-8, whatever it came in; cut where it is longer than any article."""
    data = data[:MAX_BYTES].removeprefix(codecs.BOM_UTF8)
    with suppress(UnicodeDecodeError):
        if not is_wide(data):
            data.decode()
            return data
    return decode(data, content_type).encode("utf-8", "replace")


def read_article(page: bytes, *, url: str | None = None, language: str | None = None) -> Article:
    """Read a page in UTF-8 the general way: the tree of the whole page, and what stands out in it as its text."""
    tree = html_tree_of(bounded(printable(nfc(page.decode("utf-8", "replace"))).encode()))
    if tree is None:
        return Article()
    fields = read_fields(page, scan_page(page), url=url, language=language)
    return article_of(fields, _extract(tree) or "")


def read_fields(page: bytes, scan: PageScan, *, url: str | None, language: str | None) -> PageMetadata:
    """What the page says of itself; `scan` is what was seen of it."""
    spoken = language or scan.html.get("lang")
    return read_metadata(page, scan, assumed_zone(language=spoken, url=url))


def article_of(page: PageMetadata, found: str) -> Article:
    """The fields of a page with the text found in it."""
    # Where the boilerplate remover kept a fraction of what the page declares, the declaration is right.
    declared = paragraphs(page.body) if page.body and len(page.body) > 2 * len(found) else ""
    return Article(
        title=page.title,
        text=clean(declared if len(declared) > 2 * len(found) else found)[:MAX_TEXT],
        summary=page.summary,
        published_at=page.published_at,
        published_from=page.published_from,
        zone_assumed=page.zone_assumed,
        updated_at=page.updated_at,
        canonical_url=page.canonical_url,
        language=page.language,
    )


def _extract(tree: HtmlElement) -> str | None:
    try:
        return trafilatura.extract(tree, include_comments=False, with_metadata=False)
    except Exception:  # pages of strangers: one that breaks the library has no text, and stops nothing
        return None
