"""Conditional requests (RFC 9110, section 13): the tag of an answer, and whether the asker holds it already."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LIVE = "public, max-age=60, stale-while-revalidate=60, stale-if-error=3600"
"""Of public pages: a cache before us may show what it has for an hour while nobody answers here (RFC 5861); else what
is withdrawn has to be gone within minutes."""


def etag_of(data: bytes) -> str:
    """A strong tag: the same bytes, the same tag."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def is_known(asked_for: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag, compared weakly; `*` names any."""
    tags = [_opaque(tag) for tag in (asked_for or "").split(",")]
    return "*" in tags or _opaque(etag) in tags


def is_held(headers: Mapping[str, str], etag: str, changed: datetime | None) -> bool:
    """Whether the asker holds this answer. If-None-Match wins over If-Modified-Since."""
    asked = headers.get("if-none-match")
    if asked is not None:
        return is_known(asked, etag)
    since = headers.get("if-modified-since")
    try:
        return changed is not None and since is not None and changed <= _moment(since)
    except (ValueError, TypeError, OverflowError):
        return False


def _moment(written: str) -> datetime:
    found = parsedate_to_datetime(written)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _opaque(tag: str) -> str:
    return tag.strip().removeprefix("W/")
