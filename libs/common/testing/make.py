"""Factories: a row with sensible values, committed, in one call."""

import hashlib
import itertools
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from libs.common import models as m
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.text import fold

T = TypeVar("T", bound=m.Base)
_numbers = itertools.count(1)


class Make:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._city: UUID | None = None

    async def add(self, row: T) -> T:
        async with self._db.transaction() as session:
            session.add(row)
        return row

    async def unit(self, name: str | None = None, kind: str = "ward", **values: Any) -> m.OrganizationUnit:
        n = next(_numbers)
        name = name or f"Phường Thử nghiệm {n}"
        defaults: dict[str, Any] = {
            "id": new_id(self._clock.now()),
            "code": f"T{n:05d}",
            "kind": kind,
            "name": name,
            "name_folded": fold(name),
            "valid_from": date(2025, 7, 1),
            "source": "test",
        }
        return await self.add(m.OrganizationUnit(**(defaults | values)))

    async def city(self) -> UUID:
        if self._city is None:
            self._city = (await self.unit("Thành phố Hà Nội", "city")).id
        return self._city

    async def person(self, *roles: Role, unit_id: UUID | None = None, **values: Any) -> m.Person:
        n, now = next(_numbers), self._clock.now()
        unit_id = unit_id or await self.city()
        defaults: dict[str, Any] = {
            "id": new_id(now),
            "subject": f"person-{n}",
            "display_name": f"Cán bộ {n}",
            "unit_id": unit_id,
            "created_at": now,
        }
        person = await self.add(m.Person(**(defaults | values)))
        for role in roles:
            await self.add(m.RoleGrant(id=new_id(now), person_id=person.id, role=role, unit_id=unit_id, valid_from=now))
        return person

    async def source(self, **values: Any) -> m.Source:
        n, now = next(_numbers), self._clock.now()
        defaults: dict[str, Any] = {
            "id": new_id(now),
            "kind": "feed",
            "name": f"Nguồn {n}",
            "url": f"https://nguon-{n}.example/rss",
            "group": "press",
            "language": "vi",
            "settings": {},
            "poll_seconds": 900,
            "next_poll_at": now,
            "state": "active",
            "failures": 0,
            "created_at": now,
        }
        return await self.add(m.Source(**(defaults | values)))

    async def content(self, source: m.Source | None = None, **values: Any) -> m.Content:
        n, now = next(_numbers), self._clock.now()
        source_id = source.id if source else (await self.source()).id
        text = values.get("text", f"Nội dung số {n}.")
        defaults: dict[str, Any] = {
            "id": new_id(now),
            "source_id": source_id,
            "kind": "article",
            "url": f"https://tin.example/{n}",
            "title": f"Tin số {n}",
            "summary": None,
            "text": text,
            "language": "vi",
            "published_at": now,
            "published_from": "feed",
            "first_seen_at": now,
            "content_hash": hashlib.sha256(text.encode()).digest(),
            "revision": 1,
        }
        return await self.add(m.Content(**(defaults | values)))

    async def channel(self, kind: str = "own_site", **values: Any) -> m.Channel:
        n, now = next(_numbers), self._clock.now()
        defaults: dict[str, Any] = {
            "id": new_id(now),
            "kind": kind,
            "name": f"Kênh {n}",
            "unit_id": values.get("unit_id") or await self.city(),
            "owner_kind": "official",
            "address": f"kenh-{n}",
            "settings": {},
            "state": "active",
            "is_city_official": False,
            "created_at": now,
        }
        return await self.add(m.Channel(**(defaults | values)))
