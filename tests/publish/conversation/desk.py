"""The officers' desk: comments arrive as the platform tells them, are labelled as intake and the classifier do, and are
answered by the worker's own loops."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select, text

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.testing.make import Make
from services.ingest.handover.service import receive_comments
from services.ingest.settings import IntakeSettings
from services.publish.conversation import jobs
from tests.publish.conformance.theatre import Theatre
from tests.publish.hearing.letters import body_of, of, rows, send
from tests.publish.newsroom import API
from tests.publish.officers import Officer

RULE = "Liên kết dẫn tới trang lừa đảo lấy tiền hoặc thông tin cá nhân bị ẩn."
REASON = "Có liên kết giả trang ngân hàng, đã kiểm tra"


@dataclass
class Desk:
    theatre: Theatre
    page: m.Channel
    post: dict[str, Any]
    make: Make
    officer: Officer
    other: Officer
    speaker: Officer
    second: Officer
    sign_in: Callable[..., Awaitable[Officer]]

    # --- what arrives ---

    async def comment(self, words: str = "Đường ngập quá", number: int = 77, **more: Any) -> UUID:
        """Told by the platform's hook; its id here."""
        said = {"comment_id": f"{of(self.post).partition('_')[2]}_{number}", "message": words, **more}
        assert await send(self.theatre, self.page, body_of(self.theatre, self.page, of(self.post), **said)) == 200
        return max((row for row in await rows(self.theatre, m.Comment)), key=lambda row: row.id).id

    async def real_comment(self, words: str = "Đường ngập quá") -> UUID:
        """One that stands on the platform too; it is heard of by reading there."""
        before = {row.id for row in await rows(self.theatre, m.Comment)}
        said = [{"text": words, "author": "Nguyễn Thị Bí Mật"}]
        await self.theatre.post("facebook/engage", post=of(self.post), replies=said)
        [number] = [one["id"] for one in await self.on_platform() if one["message"] == words][-1:]
        comment_id = await self.comment(words, number=int(number.rpartition("_")[2]))
        assert comment_id not in before
        return comment_id

    async def on_platform(self) -> list[dict[str, Any]]:
        """What readers and the page see under the post, straight from the platform."""
        platform = self.theatre.app.state.world.ledger.current
        found = [one for one in platform.of("facebook", "comment") if one.data["post_id"] == of(self.post)]
        return [{"id": one.subject, "message": one.data["text"], **one.data} for one in found]

    async def label(self, comment_id: UUID, *kinds: str) -> UUID:
        """As intake and the classifier do: the content of the comment, with these kinds one after the other."""
        now = self.theatre.newsroom.clock.now()
        async with self.theatre.newsroom.db.transaction() as session:
            await receive_comments(session, [comment_id], limits=IntakeSettings(), now=now)
            content_id = await session.scalar(select(func.content_of_comment(comment_id)))
            content = await session.get_one(m.Content, content_id)
            assert content_id is not None
            await session.execute(text("DELETE FROM annotations WHERE content_id = :id"), {"id": content_id})
            session.add(_annotation(content, kinds[-1], now))
            before: str | None = None
            for kind in kinds:
                session.add(_label(content_id, kind, before, now))
                before = kind
        return UUID(str(content_id))

    # --- what officers do ---

    async def get(self, path: str, who: Officer | None = None, **query: Any) -> httpx.Response:
        client = self.theatre.newsroom.client
        return await client.get(f"{API}/{path}", params=query, headers=(who or self.officer).headers)

    async def do(self, method: str, path: str, who: Officer | None = None, **body: Any) -> httpx.Response:
        client = self.theatre.newsroom.client
        sent = {"json": body} if method != "DELETE" else {}
        return await client.request(method, f"{API}/{path}", headers=(who or self.officer).headers, **sent)

    async def inbox(self, **query: Any) -> list[dict[str, Any]]:
        got = await self.get("conversations", **query)
        assert got.status_code == 200, got.text
        return list(got.json()["items"])

    async def reply(self, comment_id: UUID, body: str = "Đội thoát nước đang xử lý.", **more: Any) -> httpx.Response:
        return await self.do("POST", f"comments/{comment_id}/replies", body=body, **more)

    async def rule(self, **changes: Any) -> str:
        """A house rule in force."""
        unit = str(self.page.unit_id)
        told = {"unit_id": unit, "ground": "scam_link", "title": "Liên kết lừa đảo", "body": RULE, **changes}
        made = await self.do("POST", "house-rules", self.officer, **told)
        assert made.status_code == 201, made.text
        done = await self.do("POST", f"house-rules/{made.json()['id']}/in-force", self.speaker)
        assert done.status_code == 200, done.text
        return str(made.json()["id"])

    async def hide(self, comment_id: UUID, rule_id: str, who: Officer | None = None) -> httpx.Response:
        return await self.do("POST", f"comments/{comment_id}/hiding", who, rule_id=rule_id, reason=REASON)

    # --- what the worker does ---

    async def work(self, *, step: timedelta = timedelta(0)) -> None:
        """One turn of each loop, by a fresh process."""
        self.theatre.advance(step)
        self.theatre.newsroom.resources = self.theatre.resources()
        context = self.theatre.newsroom.context
        await jobs.answer(context)
        await jobs.look_for_replies(context)
        await jobs.show_protected(context)
        await jobs.hide_and_show(context)

    async def kept(self, table: type[Any]) -> list[Any]:
        return await rows(self.theatre, table)


def _annotation(content: m.Content, kind: str, now: Any) -> m.Annotation:
    return m.Annotation(
        content_id=content.id,
        source_id=content.source_id,
        field="do_thi",
        field_score=0.9,
        tone="neutral",
        tone_score=0.9,
        kind=kind,
        kind_score=0.9,
        risk=[],
        places=[],
        language="vi",
        toxicity=None,
        model_versions={},
        content_revision=content.revision,
        annotated_at=now,
    )


def _label(content_id: Any, kind: str, before: str | None, now: Any) -> m.LabelRecord:
    two = {"labelled_by": UUID(int=1), "second_by": UUID(int=2), "reason": "Không phải ý kiến mà là quảng cáo"}
    return m.LabelRecord(
        id=new_id(now),
        content_id=content_id,
        kind=kind,
        from_kind=before,
        labelled_at=now,
        **(two if before is not None else {"labelled_by": None, "second_by": None, "reason": None}),
    )
