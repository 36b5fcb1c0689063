"""The desk: contents as ingest leaves them, and the service's own handlers and jobs on them, as its database role."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from libs.common import models as m
from libs.common.bus import HandlerContext
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.events.content import BATCH_LIMIT, ClassifiedItem, ContentsClassified, ContentsIngested
from libs.common.ids import new_id
from libs.common.testing.make import Make
from libs.common.units import load_gazetteer
from services.classify import adapters  # noqa: F401
from services.classify.adapters.base import CLASSIFIERS
from services.classify.assigning import Seat, assign_batch
from services.classify.places import Gazetteer
from services.classify.resources import Resources
from services.classify.settings import ClassifySettings, StorySettings
from services.classify.subscribers import on_contents_classified, on_contents_ingested


@dataclass
class Desk:
    make: Make
    owner: Database
    db: Database
    clock: FrozenClock
    held: Resources
    settings: StorySettings = field(default_factory=StorySettings)
    sources: dict[tuple[str, str], UUID] = field(default_factory=dict)

    async def source(self, group: str = "press", name: str = "") -> UUID:
        key = (group, name)
        if key not in self.sources:
            more = {"name": name} if name else {}
            self.sources[key] = (await self.make.source(group=group, **more)).id
        return self.sources[key]

    async def content(self, title: str, body: str, *, group: str = "press", source: str = "", **more: Any) -> UUID:
        kind = {"forum": "post", "citizen": "report", "portal": "release", "official": "release"}.get(group, "article")
        values = {"kind": kind, "title": title, "text": body, **more}
        made = await self.make.content(source=None, source_id=await self.source(group, source), **values)
        return made.id

    async def annotate(self, ids: Iterable[UUID]) -> None:
        """What the handler of `content.ingested` does, in a transaction of the service's role."""
        ids = list(ids)
        for start in range(0, len(ids), BATCH_LIMIT):
            event = ContentsIngested(content_ids=ids[start : start + BATCH_LIMIT])
            async with self.db.transaction() as session:
                await on_contents_ingested([event], HandlerContext(session, self.clock.now(), self.held))

    async def index(self, ids: Iterable[UUID]) -> None:
        """What the handler of our own `content.classified` does."""
        items = [ClassifiedItem(content_id=i, kind="news", field="khac", tone="neutral") for i in ids]
        async with self.db.transaction() as session:
            context = HandlerContext(session, self.clock.now(), self.held)
            await on_contents_classified([ContentsClassified(items=items)], context)

    async def revise(self, content_id: UUID, body: str) -> None:
        """A new version, as ingest writes it: the old one is kept beside it."""
        now = self.clock.now()
        async with self.owner.transaction() as session:
            old = await session.get(m.Content, content_id)
            assert old is not None
            kept = {"title": old.title, "summary": old.summary, "text": old.text, "content_hash": old.content_hash}
            revision = {"id": new_id(now), "content_id": content_id, "revision": old.revision, "seen_at": now}
            session.add(m.ContentRevision(**kept, **revision))
            changed = {
                "text": body,
                "revision": old.revision + 1,
                "content_hash": hashlib.sha256(body.encode()).digest(),
            }
            await session.execute(update(m.Content).where(m.Content.id == content_id).values(changed))

    async def assign(self, seat: Seat | None = None, settle: bool = True) -> int:
        """The assigner's loop until nothing is left, after the margin of settling."""
        if settle:
            self.clock.advance(timedelta(seconds=self.settings.settle_seconds + 1))
        total = 0
        while done := await assign_batch(self.db, self.clock, seat or self.held.seat, self.settings):
            total += done
        return total

    async def rows(self, entity: Any, *where: Any) -> list[Any]:
        async with self.owner.transaction() as session:
            return list((await session.scalars(select(entity).where(*where))).all())

    async def events(self, subject: str) -> list[dict[str, Any]]:
        async with self.owner.transaction() as session:
            query = text("SELECT payload FROM outbox WHERE subject = :subject ORDER BY id")
            return list((await session.execute(query, {"subject": subject})).scalars())

    async def stories(self) -> dict[UUID, UUID]:
        return {row.content_id: row.story_id for row in await self.rows(m.StoryItem)}


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return Gazetteer(load_gazetteer())


@pytest.fixture
def desk(
    make: Make,
    db: Database,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
    settings_for: Callable[..., Any],
    gazetteer: Gazetteer,
) -> Desk:
    settings = settings_for(ClassifySettings, "classify")
    held = Resources(settings, CLASSIFIERS.get("lexicon")(), gazetteer)
    return Desk(make, db, db_as("classify"), clock, held)


Door = Callable[..., Awaitable[Any]]
