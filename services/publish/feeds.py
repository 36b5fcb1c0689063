"""RSS 2.0, JSON Feed 1.1, an index of CAP messages and sitemaps, to the standards; Atom is `libs.common.web.atom`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from lxml import etree

from libs.common.clock import HANOI
from libs.common.web import Site
from libs.common.web.atom import ATOM, ATOM_NAMES, LANGUAGE, Item, document, put, utc

SIZE = 50
NEWS_AGE = timedelta(days=2)
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
CC = "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html"
# lxml takes None as the default prefix, its stubs do not know it.
SITEMAP_NAMES: Any = {None: SITEMAP}
NEWS_NAMES: Any = {None: SITEMAP, "news": NEWS}


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
    put(channel, "title", site.name)
    put(channel, "link", site.url("/"))
    put(channel, "description", site.description)
    put(channel, "language", "vi")
    if site.licence and site.licence_url:
        put(channel, "copyright", f"{site.publisher}. {site.licence}: {site.licence_url}")
    put(channel, "lastBuildDate", format_datetime(updated.astimezone(HANOI)))
    href, kind = site.url("/feed.rss"), "application/rss+xml"
    etree.SubElement(channel, f"{{{ATOM}}}link", href=href, rel="self", type=kind)
    if hub:
        etree.SubElement(channel, f"{{{ATOM}}}link", href=hub, rel="hub")
    if site.licence_url:
        put(channel, f"{{{CC}}}license", site.licence_url)
    for item in items:
        _rss_item(etree.SubElement(channel, "item"), item)
    return document(root)


def _rss_item(node: Any, item: Item) -> None:
    put(node, "title", item.title)
    put(node, "link", item.url)
    put(node, "description", item.summary)
    put(node, "guid", item.id, isPermaLink="false")
    put(node, "pubDate", format_datetime(item.published_at.astimezone(HANOI)))
    put(node, f"{{{DC}}}creator", item.author)
    for tag in item.tags:
        put(node, "category", tag)
    put(node, f"{{{CONTENT}}}encoded", etree.CDATA(item.html))


def cap_index(site: Site, notices: Sequence[Notice], updated: datetime) -> bytes:
    """Which CAP messages there are: each entry leads to the message itself (`alternate`, application/cap+xml) and to
    its page (`related`), as aggregators of alerts read them."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=ATOM_NAMES)
    root.set(LANGUAGE, "vi")
    own = site.url("/cap.atom")
    put(root, f"{{{ATOM}}}id", own)
    put(root, f"{{{ATOM}}}title", f"{site.name}: thông báo khẩn và kiểm chứng (CAP 1.2)")
    put(root, f"{{{ATOM}}}updated", utc(updated))
    put(etree.SubElement(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", site.publisher)
    etree.SubElement(root, f"{{{ATOM}}}link", href=site.url("/"), rel="alternate", type="text/html")
    etree.SubElement(root, f"{{{ATOM}}}link", href=own, rel="self", type="application/atom+xml")
    for each in notices:
        _notice(etree.SubElement(root, f"{{{ATOM}}}entry"), each)
    return document(root)


def _notice(node: Any, each: Notice) -> None:
    put(node, f"{{{ATOM}}}id", each.id)
    put(node, f"{{{ATOM}}}title", each.title)
    put(node, f"{{{ATOM}}}published", utc(each.published_at))
    put(node, f"{{{ATOM}}}updated", utc(each.updated_at))
    put(etree.SubElement(node, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", each.author)
    etree.SubElement(node, f"{{{ATOM}}}link", href=each.message, rel="alternate", type="application/cap+xml")
    etree.SubElement(node, f"{{{ATOM}}}link", href=each.page, rel="related", type="text/html")
    etree.SubElement(node, f"{{{ATOM}}}category", term=each.kind, scheme="urn:oasis:names:tc:emergency:cap:1.2:msgType")
    put(node, f"{{{ATOM}}}summary", each.summary)


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
        put(url, f"{{{SITEMAP}}}loc", row["url"])
        news = etree.SubElement(url, f"{{{NEWS}}}news")
        publication = etree.SubElement(news, f"{{{NEWS}}}publication")
        put(publication, f"{{{NEWS}}}name", site.name)
        put(publication, f"{{{NEWS}}}language", row.get("language", "vi"))
        put(news, f"{{{NEWS}}}publication_date", _local(published))
        put(news, f"{{{NEWS}}}title", row["title"])
    return document(root)


def sitemap(urls: Sequence[tuple[str, datetime]]) -> bytes:
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=SITEMAP_NAMES)
    for address, changed in urls[:50_000]:
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        put(url, f"{{{SITEMAP}}}loc", address)
        put(url, f"{{{SITEMAP}}}lastmod", _local(changed))
    return document(root)


def _local(at: datetime) -> str:
    return at.astimezone(HANOI).isoformat(timespec="seconds")
