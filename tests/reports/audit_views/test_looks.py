"""What leaves a trace when it is read: each door that shows a legal-risk case, and none of what everybody reads."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import Role
from tests.reports.audit_views.conftest import LOG
from tests.reports.city import API, City
from tests.reports.desk import make_about
from tests.reports.test_kinds_legal_case import planted, referred

pytestmark = pytest.mark.mission("M28")


async def looks(db: Database) -> list[tuple[UUID | None, str, UUID]]:
    async with db.transaction() as session:
        rows = await session.execute(
            select(m.AuditEntry.actor_id, m.AuditEntry.object_type, m.AuditEntry.object_id)
            .where(m.AuditEntry.action == "legal_case.read")
            .order_by(m.AuditEntry.seq)
        )
        return [(by, kind, about) for by, kind, about in rows]


async def test_each_door_of_a_report_on_a_legal_risk_case_leaves_a_look(
    client: httpx.AsyncClient, city: City, signed_in: Any, auditor: dict[str, str], db: Database
) -> None:
    checker = await signed_in(Role.FACT_CHECKER)
    case = await referred(city, await planted(city, "forum"))
    report = await make_about(client, checker, "legal_case", case.id)
    assert await looks(db) == []
    doors = [
        f"reports/{report['id']}",
        f"reports/{report['id']}/versions",
        f"reports/{report['id']}/content?format=json",
        f"snapshots/{report['snapshot_id']}",
    ]
    for number, door in enumerate(doors, 1):
        assert (await client.get(f"{API}/{door}", headers=checker)).status_code == 200, door
        assert len(await looks(db)) == number, door
    refused = await client.get(f"{API}/{doors[0]}", headers=await signed_in(Role.VIEWER))
    assert refused.status_code == 403
    found = await looks(db)
    assert len(found) == len(doors)
    assert {(kind, about) for _, kind, about in found} == {("legal_risk_case", case.id)}
    history = await client.get(f"{LOG}/objects/legal_risk_case/{case.id}", headers=auditor)
    assert {entry["words"] for entry in history.json()["items"]} == {
        "Xem báo cáo về vụ việc có dấu hiệu rủi ro pháp lý"
    }


async def test_what_everybody_reads_leaves_no_trace(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database
) -> None:
    report = (await client.post(f"{API}/reports", json={"kind": "daily"}, headers=editor)).json()
    for door in (f"reports/{report['id']}", f"snapshots/{report['snapshot_id']}", "reports"):
        assert (await client.get(f"{API}/{door}", headers=editor)).status_code == 200
    assert await looks(db) == []
