"""The clocks of feedback: working time by data, held against a count of minutes that knows nothing of shifts' sums."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from libs.common import working_time
from libs.common.clock import HANOI
from libs.common.working_time import Clocks, DueTimes, Shift, WorkingDays
from services.ingest.feedback.catalogue import catalogue
from services.ingest.settings import FeedbackSettings
from tests.ingest.casework import FEEDBACK, Casework
from tests.ingest.conftest import DeskWith

CLOCKS = working_time.load()
WORKING = CLOCKS.working


def hanoi(day: int, hour: int, minute: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HANOI)


@pytest.mark.mission("M10")
@pytest.mark.parametrize(
    ("received", "span", "due"),
    [
        (hanoi(24, 8), 4, hanoi(24, 12)),
        (hanoi(24, 9), 4, hanoi(24, 14, 30)),
        (hanoi(24, 8), 8, hanoi(24, 17, 30)),
        (hanoi(24, 16, 30), 4, hanoi(25, 11)),
        (hanoi(24, 12, 30), 4, hanoi(24, 17, 30)),
        (hanoi(27, 17), 4, hanoi(30, 11, 30)),
        (hanoi(28, 10), 4, hanoi(30, 12)),
        (hanoi(24, 2), 4, hanoi(24, 12)),
        (hanoi(24, 20), 8, hanoi(25, 17, 30)),
    ],
)
def test_working_hours(received: datetime, span: int, due: datetime) -> None:
    assert WORKING.after(received.astimezone(UTC), timedelta(hours=span)) == due


@pytest.mark.mission("M10")
def test_a_case_is_accepted_within_eight_working_hours_an_urgent_one_dealt_with_in_four() -> None:
    received = hanoi(24, 8)
    accept_by = hanoi(24, 17, 30)
    assert CLOCKS.due_times(received, urgent=True) == DueTimes(accept_by=accept_by, handle_by=hanoi(24, 12))
    assert CLOCKS.due_times(received, urgent=False) == DueTimes(accept_by=accept_by, handle_by=None)
    assert CLOCKS.due_times(received, urgent=False, service_code="rac-thai").handle_by == hanoi(25, 17, 30)
    assert CLOCKS.due_times(received, urgent=True, service_code="rac-thai").handle_by == hanoi(24, 12)


def test_every_service_with_a_limit_is_on_the_list() -> None:
    assert set(CLOCKS.limits.service_hours) - {one.code for one in catalogue().services} == set()


# Days off as the Government announced them: the lunar new year of 2026 (16 to 20 February), the day of the Hùng kings
# with its day in lieu, 30 April and 1 May, the National Day of 2026 with the swap of 31 August and 22 August.
OFF = [
    date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(14, 23)), date(2026, 4, 27),
    date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2025, 5, 2),
]  # fmt: skip
WORKED = [
    date(2026, 1, 10),
    date(2026, 2, 13),
    date(2026, 2, 23),
    date(2026, 8, 22),
    date(2026, 9, 3),
    date(2025, 4, 26),
]


@pytest.mark.mission("M10")
def test_public_holidays_and_days_that_were_swapped() -> None:
    assert [day for day in OFF if WORKING.is_worked(day)] == []
    assert [day for day in WORKED if not WORKING.is_worked(day)] == []


@pytest.mark.mission("M10")
def test_a_limit_waits_for_the_lunar_new_year_to_end() -> None:
    received = hanoi(13, 16, month=2)  # Friday before it; the next working day is Monday, ten days later
    assert WORKING.after(received, timedelta(hours=4)) == hanoi(23, 10, 30, month=2)


@pytest.mark.mission("M37")
@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (hanoi(24, 0, 5), hanoi(26, 17, 30)),
        (hanoi(24, 23, 59), hanoi(26, 17, 30)),
        (hanoi(27, 9), hanoi(1, 17, 30, month=12)),
        (hanoi(28, 9), hanoi(1, 17, 30, month=12)),
        (hanoi(12, 9, month=2), hanoi(23, 17, 30, month=2)),
    ],
)
def test_a_data_request_is_answered_within_two_working_days(asked: datetime, due: datetime) -> None:
    assert CLOCKS.data_request_due(asked) == due


# --- held against a count of minutes ------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)
starts = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=HANOI)
)


def is_worked_minute(at: datetime) -> bool:
    inside = time(8) <= at.time() < time(12) or time(13, 30) <= at.time() < time(17, 30)
    return inside and WORKING.is_worked(at.date())


@given(starts, st.integers(1, 1200))
@hypothesis_settings(max_examples=60, deadline=None)
def test_so_many_minutes_were_worked_until_then(start: datetime, minutes: int) -> None:
    due = WORKING.after(start, minutes * MINUTE)
    count, at = 0, start
    while count < minutes:
        count += is_worked_minute(at)
        at += MINUTE
    assert due == at


@given(starts, st.integers(1, 5000), st.integers(1, 5000))
@hypothesis_settings(max_examples=100, deadline=None)
def test_working_time_adds_up_and_never_runs_back(start: datetime, one: int, other: int) -> None:
    whole = WORKING.after(start, (one + other) * MINUTE)
    assert WORKING.after(WORKING.after(start, one * MINUTE), other * MINUTE) == whole > start


@given(starts, st.integers(0, 3000))
@hypothesis_settings(max_examples=60, deadline=None)
def test_what_was_worked_between_two_moments_is_the_minutes_between_them(start: datetime, minutes: int) -> None:
    end = start + minutes * MINUTE
    worked = sum(is_worked_minute(start + n * MINUTE) for n in range(minutes))
    assert WORKING.between(start.astimezone(UTC), end.astimezone(UTC)) == worked * MINUTE
    assert WORKING.between(end, start) == timedelta(0)


# --- the data is checked ------------------------------------------------------------------------------------

SHIPPED = working_time.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shipped", "wrong"),
    [
        ("accept_hours: 8", "accept_hours: 0"),
        ("accept_hours: 8", "accept_hour: 8"),
        ('closes: "12:00"', 'closes: "07:00"'),
        ('opens: "13:30"', 'opens: "11:30"'),
        ("weekdays: [1, 2, 3, 4, 5]", "weekdays: [0]"),
        ("weekdays: [1, 2, 3, 4, 5]", "weekdays: []"),
        ("- 2026-08-22", "- 2026-08-31"),
        ("close_days: 21", "close_days: 7"),
        ("reopen_times: 3", "reopen_times: -1"),
    ],
)
def test_wrong_data_stops_at_once(tmp_path: Path, shipped: str, wrong: str) -> None:
    assert shipped in SHIPPED
    file = tmp_path / "clocks.yaml"
    file.write_text(SHIPPED.replace(shipped, wrong), encoding="utf-8")
    with pytest.raises(ValueError, match="validation error"):
        working_time.load(file)


def test_a_city_without_holidays_that_works_at_night() -> None:
    night = WorkingDays(weekdays=frozenset(range(1, 8)), shifts=(Shift(opens=time(22), closes=time(23)),), country=None)
    clocks = Clocks(working=night, limits=CLOCKS.limits)
    assert clocks.due_times(hanoi(24, 8), urgent=True).handle_by == hanoi(27, 23)


def test_a_city_that_never_works_is_found_out() -> None:
    never = WORKING.model_copy(update={"weekdays": frozenset()})
    with pytest.raises(ValueError, match="ten years"):
        never.model_copy(update={"days_worked": frozenset()}).after(hanoi(24, 8), MINUTE)


async def test_a_city_has_its_own_clocks_and_routes(desk_with: DeskWith, signed_in: Any, tmp_path: Path) -> None:
    clocks, routes = tmp_path / "clocks.yaml", tmp_path / "routes.yaml"
    clocks.write_text(SHIPPED.replace("accept_hours: 8", "accept_hours: 2"), encoding="utf-8")
    routes.write_text("duty_desk: T-TRUC\nservices: {}\nfields: {}\n", encoding="utf-8")
    feedback = FEEDBACK.model_copy(update={"clocks_file": clocks, "routes_file": routes})
    casework = Casework(await desk_with(feedback=feedback), str, signed_in)
    unit = await casework.desk.make.unit("Tổ trực", "department", code="T-TRUC")
    case = await casework.case((await casework.report()).case_id)
    assert case.accept_due_at == hanoi(24, 15, 30)
    assert case.unit_id == unit.id
    broken = tmp_path / "broken.yaml"
    broken.write_text("working: {}", encoding="utf-8")
    secret = SecretStr("khong-ro")
    wrong: list[dict[str, Any]] = [
        {"clocks_file": broken}, {"routes_file": broken}, {"keys_old": secret}, {"key": secret},
    ]  # fmt: skip
    for settings in wrong:
        with pytest.raises(ValueError, match="validation error") as told:
            FeedbackSettings(**settings)
        assert "khong-ro" not in str(told.value)
    assert FeedbackSettings(key=SecretStr(""), keys_old=SecretStr(""), clocks_file="").clocks_file is None  # type: ignore[arg-type]
