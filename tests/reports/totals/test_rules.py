"""Which days are counted, and how a period is read: pure rules, by tables and by chance."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain import Period
from services.reports.totals.rules import (
    BEGINNING,
    Kept,
    closed_days,
    cover,
    day_of,
    days_of_hanoi,
    due_days,
    kept,
    last_closing,
    rows_alone,
    span_of,
)

pytestmark = pytest.mark.mission("M33")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
LIMIT = NOW - 90 * DAY
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


def test_a_day_is_one_of_ha_noi() -> None:
    assert span_of(date(2026, 11, 24)).start == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert day_of(datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert day_of(datetime(2026, 11, 23, 17, tzinfo=UTC)) == date(2026, 11, 24)


def test_a_closing_is_two_hours_after_midnight() -> None:
    midnight = datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert last_closing(midnight + 2 * HOUR) == midnight + 2 * HOUR
    assert last_closing(midnight + 2 * HOUR - timedelta(seconds=1)) == midnight - 22 * HOUR


def test_rows_are_whole_where_nothing_was_dropped_yet() -> None:
    watched = NOW - 200 * DAY
    cases = [
        (kept(None, None, LIMIT), BEGINNING),
        (kept(NOW - 80 * DAY, None, LIMIT), BEGINNING),
        (kept(watched, watched + HOUR, LIMIT), BEGINNING),
        (kept(watched, watched + 2 * DAY, LIMIT), watched + 2 * DAY),
        (kept(watched, None, LIMIT), LIMIT),
        (kept(watched, NOW - DAY, LIMIT), LIMIT),
    ]
    assert [one.since for one, _ in cases] == [since for _, since in cases]


def test_before_anything_was_watched_there_was_nothing_to_keep() -> None:
    held = Kept(NOW - 10 * DAY, NOW - 50 * DAY)
    spans = [
        (Period(NOW - 60 * DAY, NOW - 50 * DAY), True),
        (Period(NOW - 51 * DAY, NOW - 49 * DAY), False),
        (Period(NOW - 11 * DAY, NOW), False),
        (Period(NOW - 10 * DAY, NOW), True),
    ]
    assert [held.has(span) for span, _ in spans] == [has for _, has in spans]
    assert Kept(NOW, None).has(Period(BEGINNING, NOW))


def test_days_are_due_once_and_then_each_night_while_their_rows_are_kept() -> None:
    held = Kept(BEGINNING, NOW - 100 * DAY)
    every = closed_days(held, NOW)
    assert every[-1] == date(2026, 11, 23)
    assert due_days({}, held, LIMIT, NOW) == every
    assert due_days(dict.fromkeys(every, NOW), held, LIMIT, NOW) == []
    last_night = dict.fromkeys(every, NOW - DAY)
    assert due_days(last_night, held, LIMIT, NOW) == [day for day in every if span_of(day).start >= LIMIT]
    dropped = Kept(LIMIT, NOW - 100 * DAY)
    assert due_days({}, dropped, LIMIT, NOW) == [day for day in every if span_of(day).start >= LIMIT]
    assert due_days({}, Kept(BEGINNING, None), LIMIT, NOW) == []


@given(INSTANTS, st.timedeltas(timedelta(seconds=1), 80 * DAY), st.sets(st.integers(0, 400)), INSTANTS, INSTANTS)
def test_the_parts_of_a_period_fill_it_without_a_gap_or_an_overlap(
    start: datetime, length: timedelta, days: set[int], since: datetime, watched: datetime
) -> None:
    period = Period(start, start + length)
    counted = {date(2026, 1, 1) + number * DAY: NOW for number in days}
    held = Kept(since, watched)
    found = cover(period, counted, held)
    spans = sorted([*found.raw, *found.missing, *map(span_of, found.days)], key=lambda span: span.start)
    assert (spans[0].start, spans[-1].end) == (period.start, period.end)
    assert all(one.end == following.start for one, following in pairwise(spans))
    assert all(held.has(one) for span in found.raw for one in days_of_hanoi(span))
    assert not any(held.has(one) for span in found.missing for one in days_of_hanoi(span))
    assert set(found.days) <= set(counted)
    assert found.is_unknown == (not found.days and not found.raw)


def test_without_totals_all_is_read_from_the_rows() -> None:
    period = Period(NOW - DAY, NOW)
    assert (rows_alone(period).raw, rows_alone(period).missing_days) == ((period,), 0)
