"""Sitemaps, sitemap indexes and news sitemaps, plain or gzipped."""

import re
from datetime import tzinfo
from typing import Any

from lxml import etree

from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable, ParsedDocument
from services.ingest.dates import assumed_zone, parse_date
from services.ingest.markup import BombError, mend_references, one_line, unpack, xml_parser

MAX_BYTES = 50 * 1024 * 1024
MAX_LOCATIONS = 50_000


@SOURCE_KINDS.register("sitemap")
class Sitemap:
    """A list of pages; the news form also gives each page's title and date."""

    @staticmethod
    def parse(
        data: bytes,
        *,
        content_type: str | None = None,
        url: str | None = None,
        language: str | None = None,
    ) -> ParsedDocument:
        try:
            return _read(data, url, language)
        except UnicodeDecodeError as error:  # libxml2 hands on what it recovered as it stood
            raise NotParsable("Sơ đồ trang không phải XML", "the sitemap is not XML") from error


def _read(data: bytes, url: str | None, language: str | None) -> ParsedDocument:
    root = _root(mend_references(_unpacked(data)))
    match _local(root):
        case "urlset":
            zone = assumed_zone(language=language, url=url)
            entries = [entry for node in _children(root, "url") if (entry := _entry(node, zone))]
            return ParsedDocument(form="sitemap", language=language, entries=entries)
        case "sitemapindex":
            parts = sorted(_children(root, "sitemap"), key=_lastmod, reverse=True)
            links = [link for node in parts if (link := _text(node, "loc"))]
            return ParsedDocument(form="sitemapindex", language=language, links=links)
        case other:
            raise NotParsable(
                f"Đây không phải sơ đồ trang (phần tử gốc: {other})",
                f"this is not a sitemap (root element: {other})",
            )


def _unpacked(data: bytes) -> bytes:
    try:
        body = unpack(data, MAX_BYTES)
    except BombError as error:
        raise NotParsable("Sơ đồ trang nén vượt quá giới hạn", "the sitemap unpacks past the limit") from error
    except ValueError as error:
        raise NotParsable("Sơ đồ trang nén bị hỏng", "the compressed sitemap is broken") from error
    return body


def _root(data: bytes) -> etree._Element:
    try:
        root = etree.fromstring(data.strip(), xml_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotParsable("Sơ đồ trang không phải XML", "the sitemap is not XML") from error
    if root is None:  # the recovering parser's answer to text without a single element
        raise NotParsable("Sơ đồ trang không phải XML", "the sitemap is not XML")
    return root


def _local(node: etree._Element) -> str:
    tag: Any = node.tag  # a function, not a name, for what is no element
    # Cut by hand: what the recovering parser takes for a name, QName may refuse.
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _children(root: etree._Element, name: str) -> list[etree._Element]:
    return [node for node in root if _local(node) == name][:MAX_LOCATIONS]


def _text(node: etree._Element, *path: str) -> str | None:
    """Text of the first descendant along a path of local names; namespaces are often wrong."""
    for name in path:
        found = next((child for child in node if _local(child) == name), None)
        if found is None:
            return None
        node = found
    return one_line(node.text or "") or None


def _lastmod(node: etree._Element) -> str:
    return _text(node, "lastmod") or ""


def _entry(node: etree._Element, zone: tzinfo) -> Entry | None:
    link = _text(node, "loc")
    if link is None or not re.match(r"https?://", link, re.IGNORECASE):
        return None
    dated = parse_date(_text(node, "news", "publication_date"), zone)
    changed = parse_date(_text(node, "lastmod"), zone)
    return Entry(
        id=link,
        title=_text(node, "news", "title"),
        link=link,
        published_at=dated.at if dated else None,
        published_from="feed" if dated else "none",
        # `lastmod` is often the time of the crawl, so it never stands for the date of publication.
        updated_at=changed.at if changed else None,
        zone_assumed=bool(dated and dated.zone_assumed),
        language=_text(node, "news", "publication", "language"),
    )
