"""What a test of webhooks does: subscribe, let something happen, send what is due, look at what came of it."""

from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.events.base import Event
from libs.common.events.outside import EXAMPLES
from libs.common.models.webhooks import WebhookDeliveryState
from libs.common.outbox import emit
from libs.common.testing.make import Make
from services.reports.webhooks import recording, sending
from services.reports.webhooks.desk import Desk
from tests.common.hook import Hook

API = "/api/reports/v1"
PUBLISHED = "lantoa.publication.published.v1"
RESOLVED = "lantoa.feedback.resolved.v1"
RAISED = "lantoa.alert.raised.v1"
READY = "lantoa.report.ready.v1"
BY_SUBJECT: dict[str, Event] = {each.subject: each for each in EXAMPLES}
Headers = dict[str, str]


def key_of(secret: str) -> bytes:
    """What signs, from what a subscriber was shown."""
    return b64decode(secret.removeprefix("whsec_"))


@dataclass
class Office:
    client: httpx.AsyncClient
    db: Database
    reports: Database
    publish: Database
    make: Make
    clock: FrozenClock
    issuer: Path
    person: m.Person
    hook: Hook
    desk: Desk

    @property
    def who(self) -> Headers:
        """Signed in just now: a token outlives no test that goes through days."""
        return {"Authorization": f"Bearer {dev_token(self.issuer, self.person.subject, self.clock.now())}"}

    def asked(self, **more: Any) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "organisation": "UBND phường Thượng Cát",
            "purpose": "Hiện tin của thành phố trên trang của phường",
            "url": self.hook.url("/nhan/khoa-rieng-cua-phuong"),
            "events": [RESOLVED],
        }
        return asked | more

    async def post(self, path: str, body: Any = None, who: Headers | None = None) -> httpx.Response:
        return await self.client.post(f"{API}/{path}", json=body, headers=who or self.who)

    async def get(self, path: str, who: Headers | None = None, **query: Any) -> httpx.Response:
        return await self.client.get(f"{API}/{path}", params=query, headers=who or self.who)

    async def subscribe(self, **more: Any) -> dict[str, Any]:
        got = await self.post("webhooks", self.asked(**more))
        assert got.status_code == 201, got.text
        made: dict[str, Any] = got.json()
        return made

    async def seen(self, subscription: dict[str, Any]) -> dict[str, Any]:
        got = await self.get(f"webhooks/{subscription['id']}")
        assert got.status_code == 200, got.text
        found: dict[str, Any] = got.json()
        return found

    async def happen(self, event: Event | None = None) -> UUID:
        """It is in the outbox, and this service's consumer has taken it."""
        event_id = await self.emit(event)
        async with self.reports.transaction() as session:
            await recording.record_event(session, event_id, self.clock.now())
        return event_id

    async def emit(self, event: Event | None = None) -> UUID:
        async with self.publish.transaction() as session:
            return await emit(session, event or BY_SUBJECT[RESOLVED], now=self.clock.now(), source="publish")

    async def send(self, desk: Desk | None = None) -> int:
        """Both lines, once each."""
        done = 0
        for is_failing in (False, True):
            done += await sending.send_due(self.reports, desk or self.desk, self.clock, is_failing=is_failing)
        return done

    async def deliveries(self) -> list[m.WebhookDelivery]:
        async with self.db.transaction() as session:
            return list(await session.scalars(select(m.WebhookDelivery).order_by(m.WebhookDelivery.id)))

    async def delivery(self) -> m.WebhookDelivery:
        [only] = await self.deliveries()
        return only

    async def states(self) -> list[WebhookDeliveryState]:
        return [WebhookDeliveryState(each.state) for each in await self.deliveries()]

    async def attempts(self) -> list[m.WebhookAttempt]:
        query = select(m.WebhookAttempt).order_by(m.WebhookAttempt.started_at, m.WebhookAttempt.number)
        async with self.db.transaction() as session:
            return list(await session.scalars(query))
