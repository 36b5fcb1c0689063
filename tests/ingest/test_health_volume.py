"""What volume is usual, and what is not: learned rhythms against a seeded process with a known one."""

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import comb

import pytest

from libs.common.clock import HANOI
from services.ingest.health.volume import (
    HOUR,
    LEAST_DAYS,
    Norm,
    at_least,
    judge_flood,
    judge_silence,
    learn,
    share_of,
    slot_of,
    usual_range,
)

MONDAY = datetime(2026, 6, 1, tzinfo=HANOI)


def rate(hour: datetime, per_day: float) -> float:
    """A newsroom's week: quiet nights, full mornings, half as much on Sundays."""
    local = hour.astimezone(HANOI)
    shape = 0.05 if local.hour < 5 else 1.6 if 7 <= local.hour < 12 else 1.0
    return per_day / 24 * shape * (0.5 if local.weekday() == 6 else 1.0)


def poisson(mean: float, draw: random.Random) -> int:
    limit, count, product = math.exp(-mean), 0, draw.random()
    while product > limit:
        count += 1
        product *= draw.random()
    return count


def weeks(per_day: float, count: int = 6, seed: int = 7) -> tuple[dict[datetime, int], list[datetime]]:
    draw = random.Random(seed)
    hours = [MONDAY.astimezone(UTC) + n * HOUR for n in range(168 * count)]
    return Counter({hour: poisson(rate(hour, per_day), draw) for hour in hours}), hours


def learned(per_day: float, count: int = 6) -> Norm:
    norm = learn(*weeks(per_day, count))
    assert norm is not None
    return norm


@pytest.mark.parametrize("per_day", [4.0, 30.0, 200.0])
def test_the_rhythm_is_learned(per_day: float) -> None:
    norm = learned(per_day)
    truth = sum(rate(MONDAY + n * HOUR, per_day) for n in range(168))
    assert norm.per_week == pytest.approx(truth, rel=0.15)
    night, morning = (norm.expected(MONDAY + h * HOUR, MONDAY + (h + 4) * HOUR) for h in (0, 8))
    assert morning > 5 * night
    sunday = MONDAY + timedelta(days=6)
    assert norm.expected(sunday, sunday + timedelta(days=1)) < 0.8 * norm.expected(MONDAY, MONDAY + timedelta(days=1))
    assert norm.days == pytest.approx(42)


def test_what_is_expected_adds_up_over_any_cut() -> None:
    norm = learned(30)
    start, end = MONDAY + timedelta(hours=3.4), MONDAY + timedelta(days=9, hours=1.2)
    whole = norm.expected(start, end)
    cuts = [start + (end - start) * share for share in (0, 0.13, 0.5, 0.51, 0.98, 1)]
    assert sum(norm.expected(a, b) for a, b in pairwise(cuts)) == pytest.approx(whole)
    assert norm.expected(end, start) == 0
    utc = norm.expected(start.astimezone(UTC), end.astimezone(UTC))
    assert utc == pytest.approx(whole), "the same window, told in another zone"


def test_a_source_in_its_usual_rhythm_raises_nothing_and_a_silence_is_found_by_day() -> None:
    items, _ = weeks(48)
    norm = learned(48)
    times = sorted(hour + HOUR * (n + 0.5) / count for hour, count in items.items() for n in range(count))
    for last, following in pairwise(times[200:]):
        assert not judge_silence(norm, last, following).is_unusual
    morning, night = MONDAY + timedelta(days=7, hours=7), MONDAY + timedelta(days=7, hours=0)
    assert not judge_silence(norm, night, night + timedelta(hours=5)).is_unusual, "nobody writes at night"
    by_day = next(h for h in range(1, 48) if judge_silence(norm, morning, morning + h * HOUR).is_unusual)
    assert 3 <= by_day <= 8


def test_a_rare_source_may_be_silent_for_days() -> None:
    norm = learned(0.5, count=9)
    start = MONDAY + timedelta(weeks=9)
    assert not judge_silence(norm, start, start + timedelta(days=6)).is_unusual
    assert judge_silence(norm, start, start + timedelta(days=45)).is_unusual


def test_a_silence_at_tet_says_less() -> None:
    norm = learned(30)
    tet, plain = datetime(2026, 2, 17, 6, tzinfo=HANOI), datetime(2026, 3, 10, 6, tzinfo=HANOI)
    assert norm.expected(tet, tet + timedelta(hours=12), cautious=True) < 0.25 * norm.expected(
        plain, plain + timedelta(hours=12), cautious=True
    )
    assert judge_silence(norm, plain, plain + timedelta(hours=14)).is_unusual
    assert not judge_silence(norm, tet, tet + timedelta(hours=14)).is_unusual


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2026, 2, 17), 0.3),  # mùng một Tết Bính Ngọ
        (date(2026, 2, 14), 0.3),
        (date(2026, 2, 23), 0.3),
        (date(2026, 9, 2), 0.6),
        (date(2026, 1, 1), 0.6),  # the New Year of the common calendar is a holiday and not Tết
        (date(2026, 3, 10), None),
    ],
)
def test_the_calendar(day: date, share: float | None) -> None:
    assert share_of(day) == share


def test_a_flood_is_found_and_a_busy_morning_is_not() -> None:
    norm = learned(48)
    start = MONDAY + timedelta(days=7, hours=9)
    usual = norm.expected(start, start + HOUR)
    assert not judge_flood(norm, round(usual * 2), start, start + HOUR).is_unusual
    found = judge_flood(norm, 90, start, start + HOUR)
    assert found.is_unusual
    assert found.probability < 1e-6
    assert judge_flood(norm, 0, start, start + HOUR).probability == 1
    few = learned(1)
    assert not judge_flood(few, 12, start, start + HOUR).is_unusual, "a dozen is no flood, however rare the source"


def test_hysteresis_leaves_room_between_in_and_out() -> None:
    norm = learned(48)
    morning = MONDAY + timedelta(days=7, hours=7)
    states = [judge_silence(norm, morning, morning + timedelta(minutes=15 * n)) for n in range(60)]
    between = [one for one in states if not one.is_unusual and not one.is_over]
    assert len(between) >= 4
    assert not any(one.is_unusual and one.is_over for one in states)


def test_an_outage_in_the_past_does_not_teach_that_outages_are_usual() -> None:
    items, hours = weeks(48)
    plain = learn(items, hours)
    broken = learn({h: n for h, n in items.items() if not hours[500] <= h < hours[560]}, hours)
    assert plain is not None
    assert broken is not None
    assert broken.longest_gap < 1.5 * plain.longest_gap


def test_a_backlog_poured_out_at_once_is_capped() -> None:
    items, hours = weeks(10)
    poured = learn(dict(items) | {hours[300]: 900}, hours)
    plain = learn(items, hours)
    assert poured is not None
    assert plain is not None
    assert poured.per_week < 1.3 * plain.per_week


def test_nothing_watched_teaches_nothing() -> None:
    assert learn({}, []) is None
    norm = learn({}, [MONDAY + n * HOUR for n in range(300)])
    assert norm is not None
    assert norm.per_week == 0
    assert not judge_silence(norm, MONDAY, MONDAY + timedelta(days=30)).is_unusual
    assert norm.days > LEAST_DAYS


def exact_tail(count: int, mean: Fraction, spread: int) -> Fraction:
    """P(X ≥ count) in whole numbers: failures before the `spread`-th success, counted by combinations."""
    share = mean / (mean + spread)
    below = (comb(k + spread - 1, k) * (1 - share) ** spread * share**k for k in range(count))
    return 1 - sum(below, Fraction(0))


def test_the_tail_is_exact_far_out() -> None:
    for mean, spread in ((Fraction(3, 10), 1), (Fraction(5), 2), (Fraction(40), 20), (Fraction(3), 200)):
        for count in (0, 1, 3, 10, 50, 120):
            found = at_least(count, float(mean), float(spread))
            assert found == pytest.approx(float(exact_tail(count, mean, spread)), rel=1e-6), (mean, spread, count)
    assert at_least(3, 0.0, 5.0) == 0


def test_the_usual_range_holds_four_in_five() -> None:
    norm = learned(48)
    start = MONDAY + timedelta(days=8)
    least, most = usual_range(norm, start, start + timedelta(days=1))
    mean = norm.expected(start, start + timedelta(days=1))
    assert least < mean < most
    inside = at_least(least, mean, norm.spread) - at_least(most + 1, mean, norm.spread)
    assert 0.78 <= inside <= 0.95
    assert usual_range(learned(0.2), start, start + HOUR)[0] == 0


def test_slots_are_those_of_hanoi() -> None:
    assert slot_of(MONDAY) == 0
    assert slot_of(datetime(2026, 5, 31, 17, tzinfo=UTC)) == 0
    assert slot_of(MONDAY - HOUR) == 167
