"""What tests of intake do over and over: register, poll, push, and look at the rows."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.testing.make import Make
from services.ingest.jobs import poll_due_source
from services.ingest.resources import open_resources
from services.ingest.settings import IngestSettings

API = "/api/ingest/v1"


@dataclass(frozen=True)
class Item:
    """One entry of a feed a test writes."""

    link: str
    title: str
    text: str = "Tóm tắt ngắn."
    full: str = ""


def rss(*items: Item) -> bytes:
    entries = "".join(
        f"<item><guid isPermaLink='false'>{one.link}</guid><link>{one.link.replace('&', '&amp;')}</link>"
        f"<title>{one.title}</title><description>{one.text}</description>"
        + (f"<content:encoded><![CDATA[<p>{one.full}</p>]]></content:encoded>" if one.full else "")
        + "</item>"
        for one in items
    )
    space = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    return f"<rss version='2.0' {space}><channel><title>Báo</title>{entries}</channel></rss>".encode()


def article(title: str, sentence: str, times: int = 12) -> bytes:
    body = "".join(f"<p>{sentence} Đoạn {n}, kể tiếp chuyện của khu phố trong buổi sáng nay.</p>" for n in range(times))
    return (
        f"<html lang='vi'><head><title>{title}</title></head><body><nav>Trang chủ</nav>"
        f"<article><h1>{title}</h1>{body}</article></body></html>"
    ).encode()


@dataclass
class Desk:
    client: httpx.AsyncClient
    settings: IngestSettings
    editor: dict[str, str]
    db: Database
    worker_db: Database
    make: Make
    clock: FrozenClock

    # --- over HTTP ----------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, *, who: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        headers = dict(self.editor if who is None else who) | more.pop("headers", {})
        return await self.client.request(method, API + path, headers=headers, **more)

    async def register(self, url: str | None, kind: str = "feed", group: str = "press", **more: Any) -> dict[str, Any]:
        body = {"kind": kind, "name": more.pop("name", f"Nguồn {url}"), "group": group, **more}
        answer = await self.ask("POST", "/sources", json=body if url is None else body | {"url": url})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def health(self, source_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("GET", f"/sources/{source_id}")).json()
        return found

    async def push(self, rows: Sequence[Any], **more: Any) -> httpx.Response:
        return await self.ask("POST", "/contents/bulk", json={"items": rows}, **more)

    # --- the worker ---------------------------------------------------------------------------------------

    async def poll(self, loops: int = 1, resources: Callable[[Any], Any] | None = None) -> int:
        """Run the claim loops of a worker until nothing is due; how many polls that were."""
        async with open_resources(self.settings, self.worker_db, self.clock) as held:
            used = resources(held) if resources else held
            context = JobContext(self.worker_db, self.clock, used, asyncio.Event())

            async def loop() -> int:
                done = 0
                while await poll_due_source(context):
                    done += 1
                return done

            return sum(await asyncio.gather(*(loop() for _ in range(loops))))

    async def later(self, **by: Any) -> int:
        """Let time pass, and poll what is due then."""
        self.clock.advance(timedelta(**by))
        return await self.poll()

    # --- rows ---------------------------------------------------------------------------------------------

    async def contents(self) -> list[m.Content]:
        async with self.db.transaction() as session:
            return list(await session.scalars(select(m.Content).order_by(m.Content.id)))

    async def revisions(self) -> list[m.ContentRevision]:
        async with self.db.transaction() as session:
            return list(await session.scalars(select(m.ContentRevision).order_by(m.ContentRevision.id)))

    async def fetches(self, source_id: str | UUID | None = None) -> list[m.Fetch]:
        query = select(m.Fetch).order_by(m.Fetch.id)
        if source_id is not None:
            query = query.where(m.Fetch.source_id == UUID(str(source_id)))
        async with self.db.transaction() as session:
            return list(await session.scalars(query))

    async def cases(self) -> list[m.FeedbackCase]:
        async with self.db.transaction() as session:
            return list(await session.scalars(select(m.FeedbackCase).order_by(m.FeedbackCase.id)))

    async def events(self, subject: str) -> list[dict[str, Any]]:
        query = select(m.OutboxEvent.payload).where(m.OutboxEvent.subject == subject).order_by(m.OutboxEvent.id)
        async with self.db.transaction() as session:
            return list(await session.scalars(query))

    async def count(self, table: type[m.Base]) -> int:
        async with self.db.transaction() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


def ndjson(rows: Sequence[Any]) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows).encode()
