"""Article pages to text, title, summary and date, each with where it came from."""

import logging
from dataclasses import dataclass
from datetime import datetime

import trafilatura
from lxml.html import HtmlElement

from services.ingest.dates import assumed_zone
from services.ingest.markup import clean, decode, html_tree
from services.ingest.page_metadata import PageMetadata, read_metadata

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
    tree = html_tree(decode(data[:MAX_BYTES], content_type))
    if tree is None:
        return Article()
    spoken = language or tree.get("lang")
    page = read_metadata(tree, assumed_zone(language=spoken, url=url))
    return Article(
        title=page.title,
        text=_main_text(tree, page),
        summary=page.summary,
        published_at=page.published_at,
        published_from=page.published_from,
        zone_assumed=page.zone_assumed,
        updated_at=page.updated_at,
        canonical_url=page.canonical_url,
        language=page.language,
    )


def _main_text(tree: HtmlElement, page: PageMetadata) -> str:
    found = _extract(tree) or ""
    declared = page.body or ""
    # Where the boilerplate remover kept a fraction of what the page declares, the declaration is right.
    text = declared if len(declared) > 2 * len(found) else found
    return clean(text)[:MAX_TEXT]


def _extract(tree: HtmlElement) -> str | None:
    try:
        return trafilatura.extract(tree, include_comments=False, with_metadata=False)
    except Exception:  # pages of strangers: one that breaks the library has no text, and stops nothing
        return None
