"""What a fuzzer feeds with anything at all, and what must hold whatever it was.

A target takes bytes. It raises only where an invariant is broken: of what a parser may raise, its target takes what is
declared and nothing else. Hypothesis, atheris and the found crashes all run these same functions.
"""

import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from libs.common.masking import PHONE, mask_personal_data
from libs.common.text import canonical_tone, fold, nfc, unmark
from services.ingest.adapters.base import NotParsable, ParsedDocument
from services.ingest.adapters.feed import Feed
from services.ingest.adapters.sitemap import Sitemap
from services.ingest.addresses import canonical_url, same_page, url_hash, without_author
from services.ingest.dates import assumed_zone, parse_date
from services.ingest.extract import Article, extract_article
from services.ingest.imports.problems import FileNotReadable
from services.ingest.imports.reading import read_sheet
from services.ingest.legacy import decode_legacy
from services.ingest.mailbox.reading import read_letter
from services.ingest.markup import as_utf8, clean, decode, one_line, paragraphs, plain_text
from services.ingest.robots import RobotsAnswer, delay_seconds, is_allowed, rules_of
from services.ingest.templates import Extractor
from services.ingest.websub.discovery import find_hub

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}

SECONDS = 5.0
"""Of the processor, for one input of at most 64 KB on the slowest machine that runs this."""
URL, LANGUAGE = "https://bao.vn/tin/1.html", "vi"


class Broken(AssertionError):
    """An invariant does not hold."""


def target(function: Target) -> Target:
    def run(data: bytes) -> None:
        began = time.thread_time()
        function(data)
        spent = time.thread_time() - began
        if spent > SECONDS:
            raise Broken(f"{function.__name__} took {spent:.1f} s for {len(data)} bytes")

    TARGETS[function.__name__] = run
    return run


def holds(fact: bool, what: str, *about: object) -> None:
    if not fact:
        raise Broken(f"{what}: {', '.join(ascii(one)[:200] for one in about)}")


# --- what is stored ----------------------------------------------------------------------------------------------

_HIDDEN = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC)]))


def holds_text(text: str | None) -> None:
    """Text as it is stored: NFC, takes part in UTF-8, without controls and what hides or turns words."""
    if text is None:
        return
    holds(unicodedata.is_normalized("NFC", text), "not NFC", text)
    text.encode()
    odd = {sign for sign in text if sign in _HIDDEN or (unicodedata.category(sign) in ("Cc", "Cs"))}
    holds(odd <= set("\t\n\r\x85"), "control characters", text, odd)


def holds_fields(found: Any) -> None:
    for one in fields(found) if is_dataclass(found) else ():
        value = getattr(found, one.name)
        if isinstance(value, str):
            holds_text(clean(value))
        elif isinstance(value, datetime):
            holds(value.utcoffset() is not None, "a date without a zone", value)
            value.astimezone(UTC).isoformat()


def holds_document(document: ParsedDocument) -> None:
    holds_fields(document)
    for entry in document.entries:
        holds_fields(entry)
        for shown in (entry.title, entry.summary):
            holds_text(shown)
            holds(shown is None or "\n" not in shown, "a title of many lines", shown)
        if entry.link is not None:
            holds(not entry.link.lower().startswith(("javascript:", "data:", "vbscript:")), "a link that runs", entry)


def holds_article(article: Article) -> None:
    holds_fields(article)
    for text in (article.title, article.summary, article.text):
        holds_text(text)


@contextmanager
def declared() -> Iterator[None]:
    """What a parser may say: that it cannot use the document, in two languages."""
    try:
        yield
    except NotParsable as refusal:
        holds(bool(refusal.vi and refusal.en), "a refusal without a reason")
        holds(unicodedata.is_normalized("NFC", refusal.vi), "a refusal that is not NFC", refusal.vi)


# --- documents ---------------------------------------------------------------------------------------------------


@target
def feed(data: bytes) -> None:
    with declared():
        holds_document(Feed.parse(data, content_type="application/rss+xml", url=URL, language=LANGUAGE))


@target
def jsonfeed(data: bytes) -> None:
    with declared():
        holds_document(Feed.parse(b'{"version":"https://jsonfeed.org/version/1.1","items":[' + data + b"]}", url=URL))


@target
def sitemap(data: bytes) -> None:
    with declared():
        document = Sitemap.parse(data, url=URL, language=LANGUAGE)
        holds_document(document)
        holds(all(entry.link for entry in document.entries), "an entry without an address")


@target
def page(data: bytes) -> None:
    holds_article(extract_article(data, content_type="text/html; charset=utf-8", url=URL))


_known = Extractor(sites=1)


@target
def template(data: bytes) -> None:
    """The quick way, with whatever it learned of the pages before."""
    for _ in range(3):
        holds_article(_known.extract(data, "text/html", URL, "bao.vn"))


@target
def encoding(data: bytes) -> None:
    kind, data = data[:1], data[1:]
    charsets = (None, "text/html; charset=viscii", "text/xml; charset=utf-16", "text/html; charset=rot13", "x=\x00")
    content_type = charsets[kind[0] % len(charsets)] if kind else None
    text = decode(data, content_type)
    holds(unicodedata.is_normalized("NFC", text), "not NFC", text)
    as_utf8(data, content_type)
    decode_legacy(data, ["tcvn3", "no such"])


@target
def letter(data: bytes) -> None:
    told = read_letter(data)
    holds_fields(told)
    holds("\x00" not in told.text + told.subject, "NUL in a letter")


@target
def sheet(data: bytes) -> None:
    with suppress(FileNotReadable):
        for _, row in read_sheet(data).rows:
            holds(all(unicodedata.is_normalized("NFC", cell) for cell in row), "not NFC", row)


@target
def hub(data: bytes) -> None:
    header = data[:80].decode("latin-1")
    found = find_hub({"Link": header}, data, URL)
    if found is not None:
        holds(found.hub.startswith("http"), "a hub that is no web address", found)


# --- words -------------------------------------------------------------------------------------------------------


@target
def markup(data: bytes) -> None:
    text = _text(data)
    for shown in (one_line(text), plain_text(text)):
        holds_text(shown)
        holds(shown == one_line(shown), "not one line", shown)
    holds_text(paragraphs(text))
    holds(clean(clean(text)) == clean(text), "clean is not stable", text)


@target
def words(data: bytes) -> None:
    text = _text(data)
    for form in (nfc, unmark, fold, canonical_tone):
        once = form(text)
        holds(form is unmark or form(once) == once, f"{form.__name__} is not stable", text)
    holds(unicodedata.is_normalized("NFC", nfc(text)), "not NFC", text)


@target
def date(data: bytes) -> None:
    text = _text(data)
    found = parse_date(text, assumed_zone(language=text[:2], url=f"https://{text[:9]}/"))
    if found is not None:
        holds(found.at.utcoffset() is not None, "a date without a zone", found)
        found.at.astimezone(UTC)


@target
def masking(data: bytes) -> None:
    text = clean(_text(data))
    masked = mask_personal_data(text)
    holds_text(masked)
    again = mask_personal_data(masked)
    digits = [sum(sign.isdecimal() for sign in one) for one in (text, masked, again)]
    holds(digits == sorted(digits, reverse=True), "masking tells more than there was", text, masked, again)
    # Alone on its line, a number is masked whatever else the text says.
    alone = mask_personal_data(f"{text}\nGọi 0912 345 678.\n")
    holds(alone.endswith(f"Gọi {PHONE}.\n"), "a number beside odd text is readable", text, alone)


# --- addresses ---------------------------------------------------------------------------------------------------


@target
def address(data: bytes) -> None:
    text = _text(data)
    found = canonical_url(text)
    if found is None:
        return
    holds(canonical_url(found) == found, "canonical_url is not stable", text, found, canonical_url(found))
    holds(found.isascii() and found.isprintable() and " " not in found, "not an address", found)
    holds(found.startswith(("http://", "https://")), "another scheme", found)
    holds("@" not in found.partition("://")[2].partition("/")[0], "credentials are kept", found)
    holds(not set("<>\"'") & set(found.partition("/")[0]), "markup in an address", found)
    shown = without_author(found)
    holds(len(url_hash(found)) == 32 and canonical_url(shown) is not None, "no key", found, shown)
    same_page(found, None, text)


@target
def robots(data: bytes) -> None:
    rules = rules_of(RobotsAnswer(200, data))
    for path in ("/", "/tin/1.html", "/" + "a" * 500, "/%E1%BA%A1?x=1&y=*$"):
        is_allowed(rules, f"https://bao.vn{path}", "LanToaBot")
    holds(0.0 <= delay_seconds(rules, "LanToaBot", 300.0) <= 300.0, "a pause without bounds", data[:200])


def _text(data: bytes) -> str:
    """Any text, lone surrogates and NUL among them, as JSON and forms can carry it."""
    with suppress(UnicodeDecodeError):
        return data.decode()
    return data.decode("utf-8", "surrogateescape" if data[:1] > b"\x80" else "replace")
