"""The nightly check: days are sealed, chains are walked, what breaks is named and told, once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.audit import GENESIS
from libs.common.audit_days import day_digest
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.models.inspection import CheckScope
from services.reports.audit_views.domain import Rhythm, due_scope, is_overdue, open_breaks
from services.reports.audit_views.jobs import check_audit_log, tell_audit_standing
from tests.reports.audit_views.conftest import LOG, Ledger

pytestmark = pytest.mark.mission("M28")
TODAY, YESTERDAY = date(2026, 11, 24), date(2026, 11, 23)
Json = dict[str, Any]


async def checks(db: Database) -> list[m.AuditCheck]:
    async with db.transaction() as session:
        return list(await session.scalars(select(m.AuditCheck).order_by(m.AuditCheck.id)))


async def sealed(db: Database) -> list[m.AuditDay]:
    async with db.transaction() as session:
        return list(await session.scalars(select(m.AuditDay).order_by(m.AuditDay.day)))


async def letters(db: Database, kind: str) -> list[m.Notification]:
    async with db.transaction() as session:
        query = select(m.Notification).where(m.Notification.kind == kind).order_by(m.Notification.role)
        return list(await session.scalars(query))


Standing = Callable[..., Awaitable[Json]]


@pytest.fixture
def standing(client: httpx.AsyncClient, signed_in: Any) -> Standing:
    """What somebody is told who signs in now: a token of yesterday is none."""

    async def look(role: Role = Role.AUDITOR) -> Json:
        return dict((await client.get(f"{LOG}/standing", headers=await signed_in(role))).json())

    return look


# --- when ---------------------------------------------------------------------------------------------------

RHYTHM = Rhythm(hour=1, full_day=6, overdue=timedelta(hours=26))


def local(day: int, hour: int) -> datetime:
    """Of November 2026, in Hà Nội; the 22nd is a Sunday."""
    return datetime(2026, 11, day, hour, 30, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("last", "last_full", "now", "due"),
    [
        (None, None, local(24, 0), None),
        (None, None, local(24, 1), CheckScope.FULL),
        (local(24, 1), local(22, 1), local(24, 23), None),
        (local(23, 1), local(22, 1), local(24, 1), CheckScope.DAILY),
        (local(23, 1), local(22, 1), local(24, 23), CheckScope.DAILY),
        (local(23, 23), local(22, 1), local(24, 1), CheckScope.DAILY),
        (local(28, 1), local(22, 1), local(29, 1), CheckScope.FULL),
        (local(23, 1), local(17, 1), local(24, 1), CheckScope.FULL),
        (local(25, 1), local(22, 1), local(24, 1), None),
    ],
)
def test_one_check_a_day_and_everything_once_a_week(
    last: datetime | None, last_full: datetime | None, now: datetime, due: CheckScope | None
) -> None:
    assert due_scope(RHYTHM, last, last_full, now) is due


@pytest.mark.parametrize(
    ("last", "first", "now", "late"),
    [
        (None, None, local(24, 1), False),
        (None, local(23, 1), local(24, 2), False),
        (None, local(23, 1), local(24, 4), True),
        (local(23, 1), None, local(24, 2), False),
        (local(23, 1), None, local(24, 4), True),
    ],
)
def test_26_hours_without_a_check_are_too_many(
    last: datetime | None, first: datetime | None, now: datetime, late: bool
) -> None:
    assert is_overdue(RHYTHM, last, first, now) is late


def test_a_break_that_two_checks_found_is_one() -> None:
    row = {"service": "publish", "day": "2026-11-23", "seq": 2}
    day = {"service": None, "day": "2026-11-22", "seq": 0}
    assert open_breaks([[row], [], [row, day]]) == [day, row]


# --- what is checked ----------------------------------------------------------------------------------------


async def test_a_night_seals_the_days_that_are_over_each_after_the_other(
    worker: JobContext[Any], ledger: Ledger, db: Database, clock: FrozenClock
) -> None:
    await ledger.days(1)
    await ledger.write(at=clock.now() - timedelta(days=3))
    await ledger.write()
    await check_audit_log(worker)
    days = await sealed(db)
    assert [each.day for each in days] == [date(2026, 11, 21), date(2026, 11, 22), YESTERDAY]
    assert [[(c["service"], c["entries"]) for c in each.chains] for each in days] == [
        [("publish", 1)],
        [],
        [("ingest", 1), ("publish", 2)],
    ]
    assert [each.prev_digest for each in days] == [GENESIS, days[0].digest, days[1].digest]
    assert all(each.digest == day_digest(each.prev_digest, each.day, each.chains) for each in days)
    (check,) = await checks(db)
    assert (check.scope, check.broken, check.chains, check.entries) == ("full", 0, 4, 5)
    assert (check.day_from, check.day_to) == (date(2026, 11, 21), TODAY)


async def test_the_next_night_reads_the_new_day_alone(
    worker: JobContext[Any], ledger: Ledger, db: Database, clock: FrozenClock
) -> None:
    await ledger.days(2)
    await check_audit_log(worker)
    await ledger.write()
    clock.advance(timedelta(days=1))
    await ledger.write()
    await check_audit_log(worker)
    check = (await checks(db))[-1]
    assert (check.scope, check.day_from, check.day_to, check.entries) == ("daily", TODAY, TODAY, 1)
    assert len(await sealed(db)) == 3


async def test_an_empty_log_is_checked_and_seals_nothing(
    worker: JobContext[Any], standing: Standing, db: Database
) -> None:
    assert await standing() == {
        "is_sound": None,
        "is_overdue": False,
        "checked_at": None,
        "checked_whole_at": None,
        "breaks": [],
        "sealed_until": None,
        "sealed_digest": None,
    }
    await check_audit_log(worker)
    (check,) = await checks(db)
    assert (check.day_from, check.entries, await sealed(db)) == (None, 0, [])
    assert (await standing())["is_sound"] is True


async def test_workers_that_ask_at_once_make_one_check(worker: JobContext[Any], ledger: Ledger, db: Database) -> None:
    await ledger.days(1)
    await asyncio.gather(*(check_audit_log(worker) for _ in range(4)))
    await check_audit_log(worker)
    assert len(await checks(db)) == 1
    assert len(await sealed(db)) == 1


# --- what breaks --------------------------------------------------------------------------------------------

CHANGES = [
    ("UPDATE audit_log SET action = 'x.y' WHERE service = 'publish' AND seq = 1", "publish", 1, "changed"),
    ("DELETE FROM audit_log WHERE service = 'publish' AND seq = 1", "publish", 2, "gap"),
    ("UPDATE audit_log SET prev_hash = sha256('x') WHERE service = 'publish' AND seq = 2", "publish", 2, "unlinked"),
    ("DELETE FROM audit_log WHERE service = 'publish' AND seq = 2", "publish", 2, "cut"),
    ("DELETE FROM audit_log WHERE service = 'ingest'", "ingest", 1, "cut"),
]
"""Each leaves what a chain alone would tell (the first three) or not tell (the last two)."""


@pytest.mark.parametrize(("change", "service", "seq", "fault"), CHANGES, ids=[each[3] for each in CHANGES])
async def test_what_was_done_to_a_sealed_day_is_named_and_told_once(
    worker: JobContext[Any],
    standing: Standing,
    ledger: Ledger,
    db: Database,
    clock: FrozenClock,
    change: str,
    service: str,
    seq: int,
    fault: str,
) -> None:
    await ledger.days(1)
    await check_audit_log(worker)
    await ledger.tamper(change)
    clock.advance(timedelta(days=7))
    await check_audit_log(worker)
    found = await standing()
    assert found["is_sound"] is False
    (named,) = found["breaks"]
    assert (named["service"], named["day"], named["seq"], named["fault"]) == (service, f"{YESTERDAY}", seq, fault)
    told = await letters(db, "audit_broken")
    assert [each.role for each in told] == ["admin", "auditor"]
    assert f"{service}, ngày {YESTERDAY}, dòng {seq}" in told[0].body
    await check_audit_log(worker)
    assert len(await letters(db, "audit_broken")) == 2


async def test_entries_that_are_added_to_a_sealed_day_are_named(
    worker: JobContext[Any], standing: Standing, ledger: Ledger, clock: FrozenClock
) -> None:
    """They fit their chain in every way."""
    await ledger.days(1)
    await check_audit_log(worker)
    await ledger.write(at=clock.now() - timedelta(days=1))
    await ledger.write("report.made", service="reports", about=("report", uuid4()), at=clock.now() - timedelta(days=1))
    clock.advance(timedelta(days=7))
    await check_audit_log(worker)
    found = (await standing())["breaks"]
    assert [(each["service"], each["seq"], each["fault"]) for each in found] == [
        ("publish", 3, "added"),
        ("reports", 1, "added"),
    ]


@pytest.mark.parametrize(
    ("change", "day"),
    [
        ("UPDATE audit_days SET chains = '[]' WHERE day = '2026-11-22'", "2026-11-22"),
        ("UPDATE audit_days SET prev_digest = sha256('x') WHERE day = '2026-11-22'", "2026-11-22"),
        ("DELETE FROM audit_days WHERE day = '2026-11-22'", "2026-11-23"),
    ],
)
async def test_a_sealed_day_that_was_touched_is_named_the_next_night(
    worker: JobContext[Any],
    standing: Standing,
    ledger: Ledger,
    clock: FrozenClock,
    change: str,
    day: str,
) -> None:
    await ledger.days(3)
    await check_audit_log(worker)
    await ledger.tamper(change, "audit_days")
    clock.advance(timedelta(days=1))
    await check_audit_log(worker)
    first = (await standing())["breaks"][0]
    assert (first["service"], first["day"], first["fault"]) == (None, day, "day_broken")
    assert first["words"] == "ngày niêm phong bị sửa hoặc bị thiếu"


async def test_a_broken_day_is_sealed_as_it_is_and_the_next_is_proved(
    worker: JobContext[Any], standing: Standing, ledger: Ledger, clock: FrozenClock
) -> None:
    await ledger.days(1)
    await ledger.tamper("UPDATE audit_log SET action = 'x.y' WHERE service = 'publish' AND seq = 1")
    await check_audit_log(worker)
    await ledger.write()
    clock.advance(timedelta(days=1))
    await check_audit_log(worker)
    found = await standing()
    assert (found["sealed_until"], len(found["breaks"])) == (f"{TODAY}", 1)


# --- who is told, who may see -------------------------------------------------------------------------------


async def test_a_check_that_is_late_is_told_once_a_day(
    worker: JobContext[Any],
    standing: Standing,
    ledger: Ledger,
    db: Database,
    clock: FrozenClock,
) -> None:
    await ledger.days(1)
    await check_audit_log(worker)
    clock.advance(timedelta(hours=26))
    await tell_audit_standing(worker)
    assert await letters(db, "audit_unverified") == []
    clock.advance(timedelta(minutes=1))
    for _ in range(2):
        await tell_audit_standing(worker)
    told = await letters(db, "audit_unverified")
    assert [(each.role, each.subject) for each in told] == [
        ("admin", "Nhật ký kiểm toán chưa được kiểm tra từ 26 giờ"),
        ("auditor", "Nhật ký kiểm toán chưa được kiểm tra từ 26 giờ"),
    ]
    assert (await standing(Role.ADMIN))["is_overdue"] is True
    await check_audit_log(worker)
    assert (await standing(Role.ADMIN))["is_overdue"] is False


async def test_who_runs_the_house_sees_that_the_log_holds_and_editors_do_not(
    worker: JobContext[Any], client: httpx.AsyncClient, signed_in: Any, ledger: Ledger
) -> None:
    await ledger.days(2)
    await check_audit_log(worker)
    admin, editor = await signed_in(Role.ADMIN), await signed_in(Role.EDITOR)
    days = f"{LOG}/days?day_from=2026-11-22&day_to=2026-11-30"
    for path in (f"{LOG}/standing", f"{LOG}/checks", days):
        assert (await client.get(path, headers=editor)).status_code == 403
        assert (await client.get(path, headers=admin)).status_code == 200
    told = (await client.get(days, headers=admin)).json()
    assert [each["day"] for each in told] == ["2026-11-22", "2026-11-23"]
    assert told[1]["prev_digest"] == told[0]["digest"]
    (check,) = (await client.get(f"{LOG}/checks", headers=admin)).json()["items"]
    assert (check["scope"], check["broken"], check["breaks"]) == ("full", 0, [])
    backwards = await client.get(f"{LOG}/days?day_from=2026-11-22&day_to=2026-11-21", headers=admin)
    assert backwards.status_code == 422


@pytest.mark.parametrize("table", ["audit_days", "audit_checks"])
async def test_what_was_sealed_and_found_is_never_changed(
    worker: JobContext[Any], ledger: Ledger, db_as: Callable[[str], Database], table: str
) -> None:
    await ledger.days(1)
    await check_audit_log(worker)
    for role, why in (("reports", "permission denied"), ("owner", "append-only")):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(DBAPIError, match=f"{why}|must be owner"):
                async with db_as(role).transaction() as session:
                    await session.execute(text(statement))
