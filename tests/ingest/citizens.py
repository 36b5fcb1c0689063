"""What tests of the public doors of feedback do over and over: file, send, follow, and answer as an officer."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import httpx

from services.ingest.feedback.desk import desk_of
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.steps import Step, require_locked, take
from tests.ingest.desk import Desk

FEEDBACK_KEY = "khoa-thu-nghiem-cua-phan-anh-0123456789"
API_KEY = "khoa-cua-mot-ung-dung-thanh-pho"
OPEN311 = "/open311/v2"
CODE = "Lantoa-Feedback-Code"
FORM = "/gui-phan-anh"


def children(body: bytes) -> dict[str, str | None]:
    """The members of the one row of an answer."""
    (row,) = ElementTree.fromstring(body)
    return {child.tag: child.text for child in row}


def errors_of(answer: httpx.Response) -> list[tuple[str, str]]:
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "errors"
    return [(one.findtext("code") or "", one.findtext("description") or "") for one in root]


@dataclass
class Citizen:
    """Somebody without an account."""

    desk: Desk
    headers: dict[str, str] = field(default_factory=dict)

    # --- Open311 ----------------------------------------------------------------------------------------------

    async def ask(self, path: str, **more: Any) -> httpx.Response:
        return await self.desk.ask("GET", f"{OPEN311}/{path}", who={}, **more)

    async def file(self, form: str = "json", **changes: Any) -> httpx.Response:
        data = {
            "api_key": API_KEY,
            "service_code": "rac-thai",
            "address_string": "12 phố Hàng Bài, phường Hoàn Kiếm",
            "description": "Rác để ba ngày chưa thu gom.",
        } | changes
        data = {name: value for name, value in data.items() if value is not None}
        return await self.desk.ask("POST", f"{OPEN311}/requests.{form}", who={}, data=data)

    # --- the form ---------------------------------------------------------------------------------------------

    async def get(self, path: str = "", **more: Any) -> httpx.Response:
        return await self.desk.client.get(f"{FORM}{path}", **more)

    async def post(self, path: str = "", /, **fields: str) -> httpx.Response:
        return await self.desk.client.post(f"{FORM}{path}", data=fields, headers=self.headers)

    async def ticket(self, seconds: float = 30) -> str:
        """Of a form that was opened so long ago."""
        found = hidden(await self.get(), "ticket")
        self.desk.clock.advance(timedelta(seconds=seconds))
        return found

    async def send(self, **changes: str) -> httpx.Response:
        typed = {
            "service": "rac-thai",
            "description": "Rác để ba ngày chưa thu gom trước cổng trường.",
            "place": "12 phố Hàng Bài",
        } | changes
        return await self.post(ticket=typed.pop("ticket", "") or await self.ticket(), **typed)

    # --- the other side ---------------------------------------------------------------------------------------

    async def answered(self, reference: str, note: str = "Đã thu gom sáng nay.") -> None:
        """The unit accepts it, deals with it and answers."""
        case = next(one for one in await self.desk.cases() if one.reference == reference)
        desk = desk_of(self.desk.settings)
        async with self.desk.worker_db.transaction() as session:
            locked = await require_locked(session, case.id)
            for action, told in ((Action.ACCEPTED, None), (Action.STARTED, None), (Action.ANSWERED, note)):
                await take(session, desk, locked, Step(action, public_note=told), now=self.desk.clock.now())


def hidden(answer: httpx.Response, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]


def slip(answer: httpx.Response) -> tuple[str, str]:
    """The reference and the code on the page that confirms."""
    found = re.findall(r'<dd class="code">([^<]+)</dd>', answer.text)
    assert len(found) >= 2, answer.text
    return found[0], found[1]
