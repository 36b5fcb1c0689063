"""A selection of partners for tests: candidates with their papers, through the API as officials do it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom

DECISION = "Chốt danh sách đối tác lan tỏa thông tin của thành phố năm nay."


@dataclass
class Shortlist:
    room: Newsroom
    make: Make
    selection: dict[str, Any]
    letter: m.Medium

    @property
    def url(self) -> str:
        return f"{API}/partner-selections/{self.selection['id']}"

    async def post(self, path: str, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return await self.room.client.post(f"{API}{path}", json=body, headers=who or self.room.editor)

    async def candidate(self, name: str, **changes: Any) -> dict[str, Any]:
        made = await self.add(name, **changes)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def add(self, name: str, **changes: Any) -> httpx.Response:
        body = {
            "kind": "page",
            "platform": "facebook",
            "name": f"Trang {name}",
            "url": f"https://www.facebook.com/{name}",
            "contact_role": "Ban quản trị trang",
        }
        return await self.post(f"/partner-selections/{self.selection['id']}/partners", **{**body, **changes})

    async def measure(self, partner: dict[str, Any], followers: int = 50_000, days: float = 1) -> httpx.Response:
        measured_at = (self.room.clock.now() - timedelta(days=days)).isoformat()
        shown = {"measured_at": measured_at, "source_url": partner["url"]}
        return await self.post(f"/partners/{partner['id']}/proofs", followers=followers, **shown)

    async def clear(self, partner: dict[str, Any], result: str = "clear") -> httpx.Response:
        told = {"result": result, "note": "Đã đối chiếu danh sách cán bộ và hợp đồng"}
        return await self.post(f"/partners/{partner['id']}/conflict-check", **told)

    async def agree(self, partner: dict[str, Any]) -> httpx.Response:
        told = {"medium_id": str(self.letter.id), "consent_at": self.room.clock.now().isoformat()}
        return await self.post(f"/partners/{partner['id']}/consent", **told)

    async def fit(self, name: str, followers: int = 50_000, days: float = 1) -> dict[str, Any]:
        partner = await self.candidate(name)
        for answer in (
            await self.measure(partner, followers, days),
            await self.clear(partner),
            await self.agree(partner),
        ):
            assert answer.is_success, answer.text
        return partner

    async def select(self, partner: dict[str, Any]) -> httpx.Response:
        return await self.post(f"/partners/{partner['id']}/select")

    async def selected(self, count: int, days: float = 1) -> list[dict[str, Any]]:
        partners = [await self.fit(f"trang.{number}", days=days) for number in range(count)]
        for partner in partners:
            assert (await self.select(partner)).is_success
        return partners

    async def decide(self, who: dict[str, str] | None = None) -> httpx.Response:
        path = f"/partner-selections/{self.selection['id']}/decide"
        return await self.post(path, who or self.room.speaker, decision=DECISION)

    async def decided(self, count: int = 10) -> list[dict[str, Any]]:
        partners = await self.selected(count)
        answer = await self.decide()
        assert answer.is_success, answer.text
        return partners

    async def seen(self) -> dict[str, Any]:
        return dict((await self.room.client.get(self.url, headers=self.room.editor)).json())

    async def tasks(self) -> list[tuple[str, str]]:
        """Kind and title of what is open."""
        answer = await self.room.client.get(f"{API}/tasks", headers=self.room.editor)
        return [(task["kind"], task["title"]) for task in answer.json()["items"] if task["state"] == "open"]


async def open_shortlist(room: Newsroom, make: Make, **rule: Any) -> Shortlist:
    body = {"title": "Đối tác lan tỏa thông tin 2026", **rule}
    made = await room.client.post(f"{API}/partner-selections", json=body, headers=room.admin)
    assert made.status_code == 201, made.text
    now = room.clock.now()
    somebody = await make.person()
    letter = await make.add(
        m.Medium(
            id=new_id(now),
            unit_id=room.bulletin.unit_id,
            sha256=hashlib.sha256(b"thu dong y").digest(),
            mime="image/jpeg",
            size=1000,
            alt="Thư đồng ý của đối tác",
            created_by=somebody.id,
            created_at=now,
        )
    )
    return Shortlist(room, make, dict(made.json()), letter)
