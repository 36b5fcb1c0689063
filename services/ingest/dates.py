"""Dates as publishers write them. A time without a zone gets an assumed one, and says so."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from libs.common.clock import HANOI

_ZONE = re.compile(
    r"(?:\d\s*Z|[+-]\d{2}:?\d{2}|[+-]\d{2}|\b(?:GMT|UTC|UT|[ECMP][SDE]?T|ET|CET|CEST|ICT|JST|BST|MSK)|"
    r"\s[A-IK-Y])\s*(?:\(.*\))?$",
    re.IGNORECASE,
)
_GMT_PLUS = re.compile(r"\(?\s*(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\s*\)?\s*$", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})(?!\d)")
_IN_WORDS = re.compile(r"(?<!\d)(\d{1,2})\s+(?:tháng|thg\.?|thang)\s*(\d{1,2})\s*(?:,|năm|nam)?\s*(\d{4})", re.I)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})\s*(?::|h|g|giờ)\s*(\d{2})(?::(\d{2}))?\s*(SA|CH|AM|PM)?", re.I)


class FoundDate(NamedTuple):
    """An instant in UTC, and whether its zone is our assumption."""

    at: datetime
    zone_assumed: bool


def has_zone(raw: str) -> bool:
    """True when a written date names its zone."""
    text = raw.strip()
    if re.fullmatch(r"[\d-]{4,10}", text):  # 2026-11-24: the hyphen is no offset
        return False
    return bool(_ZONE.search(text) or _GMT_PLUS.search(text))


def assumed_zone(*, language: str | None = None, url: str | None = None) -> tzinfo:
    """Vietnamese sources mean Hà Nội time when they name no zone; others mean UTC."""
    host = _host(url)
    vietnamese = (language or "").lower().startswith("vi") or host.endswith(".vn")
    return HANOI if vietnamese or not (language or host) else UTC


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").rstrip(".")
    except ValueError:
        return ""


def parse_date(raw: str | None, zone: tzinfo = HANOI) -> FoundDate | None:
    """The instant of an ISO 8601, RFC 822 or Vietnamese date; None when it is none of them."""
    text = " ".join((raw or "").split())[:80]
    if not text:
        return None
    for reader in (_iso, _rfc822, _vietnamese):
        found = reader(text)
        if found is not None:
            return in_utc(found, zone)
    return None


def in_utc(at: datetime, zone: tzinfo) -> FoundDate | None:
    """The UTC instant of a date; None where the calendar cannot hold it."""
    try:
        if at.tzinfo is None:
            return FoundDate(at.replace(tzinfo=zone).astimezone(UTC), True)
        return FoundDate(at.astimezone(UTC), False)
    except (OverflowError, ValueError):
        return None


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-?\d{2}-?\d{2}", text):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"\s+([+-])", r"\1", text))
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    if not re.search(r"[A-Za-z]{3}", text):
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _vietnamese(text: str) -> datetime | None:
    day = _DAY_FIRST.search(text) or _IN_WORDS.search(text)
    if day is None:
        return None
    rest = text[: day.start()] + " " + text[day.end() :]
    hour, minute, second = _clock(rest)
    try:
        at = datetime(int(day[3]), int(day[2]), int(day[1]), hour, minute, second)  # noqa: DTZ001 - its zone is read next
    except ValueError:
        return None
    zone = _GMT_PLUS.search(text)
    if zone is None:
        return at
    offset = timedelta(hours=int(zone[2]), minutes=int(zone[3] or 0))
    if offset >= timedelta(days=1):
        return at
    return at.replace(tzinfo=timezone(offset if zone[1] == "+" else -offset))


def _clock(text: str) -> tuple[int, int, int]:
    found = _CLOCK.search(text)
    if found is None:
        return 0, 0, 0
    hour, half = int(found[1]), (found[4] or "").upper()
    if half in ("CH", "PM") and hour < 12:
        hour += 12
    if half in ("SA", "AM") and hour == 12:
        hour = 0
    return hour, int(found[2]), int(found[3] or 0)
