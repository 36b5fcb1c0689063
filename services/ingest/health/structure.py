"""The structure of a document apart from its words, and what a document that can't be read turns out to be. Pure.

A sketch is the k least hashes of the document's distinct element paths (Broder 1997, bottom-k): two sketches give an
estimate of the Jaccard similarity of their documents, and a new day's articles in the same template change nothing.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from libs.common.models.catalogue import HealthCause, SourceHealth
from services.ingest.adapters.base import SOURCE_KINDS, NotParsable
from services.ingest.markup import decode, html_tree, xml_parser

KEPT = 128
SAME, OTHER = 0.75, 0.35
"""From the one on it is the document it was; below the other it is none of it."""
_MAX_ELEMENTS = 20_000
_WIDTH = 4
_NAMED = re.compile(r"[a-z][a-z_-]{1,40}")
"""A class that a person named; those with digits are made anew by every build."""
_CAPTCHA = re.compile(
    r"g-recaptcha|h-captcha|hcaptcha\.com|cf-challenge|cf_chl_|challenge-platform|challenges\.cloudflare\.com|"
    r"<title>\s*just a moment|are you a robot|không phải (?:là )?(?:robot|người máy)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_PATH = re.compile(r"/(?:login|signin|sign-in|dang-nhap|dangnhap|sso|oauth2?|auth)(?:[/.?]|$)", re.IGNORECASE)
_LONG_PAGE = 200
"""Links of a page that is more than a door."""


def sketch(data: bytes, content_type: str | None = None) -> bytes | None:
    """The sketch of an HTML page or an XML document; None where there is no structure to see."""
    root = _tree(data, content_type)
    if root is None:
        return None
    hashes = {hashlib.blake2b(path.encode(), digest_size=_WIDTH).digest() for path in _paths(root)}
    return b"".join(sorted(hashes)[:KEPT]) if len(hashes) > 2 else None


def similarity(one: bytes, other: bytes) -> float:
    """Estimated share of element paths that both have, from 0 to 1."""
    first, second = set(_split(one)), set(_split(other))
    least = sorted(first | second)[:KEPT]
    return sum(each in first and each in second for each in least) / len(least) if least else 0.0


def _split(kept: bytes) -> list[bytes]:
    return [kept[n : n + _WIDTH] for n in range(0, len(kept), _WIDTH)]


def _tree(data: bytes, content_type: str | None) -> etree._Element | None:
    head = data[:2000].lstrip().lower()
    if b"<html" in head or b"<!doctype html" in head:
        return html_tree(decode(data, content_type))
    try:
        found = etree.fromstring(data.strip(), xml_parser())
    except (etree.XMLSyntaxError, ValueError):
        found = None
    return found if found is not None else html_tree(decode(data, content_type))


def _paths(root: etree._Element) -> Iterator[str]:
    """Each element as the ends of its path: its own name with that of two elements above."""
    for count, element in enumerate(root.iter(etree.Element)):
        if count >= _MAX_ELEMENTS:
            return
        above = element.getparent()
        higher = above.getparent() if above is not None else None
        yield "/".join(_name(each) for each in (higher, above, element) if each is not None)


def _name(element: etree._Element) -> str:
    tag = str(element.tag)
    named = [one for one in (element.get("class") or "").lower().split() if _NAMED.fullmatch(one)]
    return f"{tag}.{named[0]}" if named else tag


# --- what became of a document ------------------------------------------------------------------------------


_DOORS = frozenset({HealthCause.LOGIN, HealthCause.CAPTCHA})


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a source's document: where it was found, what its bytes are, and what our reader made of it."""

    asked: str
    url: str
    body: bytes
    content_type: str | None
    entries: int | None
    """How many entries our reader found; None where it could not read the document."""
    is_silent: bool = False
    """The source brings nothing new: entries that are read may then be those of another document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a document, and how much its structure still is what it was."""

    cause: HealthCause
    similarity: float | None

    @property
    def health(self) -> SourceHealth:
        return SourceHealth.BLOCKED if self.cause in _DOORS else SourceHealth.BROKEN


def diagnose(seen: Seen, baseline: bytes | None) -> Finding | None:
    """None where the document is read well. Otherwise whose trouble it is: the page's, or our reader's.

    A page that is another one than before has changed; one that is as before and is no longer understood broke our
    reader. A door (login, captcha) is told first, since it is neither.
    """
    now = sketch(seen.body, seen.content_type)
    alike = None if baseline is None or now is None else similarity(baseline, now)
    if seen.entries:
        is_other = seen.is_silent and alike is not None and alike < OTHER
        return Finding(HealthCause.PAGE_CHANGED, alike) if is_other else None
    markup = decode(seen.body[:400_000], seen.content_type)
    if alike is not None and alike >= SAME:
        return Finding(HealthCause.READER_BROKE, alike)
    if (door := _door(seen, markup)) is not None:
        return Finding(door, alike)
    return Finding(HealthCause.PAGE_CHANGED, alike)


def _door(seen: Seen, markup: str) -> HealthCause | None:
    if _CAPTCHA.search(markup):
        return HealthCause.CAPTCHA
    led_there = seen.url != seen.asked and _LOGIN_PATH.search(urlsplit(seen.url).path or "/")
    if led_there or (_PASSWORD.search(markup) and markup.lower().count("<a ") < _LONG_PAGE):
        return HealthCause.LOGIN
    return None


# --- in a parser's process ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a document gave, in plain values; `cause` is a HealthCause, None where it is read well."""

    cause: str | None
    similarity: float | None
    sketch: bytes | None


def look(
    kind: str, asked: str, url: str, body: bytes, content_type: str | None, baseline: bytes | None, is_silent: bool
) -> Look:
    """Read a document as its source is read, and say what is wrong where that brings nothing."""
    try:
        document = SOURCE_KINDS.get(kind).parse(body, content_type=content_type, url=url)
        entries: int | None = len(document.entries) or len(document.links)
    except NotParsable:
        entries = None
    found = diagnose(Seen(asked, url, body, content_type, entries, is_silent), baseline)
    kept = sketch(body, content_type)
    return Look(None, None, kept) if found is None else Look(found.cause.value, found.similarity, kept)
