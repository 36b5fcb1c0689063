"""Readers of the digest, for tests: they sign up on the page, read a real letterbox, and turn the worker's loops."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select, text

from libs.common import models as m
from services.publish.readers import jobs
from tests.common.letterbox import Letterbox
from tests.publish.newsroom import API, Newsroom

READERS_KEY = "khoa-cua-ban-doc-cho-kiem-thu-0123456789"
RETURNS = "ma-cua-may-chu-thu-tra-ve-0123456789-abc"
BOUNCE_DOMAIN = "tra.tin.example.vn"
DAY = timedelta(days=1)
LINK = re.compile(r"https://tin\.example\.vn(/nhan-tin/[^\s>]+)")


@dataclass
class Office:
    """`channel`: the list "Bản tin hằng ngày", which closes at 17:00; the newsroom's clock stands at noon."""

    room: Newsroom
    box: Letterbox
    channel: m.Channel

    # --- the loops ---

    async def send(self) -> None:
        """Until there is nothing more to do at this instant."""
        while await jobs.close_issues(self.room.context) + await jobs.send_letters(self.room.context):
            pass
        await jobs.settle_letters(self.room.context)

    async def at_closing_time(self) -> None:
        self.room.clock.advance(DAY)
        await self.send()

    # --- readers ---

    async def ask(self, address: str, **form: str) -> httpx.Response:
        return await self.room.client.post("/nhan-tin", data={"list": "hang-ngay", "address": address, **form})

    async def asked(self) -> None:
        while await jobs.ask_readers(self.room.context):
            pass

    async def subscribe(self, *addresses: str) -> None:
        """Signed up and confirmed, by the letter that asks."""
        for address in addresses:
            assert (await self.ask(address)).status_code == 200
            await self.asked()
            assert self.box.to[-1] == address
            link = LINK.search(self.box.text())
            assert link is not None
            assert (await self.room.client.post(link[1])).status_code == 200
        self.box.letters.clear()
        self.box.raw.clear()
        self.box.senders.clear()

    def leaving(self, number: int = -1) -> str:
        """The path that a letter's header names."""
        told = str(self.box.letters[number][1]["List-Unsubscribe"])
        return urlsplit(told.partition(">")[0].removeprefix("<")).path

    async def hand_back(self, message: bytes, token: str = RETURNS, **headers: str) -> httpx.Response:
        """As the city's mail server hands over what came back."""
        told = {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.room.client.post("/nhan-tin/thu-tra", content=message, headers=told)

    # --- what is so ---

    async def published(self, **changes: Any) -> dict[str, Any]:
        return await self.room.published(self.room.bulletin, self.channel, **changes)

    async def states(self) -> list[str]:
        async with self.room.db.transaction() as session:
            return sorted(await session.scalars(select(m.DigestSend.state)))

    async def rows(self, table: str) -> str:
        async with self.room.db.transaction() as session:
            return "\n".join(await session.scalars(text(f"SELECT t::text FROM {table} t")))

    async def seen(self, path: str = "") -> dict[str, Any]:
        got = await self.room.client.get(f"{API}/channels/{self.channel.id}/digest{path}", headers=self.room.editor)
        assert got.status_code == 200, got.text
        return dict(got.json())

    async def tasks(self) -> list[m.Task]:
        async with self.room.db.transaction() as session:
            return list(await session.scalars(select(m.Task).order_by(m.Task.id)))

    async def finish(self, task: m.Task, **told: str) -> httpx.Response:
        return await self.room.client.post(f"{API}/tasks/{task.id}/done", json=told, headers=self.room.speaker)
