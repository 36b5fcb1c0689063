"""The counting desk: labelled contents as they lie in the database, and the loops of trends on them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text, update

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from services.classify.trends import bursts, counting, forecasting
from services.classify.trends.queries import get_mark
from services.classify.trends.settings import TrendSettings

_numbers = itertools.count()


@dataclass
class Counter:
    owner: Database
    db: Database
    clock: FrozenClock
    source_id: UUID
    settings: TrendSettings

    async def contents(self, *moments: datetime, labelled: bool = True, **more: Any) -> list[UUID]:
        """Contents seen at these moments, with labels unless they are to wait for them."""
        labels = {name: more.pop(name) for name in ("field", "places", "story_id") if name in more}
        rows = [self._content(at, more) for at in moments]
        async with self.owner.transaction() as session:
            await session.execute(insert(m.Content), rows)
        ids: list[UUID] = [row["id"] for row in rows]
        if labelled:
            await self.label(ids, **labels)
        return ids

    def _content(self, at: datetime, more: dict[str, Any]) -> dict[str, Any]:
        number = next(_numbers)
        values = {"source_id": self.source_id, "kind": "article", "url": f"https://tin.example/{number}"}
        values |= {"title": f"Tin số {number}", "summary": None, "text": "Nội dung.", "language": "vi", "revision": 1}
        values |= {"published_at": at, "published_from": "feed", "first_seen_at": at}
        return {**values, "id": new_id(at), "content_hash": number.to_bytes(32, "big"), **more}

    async def label(
        self, ids: Sequence[UUID], field: str = "giao_thong", places: Sequence[str] = (), story_id: UUID | None = None
    ) -> None:
        now = self.clock.now()
        values = {"source_id": self.source_id, "field": field, "field_score": 0.9, "tone": "neutral", "tone_score": 0.9}
        values |= {"kind": "news", "kind_score": 0.9, "risk": [], "places": list(places), "language": "vi"}
        values |= {"model_versions": {}, "content_revision": 1, "annotated_at": now}
        async with self.owner.transaction() as session:
            await session.execute(insert(m.Annotation), [{"content_id": one, **values} for one in ids])
        if story_id:
            await self.tell(ids, story_id)

    async def tell(self, ids: Sequence[UUID], story_id: UUID, title: str = "Cháy chợ Hàng Da") -> None:
        now = self.clock.now()
        async with self.owner.transaction() as session:
            if await session.get(m.Story, story_id) is None:
                numbers = {"items": 1, "sources": 1, "version": 1, "first_at": now, "last_at": now}
                session.add(m.Story(id=story_id, title=title, field="chay_no", **numbers))
                await session.flush()
            rows = {"story_id": story_id, "source_id": self.source_id, "score": 1.0, "epoch": 1, "assigned_at": now}
            await session.execute(insert(m.StoryItem), [{"content_id": one, **rows} for one in ids])

    async def relabel(self, content_id: UUID, **values: Any) -> None:
        async with self.owner.transaction() as session:
            changed = {**values, "annotated_at": self.clock.now()}
            await session.execute(update(m.Annotation).where(m.Annotation.content_id == content_id).values(changed))

    async def count(self) -> int:
        """The loop of counting until nothing is left; how many contents."""
        total, taken = 0, -1
        while taken:
            async with self.db.transaction() as session:
                taken = await counting.count_contents(session, self.settings, now=self.clock.now())
            total += taken
        return total

    async def read(self) -> int:
        """The loops of bursts until nothing is left; how many turns of series."""
        total, turns = 0, -1
        while turns:
            async with self.db.transaction() as session:
                turns = await bursts.read_series(session, self.settings, now=self.clock.now())
            total += turns
        async with self.db.transaction() as session:
            await bursts.read_stories(session, self.settings, now=self.clock.now())
        return total

    async def forecast(self) -> int:
        total, done = 0, -1
        while done:
            async with self.db.transaction() as session:
                done = await forecasting.forecast_next(session, self.settings, now=self.clock.now())
            total += done
        return total

    async def prune(self) -> int:
        async with self.db.transaction() as session:
            return await counting.prune(session, self.settings, now=self.clock.now())

    async def points(self, dimension: str | None = None) -> dict[tuple[str, str, datetime], int]:
        query = text(
            "SELECT dimension, key, bucket_at, count FROM series_points JOIN series ON series.id = series_id "
            "WHERE dimension = coalesce(:dimension, dimension)"
        )
        async with self.owner.transaction() as session:
            rows = (await session.execute(query, {"dimension": dimension})).all()
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    async def mark(self, name: str = "counted") -> datetime | None:
        async with self.owner.transaction() as session:
            return await get_mark(session, name)

    async def fill(self, dimension: str, key: str, counts: dict[datetime, int]) -> UUID:
        """A history as counting would have left it, and the mark behind it."""
        series_id = new_id(self.clock.now())
        async with self.owner.transaction() as session:
            session.add(m.Series(id=series_id, dimension=dimension, key=key, created_at=min(counts)))
            await session.flush()
            rows = [{"series_id": series_id, "bucket_at": at, "count": n} for at, n in counts.items() if n]
            await session.execute(insert(m.SeriesPoint), rows)
            reached = max(counts) + timedelta(minutes=5)
            await session.merge(m.SeriesMark(name="counted", reached_at=reached))
        return series_id

    async def replace(self, series_id: UUID, counts: dict[datetime, int]) -> None:
        """Another history in a series that is already there."""
        async with self.owner.transaction() as session:
            await session.execute(delete(m.SeriesPoint).where(m.SeriesPoint.series_id == series_id))
            rows = [{"series_id": series_id, "bucket_at": at, "count": n} for at, n in counts.items() if n]
            await session.execute(insert(m.SeriesPoint), rows)
