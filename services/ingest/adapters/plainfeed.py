"""The short way through a feed that is plain: RSS 2.0, well-formed UTF-8, with elements that mean one thing.

Nearly every feed of the press is so, and polled feeds are read again and again. Anything unusual (a document type,
another encoding, a repeated element, a relative address, a date of another form) is no business of this module: it
answers None, and the general reader takes the document. What it does answer equals what the general reader says;
tests hold both to that over corpora and generated feeds.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo

from lxml import etree

from services.ingest.adapters.base import Entry, ParsedDocument
from services.ingest.dates import FoundDate, assumed_zone, parse_date
from services.ingest.markup import clean, one_line, paragraphs, plain_text

MAX_ENTRIES = 2000
CONTENT, SLASH, SY, WFW, MEDIA, ATOM, DC = (
    f"{{{namespace}}}"
    for namespace in (
        "http://purl.org/rss/1.0/modules/content/",
        "http://purl.org/rss/1.0/modules/slash/",
        "http://purl.org/rss/1.0/modules/syndication/",
        "http://wellformedweb.org/CommentAPI/",
        "http://search.yahoo.com/mrss/",
        "http://www.w3.org/2005/Atom",
        "http://purl.org/dc/elements/1.1/",
    )
)
ENCODED = f"{CONTENT}encoded"
READ_OF_ITEM = {"title", "link", "description", "pubDate", "guid", ENCODED}
PASSED_OF_ITEM = {
    "author", "category", "comments", "enclosure", f"{DC}creator", f"{SLASH}comments", f"{WFW}commentRss",
    f"{MEDIA}content", f"{MEDIA}thumbnail",
}  # fmt: skip
READ_OF_CHANNEL = {"title", "link", "language", "ttl"}
PASSED_OF_CHANNEL = {
    "description", "copyright", "pubDate", "lastBuildDate", "generator", "docs", "image", "category", "webMaster",
    "managingEditor", f"{SY}updatePeriod", f"{SY}updateFrequency",
}  # fmt: skip
ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^\[\]]+")
PLAIN_ID = re.compile(r"[\w.-]+")
RFC_822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"(?:19|20)\d{2} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d (?:GMT|[+-](?:0\d|1[0-4])(?:00|30))"
)
TAGS = frozenset(
    "a abbr b big blockquote br center code dd div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img li ol p"
    " pre s section small span strike strong sub sup table tbody td th thead tr tt u ul var".split()
)
"""Of HTML in a feed: those whose text both readers keep, and in the same order."""
_BEGINNING = re.compile(rb"\s*(?:<\?xml\s[^>]{0,200}?\?>)?(?:\s+|<!--(?:[^-]|-(?!-)){0,2000}-->)*<rss[\s>]")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)""")
_CHARSET = re.compile(r"charset\s*=", re.IGNORECASE)
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?>")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CLOSING = re.compile(r"</\w+>")


class _Unusual(Exception):
    """For the general reader."""


def read_plain(
    data: bytes, *, content_type: str | None, url: str | None, language: str | None
) -> ParsedDocument | None:
    """The document, as the general reader would give it; None where that reader has to look."""
    if not _is_utf8_rss(data) or _CHARSET.search(content_type or ""):
        return None
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data.strip(), parser)
        return _document(root, url, language)
    except (_Unusual, etree.XMLSyntaxError, ValueError):
        return None


def _is_utf8_rss(data: bytes) -> bool:
    head = data.lstrip()[:400]
    declared = _ENCODING.search(head[: head.find(b"?>") + 1])
    return bool(_BEGINNING.match(data)) and (declared is None or declared[1].lower() == b"utf-8")


def _document(root: etree._Element, url: str | None, language: str | None) -> ParsedDocument:
    is_rss = root.tag == "rss" and root.get("version") == "2.0" and len(root.attrib) == 1
    if not is_rss or len(root) != 1 or root[0].tag != "channel":
        raise _Unusual
    channel = root[0]
    told: dict[str, str] = {}
    links: list[str] = []
    items = []
    for child in _elements(channel):
        if child.tag == "item":
            items.append(child)
        elif child.tag == f"{ATOM}link":
            links += _further(child)
        else:
            _take(child, told, READ_OF_CHANNEL, PASSED_OF_CHANNEL)
    spoken = language or one_line(told.get("language", "")) or None
    zone = assumed_zone(language=spoken, url=url or _address(told.get("link")))
    return ParsedDocument(
        form="rss20",
        title=_plain(told.get("title")),
        language=spoken,
        entries=[_entry(item, zone) for item in items[:MAX_ENTRIES]],
        links=links,
        ttl_seconds=_ttl(told.get("ttl")),
    )


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    if parent.attrib:
        raise _Unusual
    for child in parent:
        if callable(child.tag) or (child.tail or "").strip():  # a processing instruction
            raise _Unusual
        yield child


def _take(child: etree._Element, told: dict[str, str], read: set[str], passed: set[str]) -> None:
    """What is read stands once and is text alone; what is passed over may not hide anything else."""
    name = str(child.tag)
    if name in read:
        text = (child.text or "").strip()
        if name in told or len(child) or child.attrib or _CONTROLS.search(text):
            raise _Unusual
        told[name] = text
    elif name not in passed or any(str(one.tag).startswith("{") for one in child):
        raise _Unusual


def _further(link: etree._Element) -> list[str]:
    href, rel = link.get("href", ""), link.get("rel", "alternate")
    if set(link.attrib) - {"href", "rel", "type"} or not ADDRESS.fullmatch(href):
        raise _Unusual
    return [href] if rel in ("hub", "self", "next") else []


def _entry(item: etree._Element, zone: tzinfo) -> Entry:
    told: dict[str, str] = {}
    for child in _elements(item):
        if child.tag == "guid":
            if told.get("guid") or len(child) or set(child.attrib) - {"isPermaLink"}:
                raise _Unusual
            if child.get("isPermaLink", "true") != "false" and "link" not in told:
                raise _Unusual
            told["guid"] = (child.text or "").strip()
        elif child.tag == "description" and ENCODED in told:
            raise _Unusual
        else:
            _take(child, told, READ_OF_ITEM, PASSED_OF_ITEM)
    published, content = _date(told, zone), told.get(ENCODED)
    summary = told.get("description", content)
    return Entry(
        id=_id(told.get("guid")),
        title=_plain(told.get("title")),
        link=_address(told.get("link")),
        summary=_plain(summary),
        content=_content(content),
        published_at=published.at if published else None,
        published_from="feed" if published else "none",
        zone_assumed=bool(published and published.zone_assumed),
    )


def _date(told: Mapping[str, str], zone: tzinfo) -> FoundDate | None:
    written = told.get("pubDate")
    if written is None:
        return None
    if not RFC_822.fullmatch(written):
        raise _Unusual
    return parse_date(written, zone)


def _id(written: str | None) -> str | None:
    if not written:
        return None
    if not (ADDRESS.fullmatch(written) or PLAIN_ID.fullmatch(written)):
        raise _Unusual
    return written


def _address(written: str | None) -> str | None:
    if not written:
        return None
    if not ADDRESS.fullmatch(written):
        raise _Unusual
    return written


def _is_html(text: str) -> bool:
    """Whether the general reader takes it for HTML; where it would hesitate, it is asked."""
    if "&" in text:
        raise _Unusual
    if "<" not in text:
        return False
    tags = _TAG.findall(text)
    if len(tags) != text.count("<") or text.count(">") != len(tags) or not _CLOSING.search(text):
        raise _Unusual
    if any(tag.lower() not in TAGS for tag in tags):
        raise _Unusual
    return True


def _plain(text: str | None) -> str | None:
    if not text:
        return None
    return (plain_text(text) if _is_html(text) else one_line(text)) or None


def _content(text: str | None) -> str | None:
    if not text:
        return None
    return (paragraphs(text) if _is_html(text) else clean(text)) or None


def _ttl(written: str | None) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 8):
        raise _Unusual
    return min(int(written), 10080) * 60
