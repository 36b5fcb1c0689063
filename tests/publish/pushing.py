"""A newsroom whose notices go to the push service of the sandbox, over real sockets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from libs.common import models as m
from services.publish.push import jobs
from services.publish.push.service import PushService
from tests.publish.newsroom import API, Newsroom

VAPID_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SUBJECT = "mailto:truc-ban@tin.example.vn"
TOPIC = "tin-khan"
ORIGIN = {"Origin": "https://tin.example.vn", "Sec-Fetch-Site": "same-origin"}
SECRET = "bi-mat-cua-trinh-duyet-"
"""Beginning of what a browser of the sandbox is known by."""


@dataclass
class PushRoom:
    room: Newsroom
    http: httpx.AsyncClient
    """The sandbox, from behind."""
    url: str
    channel: m.Channel

    @property
    def push(self) -> PushService:
        assert self.room.resources.push is not None
        return self.room.resources.push

    # --- readers ---

    async def browser(self, name: str, status: str = "active", **options: Any) -> dict[str, Any]:
        """A browser of the sandbox, and its subscription as the Push API gives it."""
        body = {"platform": "push", "handle": name, "password": SECRET + name, "status": status, "options": options}
        answer = await self.http.put("/control/accounts", json=body)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()["subscription"]
        return made | {"endpoint": f"{self.url}/push/send/{SECRET}{name}"}

    async def ask(self, path: str, **body: Any) -> httpx.Response:
        return await self.room.client.post(f"{API}/push/subscriptions{path}", json=body, headers=ORIGIN)

    async def subscribed(self, *names: str, topics: tuple[str, ...] = (TOPIC,), **options: Any) -> None:
        for name in names:
            made = await self.browser(name, **options)
            answer = await self.ask("", subscription=made, topics=list(topics))
            assert answer.status_code == 200, answer.text

    async def subscriptions(self) -> list[m.PushSubscription]:
        async with self.room.db.transaction() as session:
            return list(await session.scalars(select(m.PushSubscription)))

    # --- what they see ---

    async def screens(self, marker: str = "") -> dict[str, str]:
        """Browser → what stands there."""
        read = await self.http.get("/control/ledger", params={"platform": "push", "after": 1 << 30})
        return {post["account"]: post["text"] for post in read.json()["posts"] if marker in post["text"]}

    async def entries(self, operation: str) -> list[dict[str, Any]]:
        read = await self.http.get("/control/ledger", params={"platform": "push"})
        return [entry for entry in read.json()["entries"] if entry["operation"] == operation]

    async def fault(self, kind: str, **more: Any) -> None:
        body = {"platform": "push", "operation": "send", "kind": kind, **more}
        assert (await self.http.post("/control/faults", json=body)).is_success

    # --- the city ---

    async def published(self, **changes: Any) -> dict[str, Any]:
        made = await self.room.published(self.channel, **changes)
        assert [d["state"] for d in made["deliveries"]] == ["published"], made["deliveries"]
        return made

    async def turn(self) -> int:
        """The loops of web push, until there is nothing more to do at this instant; how much was sent."""
        sent = 0
        while True:
            done = await jobs.name_browsers(self.room.context)
            now = int(await jobs.send_notices(self.room.context))
            done += now
            done += await jobs.settle_notices(self.room.context)
            sent += now
            if not done:
                return sent

    async def advance(self, step: timedelta) -> None:
        self.room.clock.advance(step)
        await self.http.post("/control/clock/advance", json={"seconds": step.total_seconds()})

    async def notices(self) -> list[m.PushNotice]:
        async with self.room.db.transaction() as session:
            found = await session.scalars(select(m.PushNotice).order_by(m.PushNotice.noted_at, m.PushNotice.id))
            return list(found)

    async def sends(self) -> list[m.PushSend]:
        async with self.room.db.transaction() as session:
            return list(await session.scalars(select(m.PushSend)))

    async def withdraw(self, publication: dict[str, Any]) -> None:
        answer = await self.room.act("withdraw", publication, self.room.speaker, reason="Sai thông tin")
        assert answer.is_success, answer.text
        await self.room.take_down()

    async def delivery(self, publication: dict[str, Any]) -> m.Delivery:
        async with self.room.db.transaction() as session:
            query = select(m.Delivery).where(m.Delivery.publication_id == UUID(publication["id"]))
            return (await session.scalars(query)).one()
