"""The clock of two working days, as a report: counted by kind, in working hours, and nobody in it."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.common import working_time
from libs.common.clock import FrozenClock
from libs.common.models.enums import Role
from services.reports.domain import Period
from services.reports.filings.requests import Asked, count, left
from tests.reports.city import API, AUTHOR, PHONE, City
from tests.reports.desk import ORIGIN, Headers, ask, data_of, figures, make, printed
from tests.reports.filings.town import november, requested

pytestmark = pytest.mark.mission("M37")
WORKING = working_time.load().working
WEEK = Period(november(16, 0), november(23, 0))
NOVEMBER = {"from": "2026-11-10T00:00:00+07:00", "to": "2026-11-24T12:00:00+07:00"}


def asked(received: datetime, due: datetime, decided: datetime | None = None, **values: Any) -> Asked:
    return Asked(**{
        "kind": "access", "state": "fulfilled" if decided else "open", "received_at": received, "due_at": due,
        "decided_at": decided,
    } | values)  # fmt: skip


def test_what_was_decided_in_the_period_counts_by_its_own_due_time() -> None:
    rows = [
        asked(november(16), november(18, 17, 30), november(18, 17, 30)),
        asked(november(16), november(18, 17, 30), november(18, 17, 31), state="refused"),
        asked(november(13), november(17, 17, 30), november(16, 10)),
        asked(november(20), november(24, 17, 30), november(23, 0)),
        asked(november(22), november(24, 17, 30)),
    ]
    counted = count(rows, WEEK, WORKING)
    assert (counted.received, counted.answered, counted.refused) == (4, 3, 1)
    assert (counted.in_time, counted.late, counted.share) == (2, 1, 66.7)
    # Monday 9:00 to Wednesday 17:30 is 7 + 8 + 8 hours, a minute after the close adds none; Friday 9:00 to Monday
    # 10:00 is 7 + 2, the weekend adds none.
    assert counted.median_hours == 23.0


def test_nothing_asked_has_no_share_and_no_median() -> None:
    counted = count([], WEEK, WORKING)
    assert (counted.received, counted.answered, counted.late, counted.share, counted.median_hours) == (
        0,
        0,
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("due", "now", "hours"),
    [
        (november(24, 17, 30), november(24, 12), 4.0),
        (november(24, 17, 30), november(24, 17, 30), 0.0),
        (november(30, 17, 30), november(27, 16, 30), 9.0),
        (november(23, 17, 30), november(24, 10), -2.0),
        (november(27, 17, 30), november(29, 10), 0.0),
    ],
)
def test_what_is_left_is_working_hours(due: datetime, now: datetime, hours: float) -> None:
    assert left(asked(now, due), now, WORKING) == hours


async def fortnight(city: City) -> None:
    """Four access requests, one late and one open; one erasure overdue; one answered long before; one received before
    the period and answered in it."""
    await requested(city, november(10), november(12, 17, 30), november(11, 9))
    await requested(
        city, november(12), november(16, 17, 30), november(17, 9), state="refused", reason=f"Gọi {PHONE} đã"
    )
    await requested(city, november(23), november(25, 17, 30))
    await requested(city, november(16), november(18, 17, 30), kind="erasure")
    await requested(city, datetime.fromisoformat("2026-09-01T09:00+07:00"), november(2), november(1))
    await requested(city, november(9), november(11, 17, 30), november(11, 17))


async def test_each_kind_stands_beside_the_period_before(client: httpx.AsyncClient, signed_in: Any, city: City) -> None:
    await fortnight(city)
    who = await signed_in(Role.ADMIN)
    report = await make(client, who, "data_requests", **NOVEMBER)
    data = await data_of(client, who, report)
    access, erasure = data["rows"]
    names = ("received", "answered", "refused", "in_time", "late", "share", "median", "open", "overdue")
    assert [access[name]["value"] for name in names] == [3, 3, 1, 2, 1, 66.7, 22.5, 1, 0]
    assert [erasure[name]["value"] for name in names] == [1, 0, 0, 0, 0, None, None, 1, 1]
    assert [access["before"][name]["value"] for name in ("received", "answered", "in_time")] == [1, 1, 1]
    assert data["limit_days"] == 2
    assert [(one["name"], one["left"]["value"]) for one in data["open"]] == [
        ("Xóa dữ liệu của mình", -28.0),
        ("Xem dữ liệu của mình", 12.0),
    ]
    text = (await printed(client, who, report, "md")).decode()
    assert "Quá hạn" in text
    assert "66,7" in text
    for one in figures(data):
        assert set(one) == ORIGIN
        assert all(one[part] for part in ORIGIN - {"value"})
    everything = json.dumps(data, ensure_ascii=False) + text
    for planted in (AUTHOR, PHONE, "PA-2026-", "decided_by", "case_id"):
        assert planted not in everything


async def test_a_period_in_which_nobody_asked_is_printed_blank_and_not_as_zero(
    client: httpx.AsyncClient, signed_in: Any
) -> None:
    who = await signed_in(Role.SPOKESPERSON)
    report = await make(client, who, "data_requests", **NOVEMBER)
    text = (await printed(client, who, report, "md")).decode()
    assert "| Tỷ lệ đúng hạn |  |  | % |" in text
    assert "Không có yêu cầu nào đang chờ." in text
    assert (await printed(client, who, report, "pdf")).startswith(b"%PDF-")


async def test_it_is_for_those_who_answer_the_requests(
    client: httpx.AsyncClient, signed_in: Any, city: City, editor: Headers, clock: FrozenClock
) -> None:
    assert (await ask(client, editor, "data_requests", **NOVEMBER)).status_code == 403
    report = await make(client, await signed_in(Role.ADMIN), "data_requests", **NOVEMBER)
    path = f"{API}/reports/{report['id']}"
    assert (await client.get(path, headers=await signed_in(Role.FEEDBACK_OFFICER))).status_code == 200
    assert (await client.get(path, headers=editor)).status_code == 403
    ward = await city.make.unit()
    for role in (Role.ADMIN, Role.FEEDBACK_OFFICER):
        elsewhere = await signed_in(role, unit_id=ward.id)
        assert (await client.get(path, headers=elsewhere)).status_code == 403
    later = {"from": NOVEMBER["from"], "to": (clock.now() + timedelta(hours=1)).isoformat()}
    assert (await ask(client, await signed_in(Role.ADMIN), "data_requests", **later)).status_code == 422
