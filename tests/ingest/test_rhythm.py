"""The rhythm of a source: what is learnt of it, when it is read again, and when a move is believed."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from libs.common.clock import HANOI
from services.ingest.arrivals import LEARNING_HOURS, Rhythm, begin, calm_seconds, observe, rates
from services.ingest.rhythm import Move, PollOutcome, decide_next_poll, judge_move

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=HANOI).astimezone(UTC)
QUARTER = timedelta(minutes=15)


def watched(days: int, per_hour: dict[range, int], every: timedelta = QUARTER) -> Rhythm:
    """A source looked at every quarter of an hour, which brings so many items in each of these hours of the day."""
    rhythm, at = begin(MONDAY), MONDAY
    while at < MONDAY + timedelta(days=days):
        hour = at.astimezone(HANOI).hour
        at += every
        came = next((count for hours, count in per_hour.items() if hour in hours), 0)
        is_full_hour = at.astimezone(HANOI).minute == 0
        rhythm = observe(rhythm, at, came if is_full_hour else 0, [at - timedelta(minutes=5)] * came)
    return rhythm


def wait(rhythm: Rhythm | None, at_hour: int, *, expected: float = 0.2, longest: float = 7200) -> float:
    rhythm_day = MONDAY if rhythm is None else rhythm.watched_until
    now = rhythm_day.astimezone(HANOI).replace(hour=at_hour, minute=0).astimezone(UTC)
    return calm_seconds(rhythm, now, expected=expected, shortest=900, longest=longest)


def test_a_source_that_is_not_known_yet_is_read_as_its_keeper_wishes() -> None:
    assert wait(None, 9) == 900
    assert wait(begin(MONDAY), 9) == 900
    assert wait(watched(1, {}), 9) in (900, 7200)
    young = watched(1, {}, timedelta(hours=6))
    assert young.hours < LEARNING_HOURS
    assert wait(young, 9) == 900


def test_a_busy_source_is_read_as_often_as_its_keeper_wishes_and_no_more() -> None:
    assert wait(watched(5, {range(24): 6}), 9) == 900


def test_quiet_hours_are_left_quiet() -> None:
    daytime = watched(14, {range(7, 19): 2})
    assert wait(daytime, 10) == 900
    assert wait(daytime, 1) == 7200
    # What wakes at seven is not slept through, however long one may wait.
    assert 4 * 3600 < wait(daytime, 1, expected=2.0, longest=86400) <= 7 * 3600


def test_a_silent_source_is_still_looked_at() -> None:
    assert wait(watched(14, {}), 10) == 7200


def test_what_fell_silent_is_forgotten_and_what_woke_is_learnt() -> None:
    loud = watched(7, {range(24): 4})
    at, fading = loud.watched_until, loud
    for _ in range(24 * 21):
        at += timedelta(hours=1)
        fading = observe(fading, at, 0)
    assert sum(rates(fading)) < sum(rates(loud)) / 6
    for _ in range(24 * 7):
        at += timedelta(hours=1)
        fading = observe(fading, at, 4)
    assert sum(rates(fading)) > sum(rates(loud)) / 3


def test_the_learnt_rates_are_those_the_items_were_drawn_from() -> None:
    """Draws of a known day: 0.1 an hour by night, 3 by day; the estimate comes within a quarter of either."""
    draw = random.Random(7)
    rhythm, at = begin(MONDAY), MONDAY
    while at < MONDAY + timedelta(days=28):
        rate = 3.0 if 7 <= at.astimezone(HANOI).hour < 19 else 0.1
        at += QUARTER
        rhythm = observe(rhythm, at, sum(draw.random() < rate / 40 for _ in range(10)))
    found = rates(rhythm)
    day, night = found[9:17], [*found[22:], *found[:5]]
    assert 3.0 * 0.75 < sum(day) / len(day) < 3.0 * 1.25
    assert sum(night) / len(night) < 0.3


def test_a_gap_in_which_nobody_looked_teaches_nothing() -> None:
    rhythm = watched(7, {range(24): 1})
    later = observe(rhythm, rhythm.watched_until + timedelta(days=30), 500)
    assert sum(later.arrivals) < sum(rhythm.arrivals)
    assert observe(rhythm, rhythm.watched_until, 50) == rhythm


def test_items_count_in_the_hour_that_their_date_names() -> None:
    since = MONDAY + timedelta(hours=6)
    rhythm = observe(begin(since), since + timedelta(hours=6), 3, [since + timedelta(hours=1, minutes=30)] * 2)
    assert rhythm.arrivals[7] == pytest.approx(2 + 1 / 6)
    assert sum(rhythm.arrivals) == pytest.approx(3)
    assert sum(rhythm.exposure) == pytest.approx(6)


@pytest.mark.parametrize(
    ("outcome", "calm", "asked", "seconds", "failures"),
    [
        (PollOutcome.OK, 3600, None, 3600, 0),
        (PollOutcome.NOT_MODIFIED, 100, None, 300, 0),
        (PollOutcome.OK, 3600, 5000, 5000, 0),
        (PollOutcome.ERROR, 7200, None, 2400, 3),
        (PollOutcome.WAITING, 7200, 7, 7, 2),
    ],
)
def test_calm_delays_success_alone(
    outcome: PollOutcome, calm: float, asked: int | None, seconds: int, failures: int
) -> None:
    decided = decide_next_poll(outcome, now=MONDAY, poll_seconds=300, failures=2, wait_seconds=asked, calm_seconds=calm)
    assert (decided.at - MONDAY, decided.failures) == (timedelta(seconds=seconds), failures)


def test_polls_are_spread_by_at_most_a_tenth() -> None:
    spread = decide_next_poll(PollOutcome.OK, now=MONDAY, poll_seconds=1000, failures=0, spread=0.5)
    assert spread.at - MONDAY == timedelta(seconds=1050)


def moved(before: Move, to: str | None, at: str = "https://bao.vn/rss", needed: int = 3) -> Move:
    host = (to or "").partition("://")[2].partition("/")[0]
    return judge_move(before, to, at=at, at_host=at.partition("://")[2].partition("/")[0], to_host=host, needed=needed)


def test_a_move_is_believed_within_a_site_at_once_and_elsewhere_when_it_lasts() -> None:
    assert moved(Move(), "https://m.bao.vn/rss").is_believed
    once = moved(Move(), "https://khac.vn/rss")
    twice = moved(once, "https://khac.vn/rss")
    assert [one.is_believed for one in (once, twice, moved(twice, "https://khac.vn/rss"))] == [False, False, True]
    assert moved(twice, "https://la.vn/rss").polls == 1
    assert moved(twice, None) == Move()


def test_no_move_gives_up_encryption() -> None:
    assert moved(Move(), "http://bao.vn/rss") == Move()
    assert moved(Move(), "https://bao.vn/rss", at="http://bao.vn/rss").is_believed
