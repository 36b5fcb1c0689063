"""Which hub tells of a feed, and under which name (W3C WebSub, 4): its headers first, then its own links. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

_LOOKED_AT = 256 * 1024
"""Bytes of a document in which its links are looked for: they stand before its entries."""
_MAX_ADDRESS = 2000
_HEADER_LINK = re.compile(r"<([^<>]*)>((?:[^,\"<>]|\"[^\"]*\")*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_LINK = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,30}:)?link\s([^<>]{1,4000}?)/?>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@dataclass(frozen=True, slots=True)
class Hub:
    """Where to subscribe, and to what."""

    hub: str
    topic: str


def find_hub(headers: Mapping[str, str], body: bytes, url: str) -> Hub | None:
    """The hub of a document read at `url`; None where it names none, or no address of its own."""
    lowered = {name.lower(): value for name, value in headers.items()}
    told = _first([*_of_header(lowered.get("link", "")), *_of_document(body)])
    hub = _absolute(told.get("hub"), url)
    topic = _absolute(told.get("self"), url)
    return Hub(hub, topic) if hub and topic else None


def _first(links: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for rel, href in links:
        for word in rel.lower().split():
            found.setdefault(word, href)
    return found


def _of_header(value: str) -> Iterator[tuple[str, str]]:
    """RFC 8288, as far as `rel` goes."""
    for target, parameters in _HEADER_LINK.findall(value):
        rel = _REL.search(parameters)
        if rel:
            yield rel[1] or rel[2] or "", target.strip()


def _of_document(body: bytes) -> Iterator[tuple[str, str]]:
    head = body[:_LOOKED_AT]
    if b"hub" not in head:
        return
    if head.lstrip()[:1] == b"{":
        yield from _of_json(body)
        return
    for inside in _LINK.findall(head):
        pairs = _ATTRIBUTE.findall(inside.decode("utf-8", "replace"))
        told = {name.lower(): unescape(double or single) for name, double, single in pairs}
        if told.get("rel") and told.get("href"):
            yield told["rel"], told["href"].strip()


def _of_json(body: bytes) -> Iterator[tuple[str, str]]:
    """JSON Feed 1.1: `hubs` and `feed_url`."""
    try:
        document = json.loads(body)
        hubs = [one for one in document.get("hubs") or [] if one.get("type") == "WebSub"]
        yield from (("hub", str(one["url"])) for one in hubs)
        if document.get("feed_url"):
            yield "self", str(document["feed_url"])
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return


def _absolute(href: str | None, base: str) -> str | None:
    if not href:
        return None
    try:
        found = urljoin(base, href)
        is_web = urlsplit(found).scheme in ("http", "https")
    except ValueError:
        return None
    return found if is_web and len(found) <= _MAX_ADDRESS and found.isprintable() else None
