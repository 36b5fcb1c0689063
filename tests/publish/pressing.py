"""A newsroom with press partners: a real receiver of POSTs, a real mail server, and readers with their tokens."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from libs.common import models as m
from services.publish.presskit import jobs
from tests.common.hook import Hook
from tests.common.letterbox import Letterbox
from tests.publish.newsroom import API, Newsroom

KEY = b"khoa-ky-tin-cho-bao-chi-012345678"
TOKENS = {"bao-a": "ma-doc-nguon-tin-cua-bao-a-0123456789", "dai-b": "ma-doc-nguon-tin-cua-dai-b-0123456789"}


def partners(hook: Hook) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Báo A: feed, POST and an agreement on embargoes; Đài B: feed and mail, no agreement."""
    told = [
        {"id": "bao-a", "name": "Báo A", "embargo": True},
        {"id": "dai-b", "name": "Đài B", "mail": "toasoan@daib.example"},
    ]
    secret = {f"{partner}.token": token for partner, token in TOKENS.items()}
    secret |= {"bao-a.url": hook.url("/nhan-tin"), "bao-a.key": "whsec_" + base64.b64encode(KEY).decode()}
    return told, secret


@dataclass
class PressRoom:
    room: Newsroom
    hook: Hook
    box: Letterbox
    channel: m.Channel

    async def registered(self, name: str, **settings: Any) -> m.Channel:
        """Another press channel, with the same partners."""
        told, secret = partners(self.hook)
        body = {"kind": "press", "name": name, "address": name, "secret": secret}
        body |= {"settings": {"partners": told, **settings}}
        made = await self.room.client.post(f"{API}/channels", json=body, headers=self.room.admin)
        assert made.status_code == 201, made.text
        async with self.room.db.transaction() as session:
            return await session.get_one(m.Channel, UUID(made.json()["id"]))

    async def published(self, **changes: Any) -> dict[str, Any]:
        made = await self.room.published(self.channel, **changes)
        assert [each["state"] for each in made["deliveries"]] == ["published"], made["deliveries"]
        return made

    async def turn(self) -> int:
        sent = 0
        while now := await jobs.send_press(self.room.context):
            sent += now
        return sent

    async def withdraw(self, publication: dict[str, Any]) -> None:
        answer = await self.room.act("withdraw", publication, self.room.speaker, reason="Sai thông tin")
        assert answer.is_success, answer.text
        await self.room.take_down()

    async def read(self, path: str, partner: str = "bao-a", **headers: str) -> httpx.Response:
        """As a partner's feed reader asks: HTTP Basic, nothing in the address."""
        shown = base64.b64encode(f"{partner}:{TOKENS[partner]}".encode()).decode()
        told = {"Authorization": f"Basic {shown}", **headers}
        return await self.room.client.get(f"{API}/press/{self.channel.id}{path}", headers=told)

    async def items(self, partner: str = "bao-a", since: int = 0) -> dict[str, Any]:
        answer = await self.read(f"/items?since={since}", partner)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def delivery(self, publication: dict[str, Any]) -> m.Delivery:
        async with self.room.db.transaction() as session:
            query = select(m.Delivery).where(m.Delivery.publication_id == UUID(publication["id"]))
            return (await session.scalars(query)).one()

    async def sends(self) -> dict[tuple[str, str, int], str]:
        """(partner, way, version) → state."""
        async with self.room.db.transaction() as session:
            query = select(m.PressSend, m.PressVersion.version).join(m.PressVersion)
            rows = (await session.execute(query)).all()
            return {(send.partner, send.way, version): send.state for send, version in rows}
