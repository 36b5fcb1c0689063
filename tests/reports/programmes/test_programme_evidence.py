"""What shows a row of a programme: activities the public was told of, decided partners; hundreds of rows at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text, update

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.reports.programmes.evidence_queries import AT_ONCE
from services.reports.programmes.progress import NEWEST, progress_of
from tests.reports.city import API, City
from tests.reports.programmes.test_programme_work import LATE, Register
from tests.reports.programmes.test_programme_work import register as register
from tests.reports.programmes.test_programme_work import seeded as seeded
from tests.reports.test_events import Desk

pytestmark = pytest.mark.mission("M32")


async def found_by(register: Register, made: dict[str, Any], **rule: Any) -> list[dict[str, Any]]:
    owner, address = await register.of("HN-VPUB"), f"assignments/{made['by_no']['I.1']}"
    put = await register.client.put(f"{API}/{address}/evidence-rules", json={"evidence": [rule]}, headers=owner)
    assert put.status_code == 200, put.text
    items: list[dict[str, Any]] = (await register.get(f"{address}/evidence", owner))["items"]
    return items


async def test_an_activity_shows_a_row_once_the_public_was_told_of_it(
    register: Register, city: City, clock: FrozenClock
) -> None:
    made = await register.load()
    desk = await Desk.of(city)
    told = await desk.event("Kiểm tra tuyến xe buýt", 300, 30)
    await desk.event("Kiểm tra xe buýt, chưa có tin", 200)
    await desk.event("Kiểm tra xe buýt, đã hủy", 100, 30, state="cancelled")
    await desk.event("Thăm bệnh viện", 250, 30)
    clock.advance(timedelta(minutes=5))
    [one] = await found_by(register, made, kind="agenda", words=["xe buýt"])
    assert (one["kind"], one["title"], one["happened_at"]) == (
        "agenda",
        told.title,
        told.starts_at.isoformat().replace("+00:00", "Z"),
    )
    assert one["url"].startswith("https://tin.example.vn/tin/")
    assert await found_by(register, made, kind="agenda", words=["xe buýt"], units=["HN-SYT"]) == []


async def test_a_list_of_partners_shows_a_row_once_it_is_decided(
    register: Register, make: Make, db: Database, clock: FrozenClock
) -> None:
    made = await register.load()
    unit = await register.unit("HN-VPUB")
    person, other = await make.person(Role.EDITOR, unit_id=unit), await make.person(Role.SPOKESPERSON, unit_id=unit)
    for title, programme in (("Đối tác của chương trình", UUID(made["id"])), ("Đối tác khác", None)):
        by: dict[str, Any] = {"unit_id": unit, "created_by": person.id, "created_at": clock.now()}
        row = m.PartnerSelection(id=new_id(clock.now()), programme_id=programme, title=title, state="open", **by)
        await make.add(row)
        assert title not in [one["title"] for one in await found_by(register, made, kind="partner_decision")]
        decided = {"state": "decided", "decided_by": other.id, "decided_at": clock.now(), "decision": "Đủ điều kiện"}
        async with db.transaction() as session:  # which partners are fit is publish's own rule
            await session.execute(text("ALTER TABLE partner_selections DISABLE TRIGGER guarded"))
            await session.execute(update(m.PartnerSelection).where(m.PartnerSelection.id == row.id).values(**decided))
            await session.execute(text("ALTER TABLE partner_selections ENABLE TRIGGER guarded"))
    clock.advance(timedelta(minutes=5))
    every = await found_by(register, made, kind="partner_decision")
    assert {one["title"] for one in every} == {"Đối tác của chương trình", "Đối tác khác"}
    [ours] = await found_by(register, made, kind="partner_decision", of_programme=True)
    assert ours["title"] == "Đối tác của chương trình"


async def test_hundreds_of_rows_get_their_own_evidence_in_few_statements(
    register: Register, city: City, db: Database, clock: FrozenClock
) -> None:
    """Each row has a word of its own; one of them finds more than its line names, most find nothing."""
    count = AT_ONCE * 2 + 5
    rows = [
        f"      - {{number: {n}, text: Việc {n}, lead: Sở Y tế, period: Thường xuyên, "
        f"evidence: [{{kind: publication, words: [tuyến {n}.]}}]}}\n"
        for n in range(1, count + 1)
    ]
    made = await register.load(LATE[: LATE.index("      - {number: 1")] + "".join(rows))
    for title in ("Mở tuyến 7.", "Tuyến 7. đông khách", "tuyen 7. them xe", "TUYẾN 7. giảm giá", "Mở tuyến 105."):
        await city.publication(title)
        clock.advance(timedelta(minutes=1))
    asked: list[str] = []
    event.listen(db.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    async with db.transaction() as session:
        table = await progress_of(session, UUID(made["id"]), clock.now())
    found = {row.view.row.row_no: (row.evidence_count, [one.title for one in row.newest]) for row in table.rows}
    assert found.pop("I.7") == (4, ["TUYẾN 7. giảm giá", "tuyen 7. them xe", "Tuyến 7. đông khách"][:NEWEST])
    assert found.pop("I.105") == (1, ["Mở tuyến 105."])
    assert list(found.values()) == [(0, [])] * (count - 2)
    assert len(asked) < 12, "not one for each row"
