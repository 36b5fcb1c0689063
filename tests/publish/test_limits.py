"""The shapes of caps, held against definitions written another way: rolling, begun by a use, a calendar day."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.publish.limits import Limit, Shape, Verdict, spend

PACIFIC = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 10, 30, 20, 0, tzinfo=UTC)
"""Two days before the clocks of California go back."""
TICK = timedelta(microseconds=1)
COSTS = {"publish": 2, "stage": 1, "delete": 3}
WINDOWS = (timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))

limits = st.builds(
    Limit,
    name=st.just("cap"),
    points=st.integers(3, 25),
    window=st.sampled_from(WINDOWS),
    shape=st.sampled_from(Shape),
    costs=st.just(COSTS),
)


@st.composite
def uses(draw: st.DrawFn) -> tuple[Limit, list[tuple[datetime, str, bool]]]:
    """A cap, and who asks for what at which instants; every instant a little later than the one before."""
    limit = draw(limits)
    steps = (timedelta(), limit.window / 7, limit.window / 2, limit.window, limit.window - TICK, timedelta(hours=5))
    asked, at = [], START
    for _ in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from(steps))
        asked.append((at, draw(st.sampled_from([*COSTS, "read"])), draw(st.booleans())))
    return limit, asked


def play(limit: Limit, asked: list[tuple[datetime, str, bool]]) -> list[tuple[datetime, int, bool]]:
    """What was let through, each time through the JSON of the database; every no is checked where it is given."""
    used: list[list[object]] = []
    through = []
    for at, operation, is_urgent in asked:
        verdict = spend(limit, used, operation, at, is_urgent=is_urgent)
        if verdict.until is None:
            used = json.loads(json.dumps(verdict.used))
            through.append((at, limit.cost(operation), is_urgent))
        else:
            _require_first_instant(limit, used, operation, at, is_urgent, verdict)
    return [one for one in through if one[1]]


def _require_first_instant(
    limit: Limit, used: list[list[object]], operation: str, at: datetime, is_urgent: bool, verdict: Verdict
) -> None:
    """Nothing was counted; it fits at the instant that was named, and not a moment before."""
    assert verdict.until is not None
    assert verdict.until > at
    assert sum(int(str(p)) for _, p in verdict.used) <= limit.points
    assert spend(limit, used, operation, verdict.until, is_urgent=is_urgent).until is None
    assert spend(limit, used, operation, verdict.until - TICK, is_urgent=is_urgent).until is not None


def reserve(limit: Limit) -> int:
    return max(1, limit.points // 10)


@given(use=uses())
@settings(max_examples=300, deadline=None)
def test_no_window_ever_holds_more_than_the_cap(use: tuple[Limit, list[tuple[datetime, str, bool]]]) -> None:
    limit, asked = use
    through = play(limit, asked)
    for at, cost, is_urgent in through:
        held = sum(points for when, points, _ in through if when <= at and _together(limit, through, when, at))
        later = [one for one in through if one[0] == at]  # at one instant in turn: the last of them sees all
        assert held <= limit.points
        if not is_urgent and len(later) == 1:
            assert held <= max(limit.points - reserve(limit), cost)


def _together(limit: Limit, through: list[tuple[datetime, int, bool]], when: datetime, at: datetime) -> bool:
    """Whether two uses fall into one window, by the words of each shape."""
    match limit.shape:
        case Shape.ROLLING:
            return at - when < limit.window
        case Shape.DAY:
            return when.astimezone(PACIFIC).date() == at.astimezone(PACIFIC).date()
        case Shape.FIXED:
            return _window_of(limit, through, when) == _window_of(limit, through, at)


def _window_of(limit: Limit, through: list[tuple[datetime, int, bool]], at: datetime) -> datetime:
    """The beginning of the window an instant falls into: the first use after the last window was over."""
    begins = through[0][0]
    for when, _, _ in through:
        if when > at:
            break
        if when >= begins + limit.window:
            begins = when
    return begins


@given(points=st.integers(1, 400), cost=st.integers(1, 400), times=st.integers(1, 5), is_urgent=st.booleans())
def test_what_fits_the_whole_cap_goes_when_nothing_was_used(
    points: int, cost: int, times: int, is_urgent: bool
) -> None:
    limit = Limit("cap", points, timedelta(hours=1), costs={"publish": cost})
    verdict = spend(limit, [], "publish", START, is_urgent=is_urgent, times=times)
    assert (verdict.until is None) == (cost * times <= points)


def test_what_is_urgent_finds_the_reserve_and_nobody_else_does() -> None:
    limit = Limit("day", 20, timedelta(days=1))
    used: list[list[object]] = []
    for _ in range(18):
        used = spend(limit, used, "publish", START).used
    assert spend(limit, used, "publish", START).until == START + timedelta(days=1)
    for _ in range(2):
        verdict = spend(limit, used, "publish", START, is_urgent=True)
        assert verdict.until is None
        used = verdict.used
    assert spend(limit, used, "publish", START, is_urgent=True).until == START + timedelta(days=1)


def test_several_uploads_count_as_many() -> None:
    limit = Limit("uploads", 30, timedelta(minutes=30), costs={"stage": 1})
    used = spend(limit, [], "stage", START, times=25).used
    assert spend(limit, used, "stage", START, times=2).until is None
    assert spend(limit, used, "stage", START, times=3).until == START + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 11, 1), 25), (date(2027, 3, 14), 23), (date(2026, 11, 24), 24), (date(2026, 7, 4), 24)],
)
def test_a_day_of_california_ends_at_its_own_midnight(day: date, hours: int) -> None:
    """YouTube's quota: also on the days on which the clocks there are changed."""
    limit = Limit("units", 100, timedelta(days=1), Shape.DAY, costs={"publish": 100})
    begins = datetime(day.year, day.month, day.day, tzinfo=PACIFIC).astimezone(UTC)
    ends = begins + timedelta(hours=hours)
    assert ends.astimezone(PACIFIC).hour == 0
    used = spend(limit, [], "publish", begins, is_urgent=True).used
    for at in (begins, begins + timedelta(hours=hours / 2), ends - TICK):
        assert spend(limit, used, "publish", at, is_urgent=True).until == ends
    assert spend(limit, used, "publish", ends, is_urgent=True).until is None


def test_midnight_there_is_the_middle_of_a_day_here() -> None:
    """14:00 in Hà Nội in summer, 15:00 in winter: the day of the cap is not the day of the newsroom."""
    limit = Limit("uploads", 1, timedelta(days=1), Shape.DAY)
    for month, hour in ((7, 7), (12, 8)):
        at = datetime(2026, month, 15, hour, tzinfo=UTC)
        used = spend(limit, [], "publish", at - TICK).used
        assert spend(limit, used, "publish", at - TICK).until == at
        assert spend(limit, used, "publish", at).until is None


def test_a_year_of_pacific_days_has_no_gap_and_no_overlap() -> None:
    limit, at, ends = Limit("d", 1, timedelta(days=1), Shape.DAY), START, []
    for _ in range(400):
        used = spend(limit, [], "publish", at).used
        until = spend(limit, used, "publish", at).until
        assert until is not None
        ends.append(until)
        at = until
    days = [(end - TICK).astimezone(PACIFIC).date() for end in ends]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
