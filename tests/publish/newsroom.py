"""A newsroom for tests: people of one unit, channels, the real app, and the worker's loops turned by hand."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from services.publish import jobs
from services.publish.resources import PublishResources

API = "/api/publish/v1"
KEY = "khoa-bi-mat-cho-kiem-thu-0123456789"


@dataclass
class Newsroom:
    client: httpx.AsyncClient
    db: Database
    clock: FrozenClock
    editor: dict[str, str]
    speaker: dict[str, str]
    second_speaker: dict[str, str]
    admin: dict[str, str]
    bulletin: m.Channel
    resources: PublishResources
    worker_db: Database
    people: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> JobContext[PublishResources]:
        return JobContext(self.worker_db, self.clock, self.resources, asyncio.Event())

    async def draft(self, *channels: m.Channel, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "title": "Điều chỉnh lộ trình xe buýt số 32",
            "summary": "Từ 1/12, tuyến 32 đi đường Trần Quốc Hoàn.",
            "body": "Từ ngày 1/12, tuyến 32 đi đường Trần Quốc Hoàn.\n\n- Vé tháng vẫn dùng được.",
            "channel_ids": [str(c.id) for c in (channels or (self.bulletin,))],
        }
        made = await self.client.post(f"{API}/publications", json={**body, **changes}, headers=self.editor)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def register_bluesky(self, service: str, identifier: str, password: str) -> m.Channel:
        body = {
            "kind": "bluesky",
            "name": "Bluesky của thành phố",
            "address": identifier,
            "settings": {"service": service},
            "secret": {"identifier": identifier, "password": password},
        }
        made = await self.client.post(f"{API}/channels", json=body, headers=self.admin)
        assert made.status_code == 201, made.text
        async with self.db.transaction() as session:
            channel = await session.get(m.Channel, UUID(made.json()["id"]))
        assert channel is not None
        return channel

    async def act(self, verb: str, publication: dict[str, Any], who: dict[str, str], **body: Any) -> httpx.Response:
        url = f"{API}/publications/{publication['id']}/{verb}"
        return await self.client.post(url, json=body, headers=who)

    async def approved(self, *channels: m.Channel, **changes: Any) -> dict[str, Any]:
        made = await self.draft(*channels, **changes)
        submitted = await self.act("submit", made, self.editor)
        assert submitted.status_code == 200, submitted.text
        done = await self.act("approve", made, self.speaker, content_hash=made["content_hash"])
        assert done.status_code == 200, done.text
        return dict(done.json())

    async def read(self, publication: dict[str, Any]) -> dict[str, Any]:
        got = await self.client.get(f"{API}/publications/{publication['id']}", headers=self.editor)
        assert got.status_code == 200, got.text
        return dict(got.json())

    async def deliver(self) -> int:
        """Turn the sending loop until it has nothing more to do at this instant."""
        done = 0
        while count := await jobs.deliver_due(self.context):
            done += count
        return done

    async def look(self) -> int:
        return int(await jobs.look_for_open(self.context))

    async def take_down(self) -> int:
        return int(await jobs.take_down(self.context))

    async def published(self, *channels: m.Channel, **changes: Any) -> dict[str, Any]:
        made = await self.approved(*channels, **changes)
        await self.deliver()
        return await self.read(made)
