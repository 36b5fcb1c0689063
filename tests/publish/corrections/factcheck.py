"""A fact-check desk for tests: claims with their evidence, the sources in which they were seen, and the API's verbs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lxml import etree

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom

PROOF = {"title": "Thông báo 12/TB-SNN của Sở Nông nghiệp", "url": "https://so.example.vn/thong-bao-12"}
NEWER = {"title": "Biên bản kiểm tra đập", "url": "https://so.example.vn/bien-ban-7"}
TOLD = "Đập Đồng Mô sắp vỡ, người dân phải rời nhà ngay trong đêm"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@dataclass
class FactCheck:
    room: Newsroom
    make: Make

    @property
    def now(self) -> datetime:
        return self.room.clock.now()

    async def claim(self, verdict: str | None = "tin_gia", state: str = "checked", **more: Any) -> m.Claim:
        values = {"text": TOLD, "evidence": [PROOF], "created_at": self.now, "updated_at": self.now, **more}
        return await self.make.add(m.Claim(id=new_id(self.now), verdict=verdict, state=state, **values))

    async def seen(
        self, claim: m.Claim, url: str, *, state: str = "confirmed", ago: timedelta = timedelta(hours=3), **source: Any
    ) -> m.Source:
        """In a content of a source of its own."""
        made = await self.make.source(**source)
        at = self.now - ago
        match = m.ClaimMatch(
            claim_id=claim.id, content_id=new_id(at), score=0.9, state=state, decided_by=new_id(at),
            created_at=self.now, source_id=made.id, title="Tin đồn vỡ đập lan nhanh", url=url, seen_at=at,
        )  # fmt: skip
        await self.make.add(match)
        return made

    async def post(self, path: str, **body: Any) -> Any:
        return await self.room.client.post(f"{API}/corrections{path}", json=body, headers=self.room.editor)

    async def get(self, path: str, **asked: Any) -> Any:
        got = await self.room.client.get(f"{API}/corrections{path}", params=asked, headers=self.room.editor)
        assert got.status_code == 200, got.text
        return got.json()

    async def drafted(self, claim: m.Claim, **body: Any) -> dict[str, Any]:
        made = await self.post("", claim_id=str(claim.id), **body)
        assert made.status_code == 201, made.text
        return dict(made.json()["publication"])

    async def followed(self, before: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
        body = {"step": step, "reason": "Sở Nông nghiệp vừa công bố biên bản", **body}
        made = await self.post(f"/{before['id']}/follow-ups", **body)
        assert made.status_code == 201, made.text
        return dict(made.json()["publication"])

    async def edited(self, draft: dict[str, Any]) -> dict[str, Any]:
        """A person takes the mark of the template off."""
        body = draft["body"].split("\n", 1)[1].strip()
        url = f"{API}/publications/{draft['id']}"
        answer = await self.room.client.patch(url, json={"body": body}, headers=self.room.editor)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def in_review(self, draft: dict[str, Any]) -> dict[str, Any]:
        made = await self.edited(draft)
        sent = await self.room.act("submit", made, self.room.editor)
        assert sent.status_code == 200, sent.text
        return made

    async def released(self, draft: dict[str, Any]) -> dict[str, Any]:
        made = await self.in_review(draft)
        for who in (self.room.speaker, self.room.second_speaker):
            answer = await self.room.act("approve", made, who, content_hash=made["content_hash"])
            assert answer.status_code == 200, answer.text
        return made

    async def out(self, draft: dict[str, Any]) -> dict[str, Any]:
        made = await self.released(draft)
        await self.room.deliver()
        return await self.room.read(made)

    async def read(self, publication: dict[str, Any]) -> dict[str, Any]:
        return dict(await self.get(f"/{publication['id']}"))

    async def page(self, publication: dict[str, Any]) -> str:
        got = await self.room.client.get(f"/tin/{publication['slug']}")
        assert got.status_code == 200
        return got.text

    async def cap(self, publication: dict[str, Any]) -> Any:
        got = await self.room.client.get(f"/cap/{publication['slug']}.xml")
        assert got.status_code == 200, got.text
        assert got.headers["content-type"].startswith("application/cap+xml")
        return etree.fromstring(got.content)

    def shown_files(self) -> str:
        """Every file that the public can be served."""
        root = self.room.resources.files.path("bulletin")
        return "\n".join(one.read_text("utf-8", errors="replace") for one in root.rglob("*") if one.is_file())


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


def ids(publications: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(one["id"]) for one in publications]
