"""JSON Feed 1.0 and 1.1, read for the feed kind."""

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from services.ingest.adapters.base import Entry, NotParsable, ParsedDocument
from services.ingest.dates import assumed_zone, parse_date
from services.ingest.markup import decode, one_line, paragraphs, plain_text

MAX_ITEMS = 2000


def looks_like_json(data: bytes) -> bool:
    """True when the first sign of the document is an opening brace."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def parse_json_feed(data: bytes, *, url: str | None, language: str | None) -> ParsedDocument:
    """Read a JSON Feed; raises NotParsable for other JSON."""
    feed = _load(data)
    items = feed.get("items")
    if not isinstance(items, list) or "jsonfeed" not in str(feed.get("version", "")):
        raise NotParsable("Tệp JSON này không phải JSON Feed", "this JSON is not a JSON Feed")
    spoken = language or _text(feed, "language")
    zone = assumed_zone(language=spoken, url=url or _text(feed, "home_page_url"))
    return ParsedDocument(
        form="jsonfeed",
        title=_text(feed, "title"),
        language=spoken,
        entries=[_entry(item, zone) for item in items[:MAX_ITEMS] if isinstance(item, dict)],
        links=[link for key in ("feed_url", "next_url") if (link := _text(feed, key))],
    )


def _load(data: bytes) -> Mapping[str, Any]:
    try:
        feed = json.loads(decode(data))
    except (ValueError, RecursionError) as error:
        raise NotParsable("JSON không hợp lệ", "the JSON is not valid") from error
    if not isinstance(feed, dict):
        raise NotParsable("Tệp JSON này không phải JSON Feed", "this JSON is not a JSON Feed")
    return feed


def _entry(item: Mapping[str, Any], zone: tzinfo) -> Entry:
    markup, text = item.get("content_html"), item.get("content_text")
    content = paragraphs(markup) if isinstance(markup, str) else text if isinstance(text, str) else None
    dated = parse_date(_text(item, "date_published"), zone)
    updated = parse_date(_text(item, "date_modified"), zone)
    shown = dated or updated
    summary = item.get("summary")
    return Entry(
        id=_text(item, "id"),
        title=_text(item, "title"),
        link=_text(item, "url") or _text(item, "external_url"),
        summary=plain_text(summary) if isinstance(summary, str) else None,
        content=content or None,
        published_at=shown.at if shown else None,
        published_from="feed" if shown else "none",
        updated_at=updated.at if updated else None,
        zone_assumed=bool(shown and shown.zone_assumed),
        language=_text(item, "language"),
    )


def _text(item: Mapping[str, Any], key: str) -> str | None:
    value = item.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # some publishers write numeric ids
    return one_line(value) or None if isinstance(value, str) else None
