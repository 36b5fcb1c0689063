"""Entries as the services write them, and an auditor who reads them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.common import audit
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role

LOG = "/api/reports/v1/audit"


class Ledger:
    """Writes as each service's own role, and tampers as the owner, who alone can switch the trigger off."""

    def __init__(self, db: Database, db_as: Callable[[str], Database], clock: FrozenClock) -> None:
        self._db, self._as, self._clock = db, db_as, clock
        self._connected: dict[str, Database] = {}

    async def write(
        self,
        action: str = "publication.approved",
        *,
        by: UUID | None = None,
        about: tuple[str, UUID] | None = None,
        service: str = "publish",
        at: datetime | None = None,
        **facts: Any,
    ) -> None:
        if service not in self._connected:
            self._connected[service] = self._as(service)
        object_type, object_id = about or ("publication", uuid4())
        async with self._connected[service].transaction() as session:
            await audit.append(
                session,
                service=service,
                action=action,
                actor_id=by,
                object_type=object_type,
                object_id=object_id,
                now=at or self._clock.now(),
                facts=facts,
            )

    async def days(self, count: int) -> None:
        """Three entries of two services on each of so many days before today."""
        for ago in range(count, 0, -1):
            at = self._clock.now() - timedelta(days=ago)
            await self.write(at=at, revision=1)
            await self.write("publication.published", at=at + timedelta(minutes=1))
            await self.write("feedback.contact_read", service="ingest", about=("feedback_case", uuid4()), at=at)

    async def tamper(self, statement: str, table: str = "audit_log") -> None:
        async with self._db.transaction() as session:
            await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER append_only"))
            await session.execute(text(statement))
            await session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER append_only"))


@pytest.fixture
def ledger(db: Database, db_as: Callable[[str], Database], clock: FrozenClock) -> Ledger:
    return Ledger(db, db_as, clock)


@pytest.fixture
async def auditor(signed_in: Any) -> dict[str, str]:
    headers: dict[str, str] = await signed_in(Role.AUDITOR)
    return headers
