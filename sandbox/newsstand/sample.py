"""The bundled sample day as an edition: each outlet in its own format, citizens' reports as pushes."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.newsstand import render
from sandbox.newsstand.edition import PRIVATE, Document, Edition, Source, address
from sandbox.newsstand.render import HANOI, Article, Site

FOLDER = Path(__file__).parent / "sample_day"
TITLE = "Một ngày hư cấu ở Hà Nội"
_RELATED = 4

Row = Mapping[str, Any]
FORMATS: Mapping[str, tuple[str, str, Any, str]] = {
    "rss": ("rss.xml", "application/rss+xml", render.rss, "feed"),
    "atom": ("atom.xml", "application/atom+xml", render.atom, "feed"),
    "jsonfeed": ("feed.json", "application/feed+json", render.json_feed, "feed"),
    "news_sitemap": ("news-sitemap.xml", "application/xml", render.news_sitemap, "sitemap"),
}
"""An outlet's format → file name, media type, how it is rendered, and the kind of source it is."""


def sample_edition(now: datetime, ends_at: datetime | None = None) -> Edition:
    """The day shifted so that its last item is published when it ends."""
    rows = [json.loads(line) for line in (FOLDER / "items.jsonl").read_text(encoding="utf-8").splitlines() if line]
    outlets = json.loads((FOLDER / "outlets.json").read_text(encoding="utf-8"))
    ends = ends_at or now
    midnight = ends - timedelta(minutes=max(row["minutes"] for row in rows))
    documents: dict[str, Document] = {}
    sources: list[Source] = []
    pushes: list[Mapping[str, Any]] = []
    for outlet in outlets:
        own = [row for row in rows if row["outlet"] == outlet["slug"]]
        if outlet["format"] == "push":
            sources.append(Source(outlet["name"], "push", outlet["group"], "", len(own)))
            pushes += [_pushed(row, outlet["name"], midnight) for row in own]
        else:
            sources.append(_add_outlet(documents, outlet, own, midnight, ends))
    gold = [{"path": _path(row), "id": row["id"], **row["gold"]} for row in rows]
    return Edition(TITLE, "sample", True, ends, sources, documents, pushes, gold)


def _path(row: Row) -> str:
    return f"{row['outlet']}/{row['path']}"


def _article(row: Row, midnight: datetime) -> Article:
    at = midnight + timedelta(minutes=row["minutes"])
    return Article(_path(row), row["title"], row["summary"], row["text"], at, row["section"])


def _site(outlet: Row) -> Site:
    return Site(
        slug=outlet["slug"],
        name=outlet["name"],
        slogan=outlet.get("slogan", ""),
        menu=tuple(outlet.get("menu", ())),
        footer=outlet.get("footer", ""),
        full_text=outlet.get("full_text", False),
        related_inside=outlet.get("related_inside", False),
        fictional=True,
        private_link=address(f"{outlet['slug']}/{PRIVATE}/lich-truc.html") if outlet.get("private") else "",
    )


def _add_outlet(
    documents: dict[str, Document], outlet: Row, rows: Sequence[Row], midnight: datetime, ends: datetime
) -> Source:
    site = _site(outlet)
    articles = sorted((_article(row, midnight) for row in rows), key=lambda a: a.published or ends, reverse=True)
    name, media_type, draw, kind = FORMATS[outlet["format"]]
    feed = f"{site.slug}/{name}"
    newest = articles[0].published if articles and articles[0].published else ends
    documents[feed] = Document(f"{media_type}; charset=utf-8", partial(draw, site, articles, feed), newest)
    html = "text/html; charset=utf-8"
    documents[f"{site.slug}/"] = Document(html, partial(render.site_page, site, articles, [feed]), newest)
    for article in articles:
        others = [other for other in articles if other is not article][:_RELATED]
        page = partial(render.article_page, site, article, others)
        documents[article.path] = Document(html, page, article.published or ends)
    if site.private_link:
        closed = Article(
            f"{site.slug}/{PRIVATE}/lich-truc.html", "Lịch trực nội bộ (hư cấu)", "", "Chỉ dành cho cán bộ.", ends
        )
        documents[closed.path] = Document(html, partial(render.article_page, site, closed, []), ends)
    return Source(outlet["name"], kind, outlet["group"], feed, len(articles))


def _pushed(row: Row, source: str, midnight: datetime) -> dict[str, Any]:
    at = midnight + timedelta(minutes=row["minutes"])
    return {
        "source": source,
        "external_id": row["id"],
        "title": row["title"],
        "text": row["text"],
        "published_at": at.astimezone(HANOI).isoformat(timespec="seconds"),
        "kind": "report",
    }
