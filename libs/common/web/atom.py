"""Atom (RFC 4287, with the tombstones of RFC 6721): the one builder of feeds that people and programs subscribe to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from libs.common.web import Site

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONE = "http://purl.org/atompub/tombstones/1.0"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# lxml takes None as the default prefix, its stubs do not know it.
ATOM_NAMES: Any = {None: ATOM, "at": TOMBSTONE}


@dataclass(frozen=True)
class Item:
    id: str
    url: str
    title: str
    summary: str
    html: str
    author: str
    language: str
    published_at: datetime
    updated_at: datetime
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deleted:
    id: str
    at: datetime


@dataclass(frozen=True)
class Head:
    """Of a feed: what it is called, the path of the page it tells of (whose address is its id) and its own."""

    title: str
    subtitle: str
    page: str
    own: str


def atom(
    site: Site, head: Head, items: Sequence[Item], gone: Sequence[Deleted], updated: datetime, hub: str | None = None
) -> bytes:
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=ATOM_NAMES)
    root.set(LANGUAGE, "vi")
    put(root, f"{{{ATOM}}}id", site.url(head.page))
    put(root, f"{{{ATOM}}}title", head.title)
    put(root, f"{{{ATOM}}}subtitle", head.subtitle)
    put(root, f"{{{ATOM}}}updated", utc(updated))
    put(etree.SubElement(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", site.publisher)
    etree.SubElement(root, f"{{{ATOM}}}link", href=site.url(head.page), rel="alternate", type="text/html")
    etree.SubElement(root, f"{{{ATOM}}}link", href=site.url(head.own), rel="self", type="application/atom+xml")
    if hub:
        etree.SubElement(root, f"{{{ATOM}}}link", href=hub, rel="hub")
    if site.licence and site.licence_url:
        etree.SubElement(root, f"{{{ATOM}}}link", href=site.licence_url, rel="license")  # RFC 4946
        put(root, f"{{{ATOM}}}rights", f"{site.publisher}. {site.licence}")
    for item in items:
        _entry(etree.SubElement(root, f"{{{ATOM}}}entry"), item)
    for one in gone:
        etree.SubElement(root, f"{{{TOMBSTONE}}}deleted-entry", ref=one.id, when=utc(one.at))
    return document(root)


def _entry(node: Any, item: Item) -> None:
    if item.language != "vi":
        node.set(LANGUAGE, item.language)
    put(node, f"{{{ATOM}}}id", item.id)
    put(node, f"{{{ATOM}}}title", item.title)
    put(node, f"{{{ATOM}}}published", utc(item.published_at))
    put(node, f"{{{ATOM}}}updated", utc(item.updated_at))
    put(etree.SubElement(node, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", item.author)
    etree.SubElement(node, f"{{{ATOM}}}link", href=item.url, rel="alternate", type="text/html")
    put(node, f"{{{ATOM}}}summary", item.summary)
    put(node, f"{{{ATOM}}}content", item.html, type="html")
    for tag in item.tags:
        etree.SubElement(node, f"{{{ATOM}}}category", term=tag)


def put(parent: Any, name: str, value: Any, **attributes: str) -> None:
    """A child element with text in it."""
    etree.SubElement(parent, name, attributes).text = value


def document(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
