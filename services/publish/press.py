"""The press: brings the bulletin's files up to the database. The files then stand without it.

One press prints at a time (advisory lock), each from what the database says at that moment, so the last print is
never older than the last change. A page's file is written before the lists that lead to it.
"""

import hashlib
import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common import web
from libs.common.clock import HANOI, Clock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.models.corrections import CorrectionStep
from libs.common.web import Site
from services.publish import bulletin, feeds, finding
from services.publish.adapters.own_site import content_digest
from services.publish.bulletin import Entry, Figure, Reference
from services.publish.chrome import EDITIONS, Edition
from services.publish.consultation import queries as consultations
from services.publish.consultation import windows
from services.publish.corrections.queries import earlier_of, later_of
from services.publish.corrections.rules import Told
from services.publish.service import links

FOLDER = "bulletin"
MARK = re.compile(rb'<meta name="lantoa:content" content="([0-9a-z]+)">')
TEMPLATES = Path(__file__).parent / "templates"
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('bulletin', 0))")
SHOWN = ("armed", "committed", "published", "withdrawing", "withdrawn")
RECENT = 200


class BulletinPress:
    def __init__(
        self,
        db: Database,
        files: FileStore,
        clock: Clock,
        site: Site,
        english: Site | None = None,
        hub: str | None = None,
    ) -> None:
        """`english`: the same site by its names in English; `hub`: the address that tells subscribers of the feeds."""
        self._db, self._files, self._clock, self._site = db, files, clock, site
        self._english, self._hub = english or site, hub

    async def publish(self, slug: str) -> None:
        """Print one page, its month, the front page, feeds and sitemaps."""
        async with self._db.transaction() as session:
            await session.execute(LOCK)
            entries = await entries_where(session, m.Publication.slug == slug)
            others = [other.slug for entry in entries for other in entry.earlier]
            others += [other.slug for entry in entries for other in (entry.corrects, *entry.corrected_by) if other]
            others += await _twin_slugs(session, [entry.publication_id for entry in entries])
            related = await entries_where(session, m.Publication.slug.in_(others), limit=len(others))
            for entry in (*entries, *related):
                self._print_page(entry)
            await finding.keep(session, entries)
            for code, target in await links.targets_of(session, [entry.publication_id for entry in entries]):
                self._write(f"l/{code}", target.encode())
            await self._print_lists(session, {entry.month for entry in (*entries, *related)})

    async def refresh(self) -> None:
        """Print the front page and the feeds again: items leave them as time passes."""
        async with self._db.transaction() as session:
            await session.execute(LOCK)
            await self._print_lists(session, set())

    async def print_all(self) -> int:
        """Print every page, as after a change of the templates; how many."""
        async with self._db.transaction() as session:
            await session.execute(LOCK)
            entries = await entries_where(session, limit=50_000)
            for entry in entries:
                self._print_page(entry)
            await finding.keep(session, entries)
            await self._print_lists(session, {entry.month for entry in entries})
        self._write("design", self._design())
        return len(entries)

    def is_current_design(self) -> bool:
        return self._files.read(f"{FOLDER}/design") == self._design()

    def led_to(self, code: str) -> str | None:
        """From its file: where a short link led when its page was printed last, a path of ours."""
        found = self._files.read(f"{FOLDER}/l/{code}")
        return found.decode() if found is not None else None

    def shown_digest(self, slug: str) -> str | None:
        found = MARK.search(self._files.read(f"{FOLDER}/tin/{slug}.html") or b"")
        return found.group(1).decode() if found else None

    def _print_page(self, entry: Entry) -> None:
        """What a page shows can be read before the page leads to it, and no more once it is withdrawn."""
        shown = {figure.sha256: figure.mime for figure in entry.media}
        if shown or self._files.read(f"{FOLDER}/tin/{entry.slug}.media") is not None:
            self._write(f"tin/{entry.slug}.media", json.dumps(shown, sort_keys=True).encode())
        for edition in EDITIONS:
            self._write(f"{folder(edition)}tin/{entry.slug}.html", bulletin.page(self._named(edition), entry, edition))
        message = f"cap/{entry.slug}.xml"
        if entry.has_cap or self._files.read(f"{FOLDER}/{message}") is not None:
            self._write(message, bulletin.cap_document(self._site, entry))
        if entry.is_withdrawn:
            self._write(f"tin/{entry.slug}.gone", b"")

    async def _print_lists(self, session: AsyncSession, months: set[str]) -> None:
        now = self._clock.now()
        entries = await entries_where(session, limit=RECENT)
        all_months = await months_of(session)
        for month in months:
            of_month = await entries_where(session, in_month(month), limit=2000)
            for edition in EDITIONS:
                page = bulletin.month_page(self._named(edition), month, of_month, edition)
                self._write(f"{folder(edition)}thang/{month}.html", page)
        for name, data in bulletin.feed_files(self._site, entries, now, self._hub).items():
            self._write(name, data)
        told = [entry for entry in entries if entry.has_cap or self._has_message(entry)]
        self._write("cap.atom", bulletin.cap_feed(self._site, told, now))
        self._write("lich.ics", windows.calendar(self._site, await consultations.list_public(session)))
        addresses = [(self._site.url(f"/tin/{slug}"), at) for slug, at in await live_pages(session)]
        self._write("sitemap.xml", feeds.sitemap(addresses))
        for edition in EDITIONS:
            page = bulletin.index(self._named(edition), entries, all_months, now, edition)
            self._write(f"{folder(edition)}index.html", page)

    def _has_message(self, entry: Entry) -> bool:
        """Also where nothing in it tells any more that it had one: it was withdrawn."""
        return entry.is_withdrawn and self._files.path(f"{FOLDER}/cap/{entry.slug}.xml").is_file()

    def _named(self, edition: Edition) -> Site:
        return self._english if edition.is_english else self._site

    def _write(self, name: str, data: bytes) -> None:
        """Unchanged files keep their time of change."""
        path = f"{FOLDER}/{name}"
        if self._files.read(path) != data:
            self._files.write(path, data)

    def _design(self) -> bytes:
        parts = [
            repr(self._site),
            repr(self._english),
            repr(EDITIONS),
            repr(self._hub),
            web.stylesheet(),
            (web.HERE / "templates/base.html").read_text("utf-8"),
        ]
        parts += [path.read_text("utf-8") for path in sorted(TEMPLATES.glob("*.html"))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest().encode()


def folder(edition: Edition) -> str:
    """In which an edition's files lie."""
    return f"{edition.code}/" if edition.prefix else ""


def local_month() -> Any:
    return func.to_char(func.timezone(HANOI.key, m.Delivery.committed_at), "YYYY-MM")


def in_month(month: str) -> Any:
    return local_month() == month


def on_bulletin() -> Any:
    """What the bulletin has shown: sent to it (and perhaps withdrawn since), as approved."""
    return (
        select(m.Publication, m.Delivery)
        .join(m.Delivery, m.Delivery.publication_id == m.Publication.id)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(
            m.Channel.kind == "own_site",
            m.Delivery.committed_at.is_not(None),
            m.Delivery.state.in_(SHOWN),
            # of a publication that is not withdrawn, a delivery that ended without a page
            (m.Delivery.state != "withdrawn") | (m.Publication.state == "withdrawn"),
        )
    )


async def entries_where(session: AsyncSession, *conditions: Any, limit: int = 1) -> list[Entry]:
    query = on_bulletin().where(*conditions).order_by(m.Delivery.committed_at.desc()).limit(limit)
    rows = [(publication, delivery) for publication, delivery in await session.execute(query)]
    ids = [publication.id for publication, _ in rows]
    corrected = [publication.corrects_id for publication, _ in rows if publication.corrects_id]
    originals = await _references(session, m.Publication.id.in_(corrected))
    later = await later_of(session, ids)
    followers = {each for found in later.values() for each in found}
    standing = (m.Publication.id.in_(followers), m.Publication.state != "withdrawn")
    corrections = await _references(session, *standing) if followers else []
    twins = await _twins(session, ids)
    found = [_related(to_entry(row), row[0], originals, corrections, later) for row in rows]
    earlier = await earlier_of(session, ids) if corrected else {}
    return [
        replace(entry, earlier=earlier.get(entry.publication_id, ()), **twins.get(entry.publication_id, {}))
        for entry in found
    ]


async def _twins(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The confirmed texts in the other language, as far as they stand on the bulletin."""
    t = m.PublicationTranslation
    mine = t.publication_id.in_(ids) | t.translates_id.in_(ids)
    pairs = (await session.scalars(select(t).where(t.confirmed_at.is_not(None), mine))).all()
    wanted = {each for pair in pairs for each in (pair.publication_id, pair.translates_id)}
    if not wanted:
        return {}
    standing = await _references(session, m.Publication.id.in_(wanted), m.Publication.state != "withdrawn")
    shown = {publication.id: reference for publication, reference in standing}
    found: dict[UUID, dict[str, Any]] = {}
    for pair in pairs:
        if pair.publication_id in shown and pair.translates_id in shown:
            found[pair.translates_id] = {"english": shown[pair.publication_id]}
            found[pair.publication_id] = {"translates": shown[pair.translates_id]}
    return found


async def _references(session: AsyncSession, *conditions: Any) -> list[tuple[m.Publication, Reference]]:
    """Pages that stand on the bulletin, oldest first."""
    query = on_bulletin().where(*conditions).order_by(m.Delivery.committed_at)
    found = []
    for publication, delivery in await session.execute(query):
        payload = delivery.handle["payload"]
        title = None if publication.state == "withdrawn" else payload.get("title")
        step = CorrectionStep(payload["review"]["step"]) if "review" in payload else None
        found.append((publication, Reference(publication.slug, title, delivery.committed_at, step)))
    return found


def _related(
    entry: Entry,
    publication: m.Publication,
    originals: Sequence[tuple[m.Publication, Reference]],
    corrections: Sequence[tuple[m.Publication, Reference]],
    later: Mapping[UUID, Container[UUID]],
) -> Entry:
    """With what it corrects and everything that followed it, as far as these stand on the bulletin."""
    corrects = next((shown for other, shown in originals if other.id == publication.corrects_id), None)
    corrected_by = tuple(shown for other, shown in corrections if other.id in later.get(publication.id, ()))
    return replace(entry, corrects=corrects, corrected_by=corrected_by)


async def _twin_slugs(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[str]:
    """Of the texts in the other language, also where one of the two is withdrawn: both pages speak of each other."""
    t = m.PublicationTranslation
    made = select(t.publication_id).where(t.confirmed_at.is_not(None), t.translates_id.in_(ids))
    original = select(t.translates_id).where(t.confirmed_at.is_not(None), t.publication_id.in_(ids))
    return (await session.scalars(select(m.Publication.slug).where(m.Publication.id.in_(made.union(original))))).all()


async def months_of(session: AsyncSession) -> list[str]:
    month = local_month()
    shown = on_bulletin().where(m.Publication.state != "withdrawn").with_only_columns(month).distinct()
    return sorted(await session.scalars(shown), reverse=True)


async def live_pages(session: AsyncSession) -> Sequence[tuple[str, datetime]]:
    live = on_bulletin().where(m.Publication.state != "withdrawn")
    query = live.with_only_columns(m.Publication.slug, m.Delivery.committed_at)
    rows = await session.execute(query.order_by(m.Delivery.committed_at.desc()).limit(50_000))
    return [(row[0], row[1]) for row in rows]


def to_entry(row: tuple[m.Publication, m.Delivery]) -> Entry:
    """The page shows the payload that was approved and armed, not what the row may say."""
    publication, delivery = row
    assert delivery.committed_at is not None
    withdrawn = publication.state == "withdrawn"
    payload = {} if withdrawn else delivery.handle["payload"]
    changed_at = (publication.withdrawn_at if withdrawn else None) or delivery.committed_at
    return Entry(
        publication_id=publication.id,
        slug=publication.slug,
        title=payload.get("title", ""),
        summary=payload.get("summary"),
        body=payload.get("body", ""),
        language=publication.language,
        kind=publication.kind,
        state=publication.state,
        affects_rights=publication.affects_rights,
        ai_label=payload.get("ai_label"),
        source_note=payload.get("source_note"),
        unit_name=delivery.handle["payload"].get("unit_name"),
        published_at=delivery.committed_at,
        updated_at=changed_at,
        digest="withdrawn" if withdrawn else content_digest(payload),
        withdrawn_reason=publication.withdrawn_reason if withdrawn else None,
        is_urgent=publication.is_urgent,
        media=tuple(_figure(file) for file in payload.get("media") or ()),
        review=Told.of(payload["review"]) if "review" in payload else None,
    )


def _figure(file: dict[str, Any]) -> Figure:
    known: dict[str, Any] = {each.name: file.get(each.name) for each in fields(Figure)}
    return Figure(**known)
