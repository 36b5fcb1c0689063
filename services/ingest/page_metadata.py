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

from lxml.html import HtmlElement

from services.ingest.dates import FoundDate, parse_date
from services.ingest.markup import one_line, paragraphs, plain_text

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
_DATE_CLASS = re.compile(r"(^|[\s_-])(date|time|publish|pubdate|posted|ngay|thoi-?gian|meta)", re.IGNORECASE)
_MAX_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """The fields a page declares."""

    title: str | None = None
    summary: str | None = None
    body: str | None = None
    published_at: datetime | None = None
    published_from: str = "none"
    zone_assumed: bool = False
    updated_at: datetime | None = None
    canonical_url: str | None = None
    language: str | None = None


def read_metadata(tree: HtmlElement, zone: tzinfo) -> PageMetadata:
    """Gather every field by its order of trust."""
    article = _best_article(tree)
    meta = _meta_tags(tree)
    published, origin = _published(tree, article, meta, zone)
    updated = parse_date(_string(article, "dateModified"), zone) or _first_date(meta, _UPDATED_META, zone)
    return PageMetadata(
        title=_title(tree, article, meta),
        summary=_summary(article, meta),
        body=_body(article),
        published_at=published.at if published else None,
        published_from=origin,
        zone_assumed=bool(published and published.zone_assumed),
        updated_at=updated.at if updated else None,
        canonical_url=_canonical(tree, meta),
        language=_language(tree, meta),
    )


# --- JSON-LD -----------------------------------------------------------------------------------------


def _best_article(tree: HtmlElement) -> Mapping[str, Any]:
    """The article node with the most to say; pages also list teasers of other articles."""
    nodes = [node for block in _json_blocks(tree) for node in _article_nodes(block)]
    wanted = ("headline", "datePublished", "articleBody", "description", "mainEntityOfPage")
    return max(nodes, key=lambda node: sum(key in node for key in wanted), default={})


def _json_blocks(tree: HtmlElement) -> Iterator[Any]:
    for script in tree.xpath('//script[contains(@type, "ld+json")]')[:_MAX_BLOCKS]:
        block = load_json_leniently(script.text_content() or "")
        if block is not None:
            yield block


def load_json_leniently(text: str) -> Any:
    """JSON as sites write it: raw newlines, trailing commas, HTML escapes, comment wrappers."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text), html.unescape(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


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
    return paragraphs(html.unescape(body)) if body else None


# --- meta, microdata, visible -------------------------------------------------------------------------


def _meta_tags(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tree.iter("meta"):
        name = tag.get("property") or tag.get("name") or tag.get("itemprop") or ""
        content = one_line(tag.get("content") or "")
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _title(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    headline = _string(article, "headline") or meta.get("og:title") or meta.get("twitter:title")
    if headline:
        return _without_site(plain_text(html.unescape(headline)), meta, tree)
    headings = [one_line(node.text_content()) for node in tree.xpath("//h1")[:3]]
    heading = max(headings, key=len, default="")
    if len(heading) > 10:
        return heading
    page_title = tree.findtext(".//title")
    return _TITLE_SUFFIX.sub("", one_line(page_title)) or None if page_title else heading or None


def _without_site(title: str, meta: Mapping[str, str], tree: HtmlElement) -> str:
    """The title without a trailing site name: when the page names the site, or its heading lacks it."""
    bare = _TITLE_SUFFIX.sub("", title)
    if bare == title:
        return title
    site = meta.get("og:site_name", "").casefold()
    tail = title[len(bare) :].strip(" |-–—·»:").casefold()
    headings = {one_line(node.text_content()) for node in tree.xpath("//h1")[:5]}
    return bare if (site and (tail in site or site in tail)) or bare in headings else title


def _summary(article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    raw = _string(article, "description") or meta.get("og:description") or meta.get("description")
    return plain_text(html.unescape(raw)) or None if raw else None


def _published(
    tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str], zone: tzinfo
) -> tuple[FoundDate | None, str]:
    declared = parse_date(_string(article, "datePublished"), zone)
    if declared:
        return declared, "jsonld"
    tagged = _first_date(meta, _PUBLISHED_META, zone) or _microdata_date(tree, zone)
    if tagged:
        return tagged, "meta"
    visible = _visible_date(tree, zone)
    return (visible, "text") if visible else (None, "none")


def _first_date(meta: Mapping[str, str], names: Iterable[str], zone: tzinfo) -> FoundDate | None:
    return next((found for name in names if (found := parse_date(meta.get(name), zone))), None)


def _microdata_date(tree: HtmlElement, zone: tzinfo) -> FoundDate | None:
    nodes = tree.xpath('//*[@itemprop="datePublished"] | //article//time[@datetime] | //time[@pubdate or @datetime]')
    for node in nodes[:5]:
        raw = node.get("datetime") or node.get("content") or node.text_content()
        if found := parse_date(raw, zone):
            return found
    return None


def _visible_date(tree: HtmlElement, zone: tzinfo) -> FoundDate | None:
    """A date in an element whose class says so, before looking anywhere else."""
    for node in tree.xpath("//*[@class]")[:3000]:
        if node.tag in ("span", "p", "div", "time", "li", "em") and _DATE_CLASS.search(node.get("class", "")):
            text = one_line(node.text_content()[:400])
            if 6 <= len(text) <= 120 and (found := parse_date(text, zone)):
                return found
    return None


def _canonical(tree: HtmlElement, meta: Mapping[str, str]) -> str | None:
    links = tree.xpath('//link[translate(@rel, "CANONIL", "canonil")="canonical"]/@href')
    candidates = [str(link).strip() for link in links[:1]] + [meta.get("og:url", "")]
    return next((link for link in candidates if re.match(r"https?://[^/]+", link, re.I)), None)


def _language(tree: HtmlElement, meta: Mapping[str, str]) -> str | None:
    raw = tree.get("lang") or meta.get("og:locale") or meta.get("content-language") or ""
    code = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", raw.strip())
    return code[0].lower() if code else None
