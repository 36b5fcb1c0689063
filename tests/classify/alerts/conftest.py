"""The room: contents with their labels as others leave them, and the engine of alerts on them, as its database role."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.testing.make import Make
from services.classify.alerts import keeping, sweeping, telling
from services.classify.alerts.schemas import RuleBody
from services.classify.alerts.watching import watch_contents

REPORTS = {"kind": "threshold", "by": "place", "kinds": ["report_of_problem"], "count": 3, "window_minutes": 60}


@dataclass
class Room:
    make: Make
    owner: Database
    db: Database
    clock: FrozenClock
    keeper: UUID = field(default_factory=uuid4)
    sources: dict[str, UUID] = field(default_factory=dict)

    async def rule(self, condition: dict[str, Any] | None = None, **more: Any) -> m.AlertRule:
        body = RuleBody.model_validate({"name": "Quy tắc thử", "condition": condition or REPORTS, **more})
        async with self.db.transaction() as session:
            return await keeping.create_rule(session, body, by=self.keeper, now=self.clock.now())

    async def source(self, group: str = "citizen") -> UUID:
        if group not in self.sources:
            self.sources[group] = (await self.make.source(group=group)).id
        return self.sources[group]

    async def content(self, title: str = "Nước ngập đường", *, group: str = "citizen", **more: Any) -> UUID:
        labels: dict[str, Any] = {name: more.pop(name) for name in ("field", "kind", "tone", "places") if name in more}
        made = await self.make.content(source=None, source_id=await self.source(group), title=title, **more)
        await self.make.add(self.annotation(made.id, made.source_id, labels))
        return made.id

    def annotation(self, content_id: UUID, source_id: UUID, labels: dict[str, Any]) -> m.Annotation:
        values: dict[str, Any] = {
            "field": "do_thi", "kind": "report_of_problem", "tone": "problem", "places": ["00001"], **labels,
            "field_score": 1.0, "kind_score": 1.0, "tone_score": 1.0, "risk": [], "language": "vi",
            "model_versions": {}, "content_revision": 1, "annotated_at": self.clock.now(),
        }  # fmt: skip
        return m.Annotation(content_id=content_id, source_id=source_id, **values)

    async def contents(self, number: int, **more: Any) -> list[UUID]:
        return [await self.content(**more) for _ in range(number)]

    async def watch(self, ids: Iterable[UUID]) -> int:
        async with self.db.transaction() as session:
            return await watch_contents(session, list(ids), now=self.clock.now())

    async def told_of(self, number: int, **more: Any) -> int:
        return await self.watch(await self.contents(number, **more))

    async def sweep(self) -> int:
        async with self.db.transaction() as session:
            return await sweeping.sweep(session, self.clock.now())

    async def tell(self) -> int:
        async with self.db.transaction() as session:
            return await telling.tell_due(session, self.clock.now())

    def later(self, **more: float) -> None:
        self.clock.advance(timedelta(**more))

    async def rows(self, entity: Any, *where: Any) -> list[Any]:
        async with self.owner.transaction() as session:
            return list((await session.scalars(select(entity).where(*where).order_by(entity.id))).all())

    async def alerts(self) -> list[m.Alert]:
        return await self.rows(m.Alert)

    async def alert(self) -> m.Alert:
        [one] = await self.alerts()
        return one

    async def notifications(self) -> list[m.Notification]:
        return await self.rows(m.Notification)

    async def events(self) -> list[dict[str, Any]]:
        async with self.owner.transaction() as session:
            query = text("SELECT payload FROM outbox WHERE subject = 'lantoa.alert.raised.v1' ORDER BY id")
            return list((await session.execute(query)).scalars())

    async def acknowledge(self, alert_id: UUID) -> None:
        async with self.db.transaction() as session:
            await keeping.acknowledge(session, alert_id, "", by=self.keeper, now=self.clock.now())

    async def resolve(self, alert_id: UUID) -> None:
        async with self.db.transaction() as session:
            await keeping.resolve(session, alert_id, "", by=self.keeper, now=self.clock.now())

    async def mute(self, rule_id: UUID, **span: float) -> None:
        until = self.clock.now() + timedelta(**span)
        async with self.db.transaction() as session:
            await keeping.mute_rule(session, rule_id, until, "Đang sửa đường ống", by=self.keeper, now=self.clock.now())

    async def unmute(self, rule_id: UUID) -> None:
        async with self.db.transaction() as session:
            await keeping.unmute_rule(session, rule_id, by=self.keeper, now=self.clock.now())

    async def calm(self) -> None:
        """Nothing counts any more, as after the longest window; what goes on is over with the next sweep."""
        async with self.owner.transaction() as session:
            await session.execute(delete(m.AlertHit))
        await self.sweep()

    def id(self) -> UUID:
        return new_id(self.clock.now())


@pytest.fixture
def room(make: Make, db: Database, db_as: Callable[[str], Database], clock: FrozenClock) -> Room:
    return Room(make, db, db_as("classify"), clock)
