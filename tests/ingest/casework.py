"""What tests of feedback cases do over and over: a report comes in, an officer acts, its sender follows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import select, text

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.models.feedback import ReportChannel
from services.ingest.feedback import intake
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.intake import Contact, NewReport, Opened
from services.ingest.settings import FeedbackSettings
from tests.ingest.desk import Desk

FEEDBACK = FeedbackSettings(key=SecretStr("khoa-cua-ban-phan-anh-trong-phep-thu"))
REPORT = NewReport("Rác chưa thu gom", "Ngõ 5 để rác ba ngày nay.", ReportChannel.FORM)
WHO = Contact(name="Trần Thị Gieo", phone="0912 345 678", email="gieo.tran@example.vn")


@dataclass
class Casework:
    desk: Desk
    token: Callable[[], str]
    """Of an officer of the city, good for the time of the clock."""
    signed_in: Any

    @property
    def officer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    @property
    def rules(self) -> FeedbackDesk:
        return desk_of(self.desk.settings)

    # --- senders ---

    async def report(self, report: NewReport = REPORT, **changes: Any) -> Opened:
        async with self.desk.worker_db.transaction() as session:
            return await intake.open_report(session, self.rules, replace(report, **changes), now=self.desk.clock.now())

    async def follow(self, opened: Opened, way: str = "status", **body: Any) -> httpx.Response:
        told = {"code": opened.code} | body
        return await self.desk.ask("POST", f"/feedback/{opened.reference}/{way}", who={}, json=told)

    # --- officers ---

    async def act(self, case_id: UUID, step: str, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        path = f"/feedback-cases/{case_id}/{step}"
        return await self.desk.ask("POST", path, who=who or self.officer, json=body)

    async def done(self, case_id: UUID, step: str, **body: Any) -> dict[str, Any]:
        answer = await self.act(case_id, step, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def answered(self, case_id: UUID, words: str = "Đã thu gom sáng nay.") -> None:
        await self.done(case_id, "accept")
        await self.done(case_id, "answer", text=words)

    async def officer_in(self, unit_id: UUID) -> dict[str, str]:
        found: dict[str, str] = await self.signed_in(Role.FEEDBACK_OFFICER, unit_id=unit_id)
        return found

    # --- rows ---

    async def case(self, case_id: UUID) -> m.FeedbackCase:
        async with self.desk.db.transaction() as session:
            found = await session.get(m.FeedbackCase, case_id)
        assert found is not None
        return found

    async def rows(self, table: type[m.Base]) -> list[Any]:
        async with self.desk.db.transaction() as session:
            return list(await session.scalars(select(table)))

    async def notices(self) -> list[tuple[str, int, UUID | None]]:
        rows = await self.rows(m.Notification)
        return [(one.kind, one.level, one.unit_id) for one in sorted(rows, key=lambda one: one.id)]

    async def sql(self, statement: str, **values: Any) -> None:
        """As the service's own role."""
        async with self.desk.worker_db.transaction() as session:
            await session.execute(text(statement), values)

    def later(self, **by: Any) -> None:
        self.desk.clock.advance(timedelta(**by))
