"""The desk of a unit that keeps a schedule: over HTTP as people, and with the worker's loops as the service's role."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.reports.sending.jobs import make_scheduled_reports, send_reports, settle_sendings
from tests.common.letterbox import Letterbox
from tests.reports.city import API

Json = dict[str, Any]
Headers = dict[str, str]
UNIT, PARTY = "ubnd@hanoi.example", "tuyengiao@hanoi.example"
RETURNED_TO, TOKEN = "tra.hanoi.example", "m" * 40
REASON = "Nơi nhận báo chưa thấy thư"


class Desk:
    def __init__(
        self, client: httpx.AsyncClient, worker: JobContext[Any], box: Letterbox, make: Make, signed_in: Any
    ) -> None:
        self.client, self.worker, self.box, self.make, self.signed_in = client, worker, box, make, signed_in
        self.people: dict[tuple[Role, datetime], Headers] = {}

    @property
    def clock(self) -> FrozenClock:
        clock = self.worker.clock
        assert isinstance(clock, FrozenClock)
        return clock

    @property
    def db(self) -> Database:
        return self.worker.db

    async def who(self, role: Role = Role.EDITOR) -> Headers:
        """Signed in at this hour: a token does not outlive days."""
        key = (role, self.clock.now())
        if key not in self.people:
            self.people[key] = await self.signed_in(role)
        return self.people[key]

    async def ask(self, method: str, path: str, role: Role = Role.EDITOR, **more: Any) -> httpx.Response:
        return await self.client.request(method, f"{API}/{path}", headers=await self.who(role), **more)

    async def done(self, method: str, path: str, role: Role = Role.EDITOR, **more: Any) -> Any:
        got = await self.ask(method, path, role, **more)
        assert got.is_success, got.text
        return got.json() if got.content else None

    # --- the schedule ---

    async def schedule(self, *emails: str, **values: Any) -> Json:
        """Daily at 17:00, as XLSX, which is printed fastest."""
        told = {"title": "Tin ngày gửi UBND", "kind": "daily", "cadence": "daily", "form": "xlsx", "hour": 17, **values}
        unit = str(await self.make.city())
        made: Json = await self.done("POST", "schedules", json={"unit_id": unit, **told})
        for number, email in enumerate(emails, 1):
            await self.recipient(made, f"Nơi nhận {number}", email)
        return made

    async def recipient(self, schedule: Json, name: str, email: str, **more: Any) -> Json:
        body = {"name": name, "email": email, **more}
        made: Json = await self.done("POST", f"schedules/{schedule['id']}/recipients", json=body)
        return made

    async def recipients(self, schedule: Json) -> list[Json]:
        found: list[Json] = await self.done("GET", f"schedules/{schedule['id']}/recipients")
        return found

    async def draft(self) -> Json:
        """The newest one, once the hour has come."""
        self.clock.advance(timedelta(hours=5, minutes=1))
        await make_scheduled_reports(self.worker)
        found = (await self.done("GET", "reports"))["items"]
        made: Json = await self.done("GET", f"reports/{found[0]['id']}")
        return made

    async def sign(self, report: Json, **body: Any) -> httpx.Response:
        told = {"based_on": report["version"], "signer": "Nguyễn Văn Mẫu", **body}
        return await self.ask("POST", f"reports/{report['id']}/sign", Role.SPOKESPERSON, json=told)

    async def signed(self, form: str = "xlsx") -> Json:
        """Drafted by the schedule, signed, and its document printed."""
        got = await self.sign(await self.draft())
        assert got.status_code == 200, got.text
        report: Json = got.json()
        await self.document(report, form)
        return report

    async def document(self, report: Json, form: str) -> bytes:
        got = await self.ask("GET", f"reports/{report['id']}/content", params={"format": form})
        assert got.status_code == 200, got.text
        return got.content

    # --- letters ---

    async def send(self) -> int:
        return int(await send_reports(self.worker))

    async def settle(self) -> None:
        await settle_sendings(self.worker)

    async def sendings(self, **params: Any) -> list[Json]:
        """In the order of their addresses, the first turn first."""
        found = (await self.done("GET", "sendings", params=params))["items"]
        return sorted(found, key=lambda one: (one["email"], one["turn"]))

    async def states(self, **params: Any) -> dict[str, str]:
        return {one["email"]: one["state"] for one in await self.sendings(**params)}

    async def comes_back(self, sending_id: str, status: str = "5.1.1", token: str = TOKEN) -> httpx.Response:
        """As the mail server hands over a delivery report (RFC 3464)."""
        to = self.worker.resources.post_room.return_path(UUID(sending_id))
        return await self.hand_back(report_of(to, status), token)

    async def hand_back(self, message: bytes, token: str = TOKEN) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
        return await self.client.post(f"{API}/returns", content=message, headers=headers)

    async def told(self, kind: str) -> list[m.Notification]:
        async with self.db.transaction() as session:
            query = select(m.Notification).where(m.Notification.kind == kind).order_by(m.Notification.id)
            return list(await session.scalars(query))


def report_of(to: str, status: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@hanoi.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.hanoi.example\r\n\r\n"
        f"Final-Recipient: rfc822; {UNIT}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()


def attached(letter: EmailMessage) -> EmailMessage:
    [part] = letter.iter_attachments()
    assert isinstance(part, EmailMessage)
    return part
