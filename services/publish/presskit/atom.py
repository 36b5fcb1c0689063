"""The press feed as Atom (RFC 4287) with the whole text, and RFC 6721 tombstones for what was killed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from services.publish.presskit.edition import Edition, Masthead
from services.publish.presskit.mediatopics import SCHEME, TOPICS
from services.publish.presskit.newsml import allowed

ATOM, TOMBSTONE = "http://www.w3.org/2005/Atom", "http://purl.org/atompub/tombstones/1.0"
MEDIA_TYPE = "application/atom+xml"
# lxml takes None as the default prefix, its stubs do not know it.
NAMES: Any = {None: ATOM, "at": TOMBSTONE}


def written(masthead: Masthead, editions: Sequence[Edition], opened_at: datetime) -> bytes:
    """`opened_at`: what an empty feed says of when it changed, so that it stays the same until it does."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=NAMES)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", "vi")
    _text(root, "id", f"{masthead.base}/feed.atom")
    _text(root, "title", f"Bộ tin cho báo chí · {masthead.publisher}")
    _text(root, "updated", _utc(max((each.created_at for each in editions), default=opened_at)))
    _text(etree.SubElement(root, f"{{{ATOM}}}author"), "name", masthead.publisher)
    _text(root, "rights", masthead.usage_terms)
    _link(root, "self", f"{masthead.base}/feed.atom", MEDIA_TYPE)
    for each in editions:
        if each.is_killed:
            killed = {"ref": each.uri, "when": _utc(each.created_at)}
            etree.SubElement(root, f"{{{TOMBSTONE}}}deleted-entry", killed)
        else:
            _entry(etree.SubElement(root, f"{{{ATOM}}}entry"), each)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _entry(node: Any, edition: Edition) -> None:
    told, base = edition.payload, f"{edition.masthead.base}/items/{edition.item}/{edition.version}"
    _text(node, "id", edition.uri)
    _text(node, "title", told["headline"])
    _text(node, "published", _utc(edition.first_created_at))
    _text(node, "updated", _utc(edition.created_at))
    _text(etree.SubElement(node, f"{{{ATOM}}}author"), "name", edition.source_line)
    for code in edition.masthead.subjects:
        etree.SubElement(node, f"{{{ATOM}}}category", term=code, scheme=SCHEME, label=TOPICS[code])
    if told.get("link"):
        _link(node, "alternate", told["link"], "text/html")
    _link(node, "related", f"{base}.json", "application/json")
    _link(node, "related", f"{base}.xml", "application/xml")
    if told.get("summary"):
        _text(node, "summary", told["summary"])
    _text(node, "content", edition.paragraphs, type="html")
    for picture in told["pictures"]:
        file = picture["renditions"][0]
        _link(node, "enclosure", edition.file(file), file["mime"], length=str(file["size"]), title=picture["alt"])


def _link(parent: Any, rel: str, href: str, kind: str, **more: str) -> None:
    told = {"rel": rel, "href": href, "type": kind} | {name: allowed(value) for name, value in more.items()}
    etree.SubElement(parent, f"{{{ATOM}}}link", told)


def _text(parent: Any, name: str, value: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = allowed(value)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
