"""The front page as its readers ask for it, and what a newsroom writes before they do."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from tests.reports.city import API, City

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    async def asked(part: str, who: dict[str, str]) -> dict[str, Any]:
        got = await client.get(f"{API}/dashboards/{part}", headers=who)
        assert got.status_code == 200, got.text
        return dict(got.json())

    return asked


class Newsroom:
    """`sign_in` gives the headers of somebody known; `draft` writes without approving."""

    def __init__(self, city: City, issuer: Path, clock: FrozenClock) -> None:
        self.city, self._issuer, self._clock = city, issuer, clock

    def sign_in(self, person: m.Person) -> dict[str, str]:
        return {"Authorization": f"Bearer {dev_token(self._issuer, person.subject, self._clock.now())}"}

    async def draft(self, title: str, author: m.Person, unit_id: UUID | None = None, **values: Any) -> m.Publication:
        make, now = self.city.make, self.city.now
        one = await make.add(
            m.Publication(
                id=new_id(now),
                unit_id=unit_id or author.unit_id,
                kind=values.pop("kind", "announcement"),
                title=title,
                summary="Tóm tắt.",
                body="Nội dung.",
                slug=f"tin-{new_id(now)}",
                state="draft",
                revision=1,
                content_hash=hashlib.sha256(title.encode()).digest(),
                created_by=author.id,
                created_at=now,
                updated_at=now,
                **values,
            )
        )
        row = {"publication_id": one.id, "revision": 1, "content_hash": one.content_hash}
        await make.add(m.PublicationRevision(id=new_id(now), edited_by=author.id, edited_at=now, **row))
        return one

    async def in_review(self, title: str, author: m.Person, **values: Any) -> m.Publication:
        one = await self.draft(title, author, **values)
        await self.city.change(m.Publication, one.id, state="in_review")
        return one

    async def approved(self, title: str, author: m.Person, state: str = "approved", **values: Any) -> m.Publication:
        one = await self.in_review(title, author, **values)
        await self.approve(one, await self.city.make.person(Role.SPOKESPERSON, unit_id=one.unit_id))
        await self.city.change(m.Publication, one.id, state=state)
        return one

    async def approve(self, one: m.Publication, person: m.Person) -> None:
        now = self.city.now
        row = {"publication_id": one.id, "revision": 1, "content_hash": one.content_hash}
        await self.city.make.add(m.Approval(id=new_id(now), approver_id=person.id, approved_at=now, **row))


@pytest.fixture
def newsroom(city: City, issuer: Path, clock: FrozenClock) -> Newsroom:
    return Newsroom(city, issuer, clock)
