"""The public bulletin as files: entries in, pages and feeds out. The same entries give the same bytes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jinja2
from markupsafe import Markup

from libs.common.clock import HANOI
from libs.common.models.corrections import CorrectionStep
from libs.common.web import Site, environment
from libs.common.web.atom import Deleted, Head, Item, atom
from services.publish import feeds, markup, measure
from services.publish.chrome import ENGLISH, VIETNAMESE, Edition
from services.publish.corrections import cap, wording
from services.publish.corrections.claimreview import claim_review
from services.publish.corrections.queries import Earlier
from services.publish.corrections.rules import Told

S = CorrectionStep
INDEX_SIZE = 40
RIGHTS_PINNED = timedelta(days=30)
URGENT_PINNED = timedelta(days=3)
WITHDRAWN_SHOWN = timedelta(days=30)
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Figure:
    """A picture or video on a page, as its payload names it."""

    sha256: str
    mime: str
    alt: str
    width: int | None = None
    height: int | None = None
    credit: str | None = None
    ai_label: str | None = None

    @property
    def is_video(self) -> bool:
        return self.mime.startswith("video/")


@dataclass(frozen=True)
class Reference:
    """The other page of a correction and what it corrects; without a title where it was withdrawn. `step`: what it
    does to a verdict, where it is of one."""

    slug: str
    title: str | None
    at: datetime
    step: CorrectionStep | None = None


@dataclass(frozen=True)
class Entry:
    """One publication as the public sees it. A withdrawn one carries no title and no text any more."""

    publication_id: UUID
    slug: str
    title: str
    summary: str | None
    body: str
    language: str
    kind: str
    state: str
    affects_rights: bool
    ai_label: str | None
    source_note: str | None
    unit_name: str | None
    published_at: datetime
    updated_at: datetime
    digest: str
    withdrawn_reason: str | None = None
    is_urgent: bool = False
    media: tuple[Figure, ...] = ()
    corrects: Reference | None = None
    corrected_by: tuple[Reference, ...] = ()
    english: Reference | None = None
    """The text in English that stands for it."""
    translates: Reference | None = None
    review: Told | None = None
    """What it says of a claim."""
    earlier: tuple[Earlier, ...] = ()
    """Everything it corrects, back to the first; the oldest first."""

    @property
    def is_followed(self) -> bool:
        """Something newer stands for it."""
        return self.state == "corrected" or bool(self.corrected_by)

    @property
    def outcome(self) -> str:
        """What became of it by what followed, by the gravest of these: a name of the pages' words."""
        steps = {other.step for other in self.corrected_by}
        if steps <= {S.UPDATE} and steps:
            return "updated"
        return "taken_back" if steps and steps <= {S.UPDATE, S.CANCEL} else "corrected"

    def is_in_force(self, now: datetime) -> bool:
        """An urgent notice that nothing has followed, of the last days: nobody tells us when it ends."""
        is_call = self.is_urgent and not (self.review and self.review.is_cancelled)
        return is_call and not self.is_followed and self.published_at > now - URGENT_PINNED

    @property
    def has_cap(self) -> bool:
        """Urgent notices, corrections of claims, and whatever corrects an urgent notice."""
        return self.is_urgent or self.review is not None or any(one.is_urgent for one in self.earlier)

    @property
    def pictures(self) -> tuple[Figure, ...]:
        return tuple(figure for figure in self.media if not figure.is_video)

    def media_path(self, figure: Figure) -> str:
        """Below the page's own address: whoever shows the page shows its pictures, and whoever takes it down, too."""
        return f"/tin/{self.slug}/{figure.sha256}"

    @property
    def is_withdrawn(self) -> bool:
        return self.state == "withdrawn"

    @property
    def lead(self) -> str:
        first = self.body.strip().split("\n\n", 1)[0]
        return measure.shorten(self.summary or markup.to_text(first), 260)

    @property
    def month(self) -> str:
        return f"{self.published_at.astimezone(HANOI):%Y-%m}"

    def elsewhere(self, edition: Edition) -> str:
        """Its address in the other language of the pages."""
        twin = self.translates if edition.is_english else self.english
        return _other(edition).path(f"/tin/{twin.slug if twin else self.slug}")

    @property
    def urn(self) -> str:
        return self.publication_id.urn


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")


def _other(edition: Edition) -> Edition:
    return VIETNAMESE if edition.is_english else ENGLISH


def page(site: Site, entry: Entry, edition: Edition = VIETNAMESE) -> bytes:
    elsewhere = entry.elsewhere(edition)
    evidence = entry.review.evidence if entry.review else ()
    body = wording.without_evidence(entry.body, evidence)
    if entry.is_withdrawn:
        return _render("bulletin_gone.html", site, edition, elsewhere, entry=entry)
    return _render(
        "bulletin_entry.html",
        site,
        edition,
        elsewhere,
        entry=entry,
        digest=entry.digest,
        text=markup.to_html(body),
        evidence=[one for one in evidence if one.url not in body],
        source_note=markup.to_inline(entry.source_note or ""),
        json_ld=script_json(news_article(site, entry)),
        claim_review=_claim_review(site, entry),
    )


def index(
    site: Site, entries: Sequence[Entry], months: Sequence[str], now: datetime, edition: Edition = VIETNAMESE
) -> bytes:
    """Urgent notices stand above all while they are in force, then what touches rights and duties, then the rest by
    time; withdrawals are not hidden."""
    live = _newest(in_edition((e for e in entries if not e.is_withdrawn), edition))
    urgent = [e for e in live if e.is_in_force(now)]
    rights = [e for e in live if e.affects_rights and e.published_at > now - RIGHTS_PINNED and e not in urgent]
    latest = [e for e in live if e not in urgent and e not in rights][:INDEX_SIZE]
    gone = [e for e in entries if e.is_withdrawn and e.updated_at > now - WITHDRAWN_SHOWN]
    return _render(
        "bulletin_index.html",
        site,
        edition,
        _other(edition).path("/"),
        here="/",
        urgent=urgent,
        rights=rights,
        latest=latest,
        withdrawn=sorted(gone, key=lambda e: e.updated_at, reverse=True),
        months=months,
    )


def in_edition(entries: Iterable[Entry], edition: Edition) -> Iterable[Entry]:
    """Of two texts that say the same, the one in the edition's language; what has one text alone is in both."""
    return (e for e in entries if not (e.english if edition.is_english else e.translates))


def month_page(site: Site, month: str, entries: Iterable[Entry], edition: Edition = VIETNAMESE) -> bytes:
    of_month = in_edition((e for e in entries if e.month == month and not e.is_withdrawn), edition)
    elsewhere = _other(edition).path(f"/thang/{month}")
    return _render("bulletin_month.html", site, edition, elsewhere, month=month, entries=_newest(of_month))


def missing(site: Site, edition: Edition = VIETNAMESE) -> bytes:
    return _render("bulletin_missing.html", site, edition, _other(edition).path("/"))


def search_page(site: Site, edition: Edition, **found: Any) -> bytes:
    """`found`: what was asked, the rows and whether there are more of them, or the name of what is wrong."""
    told: dict[str, Any] = {"asked": "", "found": (), "has_more": False, "trouble": None}
    return _render("bulletin_search.html", site, edition, _other(edition).path("/tim"), **(told | found))


def feed_files(site: Site, entries: Sequence[Entry], now: datetime, hub: str | None = None) -> dict[str, bytes]:
    """`hub`: the address of the hub that tells of changes, where there is one."""
    live = [_feed_item(site, e) for e in _newest(e for e in entries if not e.is_withdrawn)]
    gone = [Deleted(e.urn, e.updated_at) for e in entries if e.is_withdrawn]
    updated = max((e.updated_at for e in entries), default=now)
    head = Head(site.name, site.description, "/", "/feed.atom")
    return {
        "feed.rss": feeds.rss(site, live[: feeds.SIZE], updated, hub),
        "feed.atom": atom(site, head, live[: feeds.SIZE], gone, updated, hub),
        "feed.json": feeds.json_feed(site, live[: feeds.SIZE], hub),
        "recent.json": recent_file(live),
    }


def recent_file(items: Sequence[Item]) -> bytes:
    """What the news sitemap is made of when it is asked for: it must drop items as they turn two days old."""
    recent = items[:1000]
    rows = [
        {"url": i.url, "title": i.title, "published_at": i.published_at.isoformat(), "language": i.language}
        for i in recent
    ]
    return json.dumps(rows, ensure_ascii=False).encode()


def news_article(site: Site, entry: Entry) -> dict[str, Any]:
    office = {"@type": "GovernmentOrganization", "url": site.url("/")}
    publisher = {**office, "name": site.publisher}
    author = {**office, "name": entry.unit_name or site.publisher}
    url = site.url(f"/tin/{entry.slug}")
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": url,
        "headline": entry.title,
        "description": entry.lead,
        "inLanguage": entry.language,
        "datePublished": _local(entry.published_at),
        "dateModified": _local(entry.updated_at),
        "author": [author],
        "publisher": publisher,
        "mainEntityOfPage": {"@type": "WebPage", "@id": url},
        "isAccessibleForFree": True,
        **({"license": site.licence_url} if site.licence_url else {}),
        **({"image": [site.url(entry.media_path(picture)) for picture in entry.pictures]} if entry.pictures else {}),
    }


def _claim_review(site: Site, entry: Entry) -> Markup | None:
    """Of the message that stands; what was followed is no verdict any more."""
    if entry.review is None or entry.is_followed:
        return None
    path, told = f"/tin/{entry.slug}", entry.review
    whole = (path, entry.title, entry.language, entry.unit_name, entry.published_at)
    made = claim_review(site, told, *whole)
    return script_json(made) if made is not None else None


def cap_document(site: Site, entry: Entry) -> bytes:
    return cap.document(site, _message(entry))


def cap_feed(site: Site, entries: Iterable[Entry], now: datetime) -> bytes:
    """Of entries that have a CAP message, the newest change first; of what was withdrawn no words."""
    newest = sorted(entries, key=lambda e: (e.updated_at, e.slug), reverse=True)[: feeds.SIZE]
    return feeds.cap_index(site, [_notice(site, e) for e in newest], max((e.updated_at for e in newest), default=now))


def _notice(site: Site, entry: Entry) -> feeds.Notice:
    gone = VIETNAMESE.say("withdrawn_item", at=VIETNAMESE.when(entry.published_at))
    return feeds.Notice(
        id=entry.urn,
        title=gone if entry.is_withdrawn else entry.title,
        summary=(entry.withdrawn_reason or gone) if entry.is_withdrawn else entry.lead,
        author=entry.unit_name or site.publisher,
        kind=_message(entry).kind,
        message=site.url(cap.path_of(entry.slug)),
        page=site.url(f"/tin/{entry.slug}"),
        published_at=entry.published_at,
        updated_at=entry.updated_at,
    )


def _message(entry: Entry) -> cap.Message:
    return cap.Message(
        publication_id=entry.publication_id,
        slug=entry.slug,
        title=entry.title,
        text=markup.to_text(entry.body),
        language=entry.language,
        unit_name=entry.unit_name,
        sent=entry.published_at,
        is_urgent=entry.is_urgent,
        earlier=entry.earlier,
        review=entry.review,
        withdrawn_at=entry.updated_at if entry.is_withdrawn else None,
        withdrawn_reason=entry.withdrawn_reason,
    )


def script_json(value: Any) -> Markup:
    """JSON that cannot close the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def _feed_item(site: Site, entry: Entry) -> Item:
    note = Markup("<p><strong>Nguồn:</strong> {}</p>").format(markup.to_inline(entry.source_note or ""))
    ai = Markup("<p><em>Có sử dụng trí tuệ nhân tạo: {}</em></p>").format(entry.ai_label or "")
    lead = Markup("<p><strong>{}</strong></p>").format(entry.summary) if entry.summary else Markup("")
    shown = Markup("").join(
        Markup('<p><img src="{}" alt="{}"></p>').format(site.url(entry.media_path(figure)), figure.alt)
        for figure in entry.pictures
    )
    html = lead + shown + markup.to_html(entry.body)
    html += (note if entry.source_note else Markup("")) + (ai if entry.ai_label else Markup(""))
    return Item(
        id=entry.urn,
        url=site.url(f"/tin/{entry.slug}"),
        title=entry.title,
        summary=entry.lead,
        html=str(html),
        author=entry.unit_name or site.publisher,
        language=entry.language,
        published_at=entry.published_at,
        updated_at=entry.updated_at,
        tags=("quyền và nghĩa vụ",) if entry.affects_rights else (),
    )


def _newest(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: (e.published_at, e.slug), reverse=True)


def _local(at: datetime) -> str:
    return at.astimezone(HANOI).isoformat(timespec="seconds")


def _render(template: str, site: Site, edition: Edition, elsewhere: str, **values: Any) -> bytes:
    told: dict[str, Any] = {"site": site, "edition": edition, "w": edition.words, "here": None}
    told |= {"elsewhere": elsewhere, "other": _other(edition).code}
    return _templates().get_template(template).render(**(told | values)).encode()
