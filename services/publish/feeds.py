"""RSS 2.0, Atom (RFC 4287 with RFC 6721 tombstones), JSON Feed 1.1, an index of CAP messages and sitemaps, to the
standards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from lxml import etree

from libs.common.clock import HANOI
from libs.common.web import Site

SIZE = 50
NEWS_AGE = timedelta(days=2)
ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
TOMBSTONE = "http://purl.org/atompub/tombstones/1.0"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
CC = "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html"
# lxml takes None as the default prefix, its stubs do not know it.
ATOM_NAMES: Any = {None: ATOM, "at": TOMBSTONE}
SITEMAP_NAMES: Any = {None: SITEMAP}
NEWS_NAMES: Any = {None: SITEMAP, "news": NEWS}


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
class Notice:
    """A CAP message; `page`: where it can be read."""

    id: str
    title: str
    summary: str
    author: str
    kind: str
    """Alert, Update or Cancel."""
    message: str
    page: str
    published_at: datetime
    updated_at: datetime


def rss(site: Site, items: Sequence[Item], updated: datetime, hub: str | None = None) -> bytes:
    names = {"atom": ATOM, "content": CONTENT, "dc": DC, "creativeCommons": CC}
    root = etree.Element("rss", version="2.0", nsmap=names)
    channel = etree.SubElement(root, "channel")
    _text(channel, "title", site.name)
    _text(channel, "link", site.url("/"))
    _text(channel, "description", site.description)
    _text(channel, "language", "vi")
    if site.licence and site.licence_url:
        _text(channel, "copyright", f"{site.publisher}. {site.licence}: {site.licence_url}")
    _text(channel, "lastBuildDate", format_datetime(updated.astimezone(HANOI)))
    href, kind = site.url("/feed.rss"), "application/rss+xml"
    etree.SubElement(channel, f"{{{ATOM}}}link", href=href, rel="self", type=kind)
    if hub:
        etree.SubElement(channel, f"{{{ATOM}}}link", href=hub, rel="hub")
    if site.licence_url:
        _text(channel, f"{{{CC}}}license", site.licence_url)
    for item in items:
        _rss_item(etree.SubElement(channel, "item"), item)
    return _document(root)


def _rss_item(node: Any, item: Item) -> None:
    _text(node, "title", item.title)
    _text(node, "link", item.url)
    _text(node, "description", item.summary)
    _text(node, "guid", item.id, isPermaLink="false")
    _text(node, "pubDate", format_datetime(item.published_at.astimezone(HANOI)))
    _text(node, f"{{{DC}}}creator", item.author)
    for tag in item.tags:
        _text(node, "category", tag)
    _text(node, f"{{{CONTENT}}}encoded", etree.CDATA(item.html))


def atom(
    site: Site, items: Sequence[Item], gone: Sequence[Deleted], updated: datetime, hub: str | None = None
) -> bytes:
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=ATOM_NAMES)
    root.set(LANGUAGE, "vi")
    _text(root, f"{{{ATOM}}}id", site.url("/"))
    _text(root, f"{{{ATOM}}}title", site.name)
    _text(root, f"{{{ATOM}}}subtitle", site.description)
    _text(root, f"{{{ATOM}}}updated", _utc(updated))
    _text(etree.SubElement(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", site.publisher)
    etree.SubElement(root, f"{{{ATOM}}}link", href=site.url("/"), rel="alternate", type="text/html")
    own, kind = site.url("/feed.atom"), "application/atom+xml"
    etree.SubElement(root, f"{{{ATOM}}}link", href=own, rel="self", type=kind)
    if hub:
        etree.SubElement(root, f"{{{ATOM}}}link", href=hub, rel="hub")
    if site.licence and site.licence_url:
        etree.SubElement(root, f"{{{ATOM}}}link", href=site.licence_url, rel="license")  # RFC 4946
        _text(root, f"{{{ATOM}}}rights", f"{site.publisher}. {site.licence}")
    for item in items:
        _atom_entry(etree.SubElement(root, f"{{{ATOM}}}entry"), item)
    for one in gone:
        etree.SubElement(root, f"{{{TOMBSTONE}}}deleted-entry", ref=one.id, when=_utc(one.at))
    return _document(root)


def _atom_entry(node: Any, item: Item) -> None:
    if item.language != "vi":
        node.set(LANGUAGE, item.language)
    _text(node, f"{{{ATOM}}}id", item.id)
    _text(node, f"{{{ATOM}}}title", item.title)
    _text(node, f"{{{ATOM}}}published", _utc(item.published_at))
    _text(node, f"{{{ATOM}}}updated", _utc(item.updated_at))
    _text(etree.SubElement(node, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", item.author)
    etree.SubElement(node, f"{{{ATOM}}}link", href=item.url, rel="alternate", type="text/html")
    _text(node, f"{{{ATOM}}}summary", item.summary)
    _text(node, f"{{{ATOM}}}content", item.html, type="html")
    for tag in item.tags:
        etree.SubElement(node, f"{{{ATOM}}}category", term=tag)


def cap_index(site: Site, notices: Sequence[Notice], updated: datetime) -> bytes:
    """Which CAP messages there are: each entry leads to the message itself (`alternate`, application/cap+xml) and to
    its page (`related`), as aggregators of alerts read them."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=ATOM_NAMES)
    root.set(LANGUAGE, "vi")
    own = site.url("/cap.atom")
    _text(root, f"{{{ATOM}}}id", own)
    _text(root, f"{{{ATOM}}}title", f"{site.name}: thông báo khẩn và kiểm chứng (CAP 1.2)")
    _text(root, f"{{{ATOM}}}updated", _utc(updated))
    _text(etree.SubElement(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", site.publisher)
    etree.SubElement(root, f"{{{ATOM}}}link", href=site.url("/"), rel="alternate", type="text/html")
    etree.SubElement(root, f"{{{ATOM}}}link", href=own, rel="self", type="application/atom+xml")
    for each in notices:
        _notice(etree.SubElement(root, f"{{{ATOM}}}entry"), each)
    return _document(root)


def _notice(node: Any, each: Notice) -> None:
    _text(node, f"{{{ATOM}}}id", each.id)
    _text(node, f"{{{ATOM}}}title", each.title)
    _text(node, f"{{{ATOM}}}published", _utc(each.published_at))
    _text(node, f"{{{ATOM}}}updated", _utc(each.updated_at))
    _text(etree.SubElement(node, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", each.author)
    etree.SubElement(node, f"{{{ATOM}}}link", href=each.message, rel="alternate", type="application/cap+xml")
    etree.SubElement(node, f"{{{ATOM}}}link", href=each.page, rel="related", type="text/html")
    etree.SubElement(node, f"{{{ATOM}}}category", term=each.kind, scheme="urn:oasis:names:tc:emergency:cap:1.2:msgType")
    _text(node, f"{{{ATOM}}}summary", each.summary)


def json_feed(site: Site, items: Sequence[Item], hub: str | None = None) -> bytes:
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.name,
        "description": site.description,
        "home_page_url": site.url("/"),
        "feed_url": site.url("/feed.json"),
        "language": "vi",
        "authors": [{"name": site.publisher, "url": site.url("/")}],
        "items": [_json_item(item) for item in items],
    }
    if hub:
        feed["hubs"] = [{"type": "WebSub", "url": hub}]
    if site.licence_url:
        feed["_licence"] = {"about": site.licence_url, "name": site.licence}
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _json_item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "content_html": item.html,
        "date_published": _local(item.published_at),
        "date_modified": _local(item.updated_at),
        "authors": [{"name": item.author}],
        "language": item.language,
        "tags": list(item.tags),
    }


def news_sitemap(site: Site, rows: Sequence[dict[str, str]], now: datetime) -> bytes:
    """Only what is younger than two days; `rows` are the bulletin's recent entries."""
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=NEWS_NAMES)
    for row in rows:
        published = datetime.fromisoformat(row["published_at"])
        if published <= now - NEWS_AGE:
            continue
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        _text(url, f"{{{SITEMAP}}}loc", row["url"])
        news = etree.SubElement(url, f"{{{NEWS}}}news")
        publication = etree.SubElement(news, f"{{{NEWS}}}publication")
        _text(publication, f"{{{NEWS}}}name", site.name)
        _text(publication, f"{{{NEWS}}}language", row.get("language", "vi"))
        _text(news, f"{{{NEWS}}}publication_date", _local(published))
        _text(news, f"{{{NEWS}}}title", row["title"])
    return _document(root)


def sitemap(urls: Sequence[tuple[str, datetime]]) -> bytes:
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=SITEMAP_NAMES)
    for address, changed in urls[:50_000]:
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        _text(url, f"{{{SITEMAP}}}loc", address)
        _text(url, f"{{{SITEMAP}}}lastmod", _local(changed))
    return _document(root)


def _text(parent: Any, name: str, value: Any, **attributes: str) -> None:
    etree.SubElement(parent, name, attributes).text = value


def _document(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _local(at: datetime) -> str:
    return at.astimezone(HANOI).isoformat(timespec="seconds")
