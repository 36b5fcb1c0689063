"""What an article page says about itself: JSON-LD, OpenGraph, microdata, meta and time elements.

Names of people are never read. Each field comes from the first place that gives it, and dates carry
where they came from, because a date read off the text is worth less than one in JSON-LD.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from libs.common.models.enums import DateProvenance
from services.ingest.dates import FoundDate, parse_date
from services.ingest.markup import one_line, plain_text
from services.ingest.page_dates import microdata_date, visible_date
from services.ingest.page_scan import PageScan

_ARTICLE_TYPES = re.compile(r"(Article|BlogPosting|Report|LiveBlogPosting|NewsItem)$")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_PUBLISHED_META = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "pubdate",
    "publishdate", "publish-date", "publication_date", "date_published", "parsely-pub-date", "sailthru.date",
    "its_publication", "article.published", "published-date", "dc.date.issued", "dcterms.created",
    "dc.date.created", "dcterms.issued", "dcterms.date", "dc.date", "cxenseparse:recs:publishtime", "date",
)  # fmt: skip
_UPDATED_META = ("article:modified_time", "og:updated_time", "datemodified", "lastmod", "last-modified")
_TITLE_SUFFIX = re.compile(r"\s+[|\-–—·»:]\s+[^|\-–—·»]{2,40}$")


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """The fields a page declares. `body` may hold markup."""

    title: str | None = None
    summary: str | None = None
    body: str | None = None
    published_at: datetime | None = None
    published_from: str = "none"
    zone_assumed: bool = False
    updated_at: datetime | None = None
    canonical_url: str | None = None
    language: str | None = None


def read_metadata(page: bytes, scan: PageScan, zone: tzinfo) -> PageMetadata:
    """Gather every field of a page in UTF-8 by its order of trust; `scan` is what `scan_page` found in it."""
    article = _best_article(scan.blocks)
    meta = meta_tags(scan.metas)
    published, origin = _published(page, article, meta, zone)
    updated = parse_date(_string(article, "dateModified"), zone) or _first_date(meta, _UPDATED_META, zone)
    return PageMetadata(
        title=_title(scan, article, meta),
        summary=_summary(article, meta),
        body=_body(article),
        published_at=published.at if published else None,
        published_from=origin,
        zone_assumed=bool(published and published.zone_assumed),
        updated_at=updated.at if updated else None,
        canonical_url=canonical_of(scan, meta),
        language=_language(scan, meta),
    )


# --- JSON-LD -----------------------------------------------------------------------------------------


def _best_article(blocks: Iterable[str]) -> Mapping[str, Any]:
    """The article node with the most to say; pages also list teasers of other articles."""
    loaded = [block for text in blocks if (block := load_json_leniently(text)) is not None]
    nodes = [node for block in loaded for node in _article_nodes(block)]
    wanted = ("headline", "datePublished", "articleBody", "description", "mainEntityOfPage")
    return max(nodes, key=lambda node: sum(key in node for key in wanted), default={})


def load_json_leniently(text: str) -> Any:
    """JSON as sites write it: raw newlines, trailing commas, HTML escapes, comment wrappers."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    for mended in (str, _without_trailing_commas, html.unescape):
        try:
            return json.loads(mended(text), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def _article_nodes(block: Any) -> Iterator[Mapping[str, Any]]:
    stack, seen = [(block, 0)], 0
    while stack and seen < 500:
        node, depth = stack.pop()
        seen += 1
        if isinstance(node, list):
            stack.extend((item, depth + 1) for item in reversed(node))
        elif isinstance(node, dict):
            if any(_ARTICLE_TYPES.search(name) for name in _type_names(node)):
                yield node
            if depth < 4:
                stack.extend((node[key], depth + 1) for key in ("@graph", "mainEntity") if key in node)


def _type_names(node: Mapping[str, Any]) -> Iterable[str]:
    names = node.get("@type")
    return [name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)]


def _string(node: Mapping[str, Any], key: str) -> str | None:
    value = node.get(key)
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) and value.strip() else None


def _body(article: Mapping[str, Any]) -> str | None:
    body = _string(article, "articleBody")
    return html.unescape(body) if body else None


# --- meta, microdata, visible -------------------------------------------------------------------------


def meta_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Meta elements by their name, lower case; the first of a name stands."""
    found: dict[str, str] = {}
    for tag in tags:
        name = tag.get("property") or tag.get("name") or tag.get("itemprop") or ""
        if name and (content := one_line(tag.get("content") or "")):
            found.setdefault(name.strip().lower(), content)
    return found


def _title(scan: PageScan, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    headline = _string(article, "headline") or meta.get("og:title") or meta.get("twitter:title")
    if headline:
        return _without_site(plain_text(html.unescape(headline)), meta, scan.headings)
    heading = max(scan.headings[:3], key=len, default="")
    if len(heading) > 10:
        return heading
    return _TITLE_SUFFIX.sub("", scan.title) or None if scan.title else heading or None


def _without_site(title: str, meta: Mapping[str, str], headings: Iterable[str]) -> str:
    """The title without a trailing site name: when the page names the site, or its heading lacks it."""
    bare = _TITLE_SUFFIX.sub("", title)
    if bare == title:
        return title
    site = meta.get("og:site_name", "").casefold()
    tail = title[len(bare) :].strip(" |-–—·»:").casefold()
    return bare if (site and (tail in site or site in tail)) or bare in headings else title


def _summary(article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    raw = _string(article, "description") or meta.get("og:description") or meta.get("description")
    return plain_text(html.unescape(raw)) or None if raw else None


def _published(
    page: bytes, article: Mapping[str, Any], meta: Mapping[str, str], zone: tzinfo
) -> tuple[FoundDate | None, str]:
    declared = parse_date(_string(article, "datePublished"), zone)
    if declared:
        return declared, DateProvenance.JSONLD
    tagged = _first_date(meta, _PUBLISHED_META, zone) or microdata_date(page, zone)
    if tagged:
        return tagged, DateProvenance.META
    visible = visible_date(page, zone)
    return (visible, DateProvenance.TEXT) if visible else (None, DateProvenance.NONE)


def _first_date(meta: Mapping[str, str], names: Iterable[str], zone: tzinfo) -> FoundDate | None:
    return next((found for name in names if (found := parse_date(meta.get(name), zone))), None)


def canonical_of(scan: PageScan, meta: Mapping[str, str]) -> str | None:
    """The address a page names as its own."""
    links = [link.get("href", "") for link in scan.links if link.get("rel", "").strip().lower() == "canonical"]
    candidates = [link.strip() for link in links[:1]] + [meta.get("og:url", "")]
    return next((link for link in candidates if re.match(r"https?://[^/]+", link, re.I)), None)


def _language(scan: PageScan, meta: Mapping[str, str]) -> str | None:
    raw = scan.html.get("lang") or meta.get("og:locale") or meta.get("content-language") or ""
    code = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", raw.strip())
    return code[0].lower() if code else None
