"""RSS 0.9x to 2.0, RDF, Atom and JSON Feed."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from time import struct_time
from typing import Any
from urllib.parse import urljoin

import feedparser

from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable, ParsedDocument
from services.ingest.adapters.jsonfeed import looks_like_json, parse_json_feed
from services.ingest.adapters.plainfeed import MAX_ENTRIES, read_plain
from services.ingest.dates import FoundDate, assumed_zone, has_zone, in_utc, parse_date
from services.ingest.markup import (
    BombError,
    as_utf8,
    decode,
    html_tree,
    one_line,
    paragraphs,
    plain_text,
    told_as_text,
    unpack,
)

MAX_BYTES = 16 * 1024 * 1024
MAX_TAGS = 120_000
"""Tags that the general reader takes on: about a second of it; ten thousand entries have fewer."""

_LEAD = re.compile(rb"\s*(?:<\?.{0,2000}?\?>|<!--.{0,20000}?-->|<!(?!DOCTYPE)[^>]{0,500}>|\s)*", re.DOTALL)
_DOCTYPE = re.compile(rb"<!DOCTYPE\s+(\w+)[^>\[]{0,1000}(\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_UNSAFE_LINK = re.compile(r"\s*(?:javascript|vbscript|data|file|blob):", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_FEED_ROOTS = frozenset({"rss", "feed", "rdf"})
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,300}", re.IGNORECASE)


@SOURCE_KINDS.register("feed")
class Feed:
    """Any news feed; told by its content, since servers name the type wrongly."""

    @staticmethod
    def parse(
        data: bytes,
        *,
        content_type: str | None = None,
        url: str | None = None,
        language: str | None = None,
    ) -> ParsedDocument:
        data = _unpacked(data)
        if (readable := as_utf8(data, content_type)) is not data:
            data, content_type = readable, None
        if looks_like_json(data):
            return parse_json_feed(data, url=url, language=language)
        if plain := read_plain(data, content_type=content_type, url=url, language=language):
            return plain
        root = root_name(data)
        if root == "html":
            raise _a_page(data, content_type, url)
        return _read_xml(without_entities(data), root, content_type, url, language)


def _a_page(data: bytes, content_type: str | None, url: str | None) -> NotParsable:
    """What to tell who registered a page as a feed: pages often name their feed, so say which."""
    named = _advertised_feed(decode(data[:262144], content_type), url)
    vi, en = "Đây là trang HTML, không phải nguồn tin RSS, Atom hay JSON Feed", "this is an HTML page, not a feed"
    if named is None:
        return NotParsable(vi, en)
    return NotParsable(f"{vi}. Trang này giới thiệu nguồn tin tại {named}", f"{en}; it names {named} as its feed")


def _advertised_feed(markup: str, url: str | None) -> str | None:
    tree = html_tree(markup)
    for link in () if tree is None else tree.iter("link"):
        kind, address = (link.get("type") or "").strip().lower(), (link.get("href") or "").strip()
        if kind in _FEED_TYPES and "alternate" in (link.get("rel") or "").lower().split():
            try:
                found = str(urljoin(url or "", address))
            except ValueError:
                continue
            if _WEB_ADDRESS.fullmatch(found):
                return found
    return None


def _unpacked(data: bytes) -> bytes:
    try:
        body = unpack(data, MAX_BYTES)
    except BombError as error:
        raise NotParsable("Nguồn tin nén vượt quá giới hạn", "the feed unpacks past the limit") from error
    except ValueError as error:
        raise NotParsable("Nguồn tin nén bị hỏng", "the compressed feed is broken") from error
    if len(body) > MAX_BYTES:
        raise NotParsable("Nguồn tin vượt quá giới hạn dung lượng", "the feed is over the size limit")
    if not body.strip():
        raise NotParsable("Nguồn tin trống", "the feed is empty")
    return body


def root_name(data: bytes) -> str | None:
    """The local name of the first element, lower case; None where there is none near the start."""
    head = data[:65536]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head[:4]:
        head = head.replace(b"\x00", b"")
    head = head.lstrip(b"\xef\xbb\xbf\xff\xfe")
    start = _LEAD.match(head)
    rest = head[start.end() :] if start else head
    doctype = _DOCTYPE.match(rest)
    found = _ROOT.search(rest, doctype.end() if doctype else 0)
    name = found[2].decode("ascii", "replace").lower() if found else None
    # Some programs write the DOCTYPE of a page before a feed.
    is_page = doctype is not None and doctype[1].lower() == b"html" and name not in _FEED_ROOTS
    return "html" if is_page else name


def without_entities(data: bytes) -> bytes:
    """The document without entity declarations, from which expansion attacks are made; in one walk, since the
    document may be nothing but unfinished declarations."""
    kept, at = bytearray(), 0
    while found := _ENTITY.search(data, at):
        kept += data[at : found.start()]
        end = data.find(b">", found.end())
        if end < 0:
            return bytes(kept)
        at = end + 1
    return bytes(kept) + data[at:] if at else data


def _read_xml(
    data: bytes, root: str | None, content_type: str | None, url: str | None, language: str | None
) -> ParsedDocument:
    headers = {"content-type": content_type or "application/xml"}
    if url:
        headers["content-location"] = url
    if data.count(b"<") > MAX_TAGS:
        raise NotParsable("Nguồn tin có quá nhiều phần tử", "the feed has too many elements")
    parsed = _feedparser(data, headers)
    if not parsed.entries and not parsed.version:
        raise NotParsable(
            f"Không nhận ra định dạng nguồn tin (phần tử gốc: {root or 'không có'})",
            f"not a known feed format (root element: {root or 'none'})",
        )
    channel = parsed.feed
    spoken = language or _text(channel, "language")
    zone = assumed_zone(language=spoken, url=url or _text(channel, "link"))
    entries = [_entry(raw, zone) for raw in parsed.entries[:MAX_ENTRIES]]
    return ParsedDocument(
        form=parsed.version or "unknown",
        title=_one_line_of(channel, "title"),
        language=spoken,
        entries=entries,
        links=_hubs(channel),
        ttl_seconds=_ttl(channel),
        warning=_warning(parsed),
    )


def _feedparser(data: bytes, headers: dict[str, str]) -> Any:
    try:
        # Never the bytes themselves: the library would first try them as the path of a file of ours.
        return feedparser.parse(BytesIO(data), response_headers=headers)
    except Exception as error:  # the parser meets bytes of strangers: whatever breaks it is their document
        raise NotParsable("Không đọc được nguồn tin", "the feed cannot be read") from error


def _warning(parsed: Any) -> str | None:
    if not parsed.bozo:
        return None
    return f"XML không chuẩn, đã đọc phần đọc được (not well-formed: {type(parsed.bozo_exception).__name__})"


def _entry(raw: Mapping[str, Any], zone: tzinfo) -> Entry:
    published = _date(raw, "published", zone)
    # The library answers "updated" with the published date when there is none, and warns: ask first.
    updated = _date(raw, "updated", zone) if "updated" in raw else None
    dated = published or updated or _date(raw, "created", zone)
    content = _content(raw)
    return Entry(
        id=_text(raw, "id"),
        title=_one_line_of(raw, "title"),
        link=_link(raw),
        summary=_one_line_of(raw, "summary"),
        content=content,
        published_at=dated.at if dated else None,
        published_from="feed" if dated else "none",
        updated_at=updated.at if updated else None,
        zone_assumed=bool(dated and dated.zone_assumed),
    )


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return one_line(value) or None if isinstance(value, str) else None


def _one_line_of(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if not isinstance(value, str):
        return None
    kind = (raw.get(f"{key}_detail") or {}).get("type", "text/html")
    return (told_as_text(value) if kind == "text/plain" else plain_text(value)) or None


def _content(raw: Mapping[str, Any]) -> str | None:
    parts = [part for part in raw.get("content") or () if isinstance(part.get("value"), str)]
    texts = [part["value"] if part.get("type") == "text/plain" else paragraphs(part["value"]) for part in parts]
    return max(texts, key=len, default="") or None


def _link(raw: Mapping[str, Any]) -> str | None:
    link = _text(raw, "link")
    return None if link and _UNSAFE_LINK.match(link) else link


def _date(raw: Mapping[str, Any], key: str, zone: tzinfo) -> FoundDate | None:
    text = raw.get(key)
    moment = raw.get(f"{key}_parsed")
    written = text if isinstance(text, str) else ""
    if not isinstance(moment, struct_time):
        return parse_date(written, zone)
    try:
        at = datetime(*moment[:6], tzinfo=UTC)
    except ValueError:
        return None
    return FoundDate(at, False) if has_zone(written) else in_utc(at.replace(tzinfo=None), zone)


def _hubs(channel: Mapping[str, Any]) -> list[str]:
    links = channel.get("links") or ()
    return [link["href"] for link in links if link.get("rel") in ("hub", "self", "next") and link.get("href")]


def _ttl(channel: Mapping[str, Any]) -> int | None:
    raw = _text(channel, "ttl")
    return min(int(raw), 10080) * 60 if raw and raw.isdigit() and len(raw) < 8 else None
