"""A day of a city in the database, row by row, as the other services would have written it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make

API = "/api/reports/v1"
AUTHOR, PHONE, EMAIL = "Lò Thị Tác Giả", "0912345678", "tacgia.rieng@example.com"
"""Planted where a row could carry them; they may be in nothing that is made from the rows."""

CARRIED = "Lời đăng trên kênh."


class City:
    def __init__(self, db: Database, make: Make, clock: FrozenClock) -> None:
        self.db, self.make, self.clock = db, make, clock
        self.numbers = iter(range(1, 10_000))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def item(self, source: m.Source, kind: str | None = "news", **values: Any) -> m.Content:
        content = await self.make.content(source, **values)
        if kind is not None:
            await self.make.add(
                m.Annotation(
                    content_id=content.id,
                    source_id=source.id,
                    field="giao_thong",
                    field_score=0.9,
                    tone="neutral",
                    tone_score=0.9,
                    kind=kind,
                    kind_score=0.9,
                    risk=[],
                    places=[],
                    language="vi",
                    model_versions={},
                    content_revision=1,
                    annotated_at=self.now,
                )
            )
        return content

    async def story(self, title: str, contents: list[m.Content]) -> m.Story:
        story = await self.make.add(
            m.Story(
                id=new_id(self.now),
                title=title,
                field="giao_thong",
                first_at=self.now - timedelta(hours=1),
                last_at=self.now,
                items=len(contents),
                sources=len({content.source_id for content in contents}),
                version=1,
            )
        )
        for content in contents:
            await self.make.add(
                m.StoryItem(
                    content_id=content.id,
                    story_id=story.id,
                    source_id=content.source_id,
                    score=0.8,
                    epoch=1,
                    assigned_at=self.now,
                )
            )
        return story

    async def claim(self, words: str, state: str = "published", verdict: str = "tin_gia") -> m.Claim:
        return await self.make.add(
            m.Claim(
                id=new_id(self.now),
                text=words,
                verdict=verdict,
                evidence=["https://chinhphu.example/van-ban"],
                state=state,
                created_at=self.now,
                updated_at=self.now,
            )
        )

    async def case(self, kind: str = "criticism", **values: Any) -> m.FeedbackCase:
        number = next(self.numbers)
        defaults: dict[str, Any] = {
            "id": new_id(self.now),
            "reference": f"PA-2026-{number:06d}",
            "kind": kind,
            "subject": f"{AUTHOR} phê bình cách trả lời",
            "body": f"Tôi là {AUTHOR}, điện thoại {PHONE}.",
            "urgency": "normal",
            "state": "received",
            "received_at": self.now,
            "accept_due_at": self.now + timedelta(hours=24),
            "updated_at": self.now,
        }
        return await self.make.add(m.FeedbackCase(**(defaults | values)))

    async def publication(
        self,
        title: str,
        *channels: m.Channel,
        kind: str = "announcement",
        state: str = "published",
        unit_id: UUID | None = None,
        is_drill: bool = False,
    ) -> m.Publication:
        """Through the same gates as any: a draft, a revision, two other people, and then its state."""
        unit_id = unit_id or await self.make.city()
        author = await self.make.person(Role.EDITOR, unit_id=unit_id, display_name=AUTHOR)
        number = next(self.numbers)
        one = await self.make.add(
            m.Publication(
                id=new_id(self.now),
                unit_id=unit_id,
                kind=kind,
                title=title,
                summary="Tóm tắt.",
                body="Nội dung.",
                slug=f"bai-{number}",
                state="draft",
                revision=1,
                content_hash=hashlib.sha256(title.encode()).digest(),
                is_drill=is_drill,
                created_by=author.id,
                created_at=self.now,
                updated_at=self.now,
            )
        )
        for channel in channels:
            await self.make.add(
                m.Variant(
                    id=new_id(self.now),
                    publication_id=one.id,
                    channel_id=channel.id,
                    revision=1,
                    text=CARRIED,
                    link=None,
                )
            )
        await self.make.add(
            m.PublicationRevision(
                id=new_id(self.now),
                publication_id=one.id,
                revision=1,
                content_hash=one.content_hash,
                edited_by=author.id,
                edited_at=self.now,
            )
        )
        if state == "draft":
            return one
        await self.change(m.Publication, one.id, state="in_review")
        for _ in range(2):
            speaker = await self.make.person(Role.SPOKESPERSON, unit_id=unit_id)
            await self.make.add(
                m.Approval(
                    id=new_id(self.now),
                    publication_id=one.id,
                    revision=1,
                    content_hash=one.content_hash,
                    approver_id=speaker.id,
                    approved_at=self.now,
                )
            )
        at = self.now if state in ("published", "partly_published") else None
        await self.change(m.Publication, one.id, state=state, published_at=at)
        return one

    async def delivery(self, one: m.Publication, channel: m.Channel, state: str, url: str | None) -> m.Delivery:
        return await self.make.add(
            m.Delivery(
                id=new_id(self.now),
                publication_id=one.id,
                channel_id=channel.id,
                revision=1,
                state=state,
                platform_url=url,
                handle={"text": CARRIED, "link": None, "payload": {"by": AUTHOR}},
                not_before=self.now,
                confirmed_at=self.now if state == "published" else None,
                updated_at=self.now,
            )
        )

    async def point(self, delivery: m.Delivery, metric: str, value: int | None, at: datetime | None = None) -> None:
        await self.make.add(
            m.EngagementPoint(
                id=new_id(self.now),
                delivery_id=delivery.id,
                metric=metric,
                value=value,
                definition=f"{metric} do nền tảng đếm",
                as_of=at or self.now,
            )
        )

    async def change(self, model: type[m.Base], row_id: UUID, **values: Any) -> None:
        async with self.db.transaction() as session:
            row = await session.get(model, row_id)
            for name, value in values.items():
                setattr(row, name, value)
