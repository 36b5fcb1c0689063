"""Which span a periodic report covers, by tables of cases in the time of Hà Nội."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.clock import HANOI
from services.reports.domain import Period
from services.reports.periods import LONGEST, Cadence, CutOffs, asked_period, last_period, period_name


def at(day: str, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=HANOI)


@pytest.mark.mission("M33")
@pytest.mark.parametrize(
    ("cadence", "now", "start", "end", "name"),
    [
        # Nghị định 09/2019/NĐ-CP, điều 12: from the 15th of the month before to the 14th.
        (Cadence.MONTHLY, "2026-11-15", "2026-10-15", "2026-11-15", "tháng 11 năm 2026"),
        (Cadence.MONTHLY, "2026-11-14", "2026-09-15", "2026-10-15", "tháng 10 năm 2026"),
        (Cadence.MONTHLY, "2026-01-20", "2025-12-15", "2026-01-15", "tháng 1 năm 2026"),
        (Cadence.QUARTERLY, "2026-11-30", "2026-06-15", "2026-09-15", "quý III năm 2026"),
        (Cadence.QUARTERLY, "2026-03-15", "2025-12-15", "2026-03-15", "quý I năm 2026"),
        (Cadence.HALF_YEAR, "2026-07-01", "2025-12-15", "2026-06-15", "6 tháng đầu năm 2026"),
        (Cadence.HALF_YEAR, "2026-12-31", "2026-06-15", "2026-12-15", "6 tháng cuối năm 2026"),
        (Cadence.YEARLY, "2026-12-14", "2024-12-15", "2025-12-15", "năm 2025"),
        (Cadence.YEARLY, "2026-12-15", "2025-12-15", "2026-12-15", "năm 2026"),
    ],
)
def test_longer_periods_end_on_the_day_that_the_decree_names(
    cadence: Cadence, now: str, start: str, end: str, name: str
) -> None:
    period = last_period(cadence, CutOffs(), at(now))
    assert period == Period(at(start), at(end))
    assert period_name(cadence, period) == name


def test_a_city_may_count_calendar_months_and_its_own_weeks() -> None:
    cut = CutOffs(hour=8, weekday=0, month_day=31)
    assert last_period(Cadence.MONTHLY, cut, at("2026-03-01")) == Period(at("2026-02-01"), at("2026-03-01"))
    assert last_period(Cadence.YEARLY, cut, at("2026-11-30")) == Period(at("2025-01-01"), at("2026-01-01"))
    week = last_period(Cadence.WEEKLY, cut, at("2026-11-30", 7, 59))
    assert week == Period(at("2026-11-16", 8), at("2026-11-23", 8))
    assert last_period(Cadence.WEEKLY, cut, at("2026-11-30", 8)).end == at("2026-11-30", 8)
    assert period_name(Cadence.WEEKLY, week) == "tuần từ ngày 16/11/2026 đến ngày 23/11/2026"


def test_dates_of_ones_own_are_named_by_their_days() -> None:
    period = Period(at("2026-11-01"), at("2026-11-11"))
    assert period_name(Cadence.MONTHLY, period) == "từ ngày 01/11/2026 đến ngày 10/11/2026"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-20", "2026-11-20", "trước"),
        ("2026-11-20", "2026-12-30", "tương lai"),
        ("2026-09-01", "2026-11-20", "31 ngày"),
    ],
)
def test_what_is_no_period_is_refused_with_its_reason(start: str, end: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asked_period(Cadence.DAILY, at(start), at(end), CutOffs(), at("2026-11-24"))


def test_the_default_of_a_brief_is_the_day_that_ends_now_and_of_others_the_last_whole_period() -> None:
    now = at("2026-11-24", 12)
    assert asked_period(Cadence.DAILY, None, None, CutOffs(), now) == Period(now - timedelta(days=1), now)
    assert asked_period(Cadence.MONTHLY, None, None, CutOffs(), now) == Period(at("2026-10-15"), at("2026-11-15"))


@given(
    st.sampled_from(list(Cadence)),
    st.integers(0, 23),
    st.integers(0, 6),
    st.integers(1, 31),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
def test_periods_follow_each_other_without_a_gap(
    cadence: Cadence, hour: int, weekday: int, month_day: int, moment: datetime
) -> None:
    cut, now = CutOffs(hour, weekday, month_day), moment.replace(tzinfo=HANOI)
    period = last_period(cadence, cut, now)
    assert period.end <= now < period.end + LONGEST[cadence]
    assert last_period(cadence, cut, period.end) == period
    assert last_period(cadence, cut, period.end - timedelta(seconds=1)).end == period.start
