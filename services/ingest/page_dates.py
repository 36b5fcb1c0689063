"""Dates that stand in the body of a page: in microdata, in `time` elements, in elements whose class says so."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice

from services.ingest.dates import FoundDate, parse_date
from services.ingest.markup import plain_text
from services.ingest.page_scan import attributes, tag_end, text_of

LOOKED_AT = 1_500_000
"""Bytes of a page in which a date is looked for."""
MAX_PLACES = 200

_MACHINE_DATES = (b"<time", b"datePublished", b"datepublished", b"<TIME")
_CLASSED = re.compile(
    rb"""<(span|p|div|time|li|em)\s(?:[^<>]{0,600}?\s)?class\s*=\s*["']?"""
    rb"""(?:[^"'<>]{0,200}?[\s_-])?(?:date|time|publish|pubdate|posted|ngay|thoi-?gian|meta)[^<>]{0,600}>""",
    re.IGNORECASE,
)


def microdata_date(page: bytes, zone: tzinfo) -> FoundDate | None:
    """A date in microdata or in a `time` element, its machine form before what it shows."""
    for start, end, told in islice(_machine_dates(page), 5):
        raw = told.get("datetime") or told.get("content") or _shown(page, end, 300, _name(page, start))
        if date := parse_date(raw, zone):
            return date
    return None


def _machine_dates(page: bytes) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Start tags that hold a date for machines, in the order of the page: start, end, attributes."""
    places = sorted(place for needle in _MACHINE_DATES for place in _places(page, needle))
    for place in places[:MAX_PLACES]:
        start = place if page[place] == 0x3C else page.rfind(b"<", max(0, place - 1000), place)
        end = tag_end(page, start) if start >= 0 else -1
        if end <= place:
            continue
        told = attributes(page[start:end])
        is_time = _name(page, start) == b"time" and ("datetime" in told or "pubdate" in told)
        if is_time or "datepublished" in told.get("itemprop", "").lower().split():
            yield start, end, told


def _name(page: bytes, start: int) -> bytes:
    found = re.compile(rb"[a-zA-Z][a-zA-Z0-9:-]{0,30}").match(page, start + 1)
    return found[0].lower() if found else b"time"


def _places(page: bytes, needle: bytes) -> Iterator[int]:
    at = -1
    for _ in range(MAX_PLACES):
        if (at := page.find(needle, at + 1, LOOKED_AT)) < 0:
            return
        yield at


def visible_date(page: bytes, zone: tzinfo) -> FoundDate | None:
    """A date in an element whose class says so, before looking anywhere else."""
    for found in islice(_CLASSED.finditer(page, 0, LOOKED_AT), 10 * MAX_PLACES):
        text = _shown(page, found.end(), 1500, found[1])
        if 6 <= len(text) <= 120 and (date := parse_date(text, zone)):
            return date
    return None


def _shown(page: bytes, start: int, size: int, name: bytes) -> str:
    """What an element shows: from the end of its start tag to the closing tag that balances it, within `size`."""
    depth, end = 1, min(start + size, len(page))
    for found in re.finditer(b"<(/?)" + re.escape(name) + rb"[\s>]", page[start:end], re.IGNORECASE):
        depth += -1 if found[1] else 1
        if depth == 0:
            end = start + found.start()
            break
    return plain_text(text_of(page[start:end]))
