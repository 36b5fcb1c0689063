"""Articles as feeds, sitemaps and pages. The templates hold the words; this file holds the dates and the links."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.newsstand.edition import address
from sandbox.newsstand.words import excerpt

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Site:
    """An outlet as its readers see it."""

    slug: str
    name: str
    slogan: str = ""
    menu: tuple[str, ...] = ()
    footer: str = ""
    full_text: bool = False
    """The feed carries whole texts instead of summaries."""
    related_inside: bool = False
    """Related links stand in the middle of the article, as on many real pages."""
    fictional: bool = False
    private_link: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    path: str
    title: str
    summary: str
    text: str
    published: datetime | None
    section: str = ""
    guid: str = ""
    url: str = ""
    """Where it stands in the world; without it, it stands here."""
    paragraphs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        lines = tuple(line.strip() for line in self.text.splitlines() if line.strip())
        object.__setattr__(self, "paragraphs", lines)

    @property
    def link(self) -> str:
        return self.url or address(self.path)

    @property
    def lead(self) -> str:
        return self.summary or excerpt(self.text)


def _iso(at: datetime) -> str:
    return at.astimezone(HANOI).isoformat(timespec="seconds")


def _rfc822(at: datetime) -> str:
    return format_datetime(at.astimezone(HANOI))


def _spoken(at: datetime) -> str:
    return at.astimezone(HANOI).strftime("%H:%M ngày %d/%m/%Y")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    made.filters.update(iso=_iso, rfc822=_rfc822, spoken=_spoken, address=address)
    return made


_TEMPLATES = _environment()


def template(name: str, **values: object) -> bytes:
    return _TEMPLATES.get_template(name).render(values).encode("utf-8")


def rss(site: Site, articles: Sequence[Article], path: str) -> bytes:
    return template("rss.xml", site=site, articles=articles, path=path)


def atom(site: Site, articles: Sequence[Article], path: str) -> bytes:
    return template("atom.xml", site=site, articles=articles, path=path)


def news_sitemap(site: Site, articles: Sequence[Article], path: str) -> bytes:
    return template("news_sitemap.xml", site=site, articles=articles, path=path)


def json_feed(site: Site, articles: Sequence[Article], path: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.name,
        "home_page_url": address(f"{site.slug}/"),
        "feed_url": address(path),
        "description": site.slogan,
        "language": "vi",
        "items": [_json_item(article) for article in articles],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode("utf-8")


def _json_item(article: Article) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": article.guid or article.link,
        "url": article.link,
        "title": article.title,
        "summary": article.lead,
        "content_text": article.text,
        "tags": [article.section] if article.section else [],
    }
    return item | ({"date_published": _iso(article.published)} if article.published else {})


def article_page(site: Site, article: Article, related: Sequence[Article]) -> bytes:
    return template(
        "article.html", site=site, article=article, related=related, linked_data=_linked_data(site, article)
    )


def site_page(site: Site, articles: Sequence[Article], feeds: Sequence[str]) -> bytes:
    return template("site.html", site=site, articles=articles, feeds=feeds)


def _linked_data(site: Site, article: Article) -> dict[str, Any]:
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": article.link,
        "headline": article.title,
        "description": article.lead,
        "inLanguage": "vi",
        "isAccessibleForFree": True,
        "publisher": {"@type": "Organization", "name": site.name},
    }
    return data | ({"datePublished": _iso(article.published)} if article.published else {})
