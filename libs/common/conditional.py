"""Conditional requests (RFC 9110, section 13): the tag of an answer, and whether the asker holds it already."""

import hashlib


def etag_of(data: bytes) -> str:
    """A strong tag: the same bytes, the same tag."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def is_known(asked_for: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag, compared weakly; `*` names any."""
    tags = [_opaque(tag) for tag in (asked_for or "").split(",")]
    return "*" in tags or _opaque(etag) in tags


def _opaque(tag: str) -> str:
    return tag.strip().removeprefix("W/")
