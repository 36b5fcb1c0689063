"""A small town over ten weeks, by chance but the same each time, and its reports from rows or from totals."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from libs.common import models as m
from libs.common.ids import floor_id, new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import Field, Role, TextKind
from services.reports import service
from services.reports.domain import Period
from services.reports.totals.jobs import count_days_into_totals
from services.reports.totals.rules import span_of
from tests.reports.city import City

Data = dict[str, Any]
DAYS, ITEMS, STORIES, CASES = 70, 240, 30, 30
MOMENT = timedelta(milliseconds=1)


class Town:
    def __init__(self, city: City, worker: JobContext[Any], seed: int) -> None:
        self.city, self.worker, self.db = city, worker, city.db
        self.chance = random.Random(seed)

    @property
    def now(self) -> datetime:
        return self.city.now

    def instant(self) -> datetime:
        """Some moment of the ten weeks; one in four is just before or at a midnight of Hà Nội."""
        at = self.now - DAYS * timedelta(days=1) + self.chance.random() * DAYS * timedelta(days=1)
        midnight = span_of(at.date()).end
        return self.chance.choice([at, at, at, min(midnight - self.chance.choice([MOMENT, 0 * MOMENT]), self.now)])

    async def settle(self) -> None:
        began = self.now - (DAYS + 1) * timedelta(days=1)
        groups = ("press", "portal", "forum", "citizen")
        sources = [await self.city.make.source(group=one, created_at=began) for one in groups]
        claim = await self.city.claim("Vỡ đê")
        stories = [self._story(began) for _ in range(STORIES)]
        items = [row for _ in range(ITEMS) for row in self._item(sources, stories, claim)]
        cases = [self._case(number) for number in range(CASES)]
        async with self.db.transaction() as session:
            session.add_all(stories)
            await session.flush()
            session.add_all([*items, *cases])

    def _story(self, at: datetime) -> m.Story:
        told = {"title": "Chuyện", "field": "y_te", "first_at": at, "last_at": self.now, "items": 1, "sources": 1}
        return m.Story(id=new_id(at), version=1, **told)

    def _item(self, sources: list[m.Source], stories: list[m.Story], claim: m.Claim) -> list[m.Base]:
        at, source, draw = self.instant(), self.chance.choice(sources), self.chance
        content = m.Content(
            id=new_id(at),
            source_id=source.id,
            kind="article",
            title="Tin",
            text="Tin",
            language="vi",
            published_from="feed",
            first_seen_at=at,
            content_hash=draw.randbytes(32),
            revision=1,
        )
        rows: list[m.Base] = [content]
        if draw.random() < 0.9:
            rows.append(self._annotation(content, at))
        if draw.random() < 0.7:
            story = {"story_id": draw.choice(stories).id, "source_id": source.id}
            rows.append(m.StoryItem(content_id=content.id, **story, score=1, epoch=1, assigned_at=at))
        if draw.random() < 0.1:
            match = {"score": 0.9, "state": draw.choice(["confirmed", "suggested"])}
            rows.append(m.ClaimMatch(claim_id=claim.id, content_id=content.id, created_at=at, **match))
        return rows

    def _annotation(self, content: m.Content, at: datetime) -> m.Annotation:
        return m.Annotation(
            content_id=content.id,
            source_id=content.source_id,
            field=self.chance.choice(list(Field)).value,
            kind=self.chance.choice(list(TextKind)).value,
            tone="neutral",
            field_score=0.9,
            tone_score=0.9,
            kind_score=0.9,
            risk=[],
            places=[],
            language="vi",
            model_versions={},
            content_revision=1,
            annotated_at=at,
        )

    def _case(self, number: int) -> m.FeedbackCase:
        at = self.instant()
        answered = min(at + self.chance.random() * timedelta(days=9), self.now) if self.chance.random() < 0.6 else None
        return m.FeedbackCase(
            id=new_id(at),
            reference=f"PA-2026-{900_000 + number}",
            kind=self.chance.choice(["criticism", "complaint", "report_of_problem"]),
            subject="Việc",
            body="Việc",
            urgency="normal",
            state="answered" if answered else "received",
            received_at=at,
            answered_at=answered,
            accept_due_at=at + timedelta(hours=24),
            updated_at=at,
        )

    # --- what happens to rows afterwards --------------------------------------------------------------------

    async def change_minds(self) -> None:
        """People label anew, put stories together, confirm matches and move cases; a content is taken out."""
        checker = await self.city.make.person(Role.FACT_CHECKER)
        async with self.db.transaction() as session:
            labelled = m.Annotation.content_id > floor_id(self.now - timedelta(days=40))
            await session.execute(update(m.Annotation).where(labelled).values(kind="praise", field="khac"))
            await session.execute(
                update(m.ClaimMatch).values(state="confirmed", decided_by=checker.id, decided_at=self.now)
            )
            await session.execute(update(m.FeedbackCase).values(kind="criticism"))
            first = (await session.scalars(select(m.Story.id).order_by(m.Story.id).limit(1))).one()
            together = m.StoryItem.content_id > floor_id(self.now - timedelta(days=20))
            await session.execute(update(m.StoryItem).where(together).values(story_id=first))
            await session.execute(delete(m.Content).where(m.Content.id > floor_id(self.now - timedelta(days=5))))

    async def drop_older_than(self, at: datetime, *models: type[m.Base]) -> None:
        """What retention does; by default to all that belongs to a content."""
        keys = {m.Content: m.Content.id, m.Annotation: m.Annotation.content_id, m.StoryItem: m.StoryItem.content_id}
        async with self.db.transaction() as session:
            for model in models or keys:
                await session.execute(delete(model).where(keys[model] < floor_id(at)))

    # --- counting and reporting -----------------------------------------------------------------------------

    async def count(self) -> int:
        """As the worker's loop does: until there is nothing to do."""
        days = 0
        while await count_days_into_totals(self.worker):
            days += 1
        return days

    async def report(self, kind: str, period: Period) -> Data:
        workshop = self.worker.resources.workshop
        snapshot = await service.freeze(workshop, kind, period, self.now)
        data: Data = snapshot.data
        return data


def numbers(data: Any) -> Any:
    """The data without where its figures come from and when they were read."""
    if isinstance(data, dict):
        if set(data) >= {"value", "formula"}:
            return data["value"]
        left_out = {"as_of", "source", "formula", "coverage", "sources"}
        return {name: numbers(one) for name, one in data.items() if name not in left_out}
    return [numbers(one) for one in data] if isinstance(data, list) else data
