"""What volume is usual for a source, and how unlikely a silence or a flood is under it. Pure.

Items of an hour are Poisson with the rate of its slot in the week; whole days are busier or quieter together, by a
gamma factor of mean 1 and shape `spread`. Counts of a window are then negative binomial, and P(nothing) has a closed
form. Slots are shrunk towards the hour of the day (empirical Bayes), since four weeks give a slot four observations.
The tail alone would believe its model too much, so a silence must also outlast the longest one the source itself had.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from libs.common.clock import HANOI

SLOTS = 168
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST_LOOK = timedelta(days=45)
"""A silence longer than this is not measured further."""
_HOLIDAY, _TET = 0.6, 0.3
"""What share of a Sunday a public holiday, and a day around Tết, is expected to bring at least."""
_SUNDAY = 6


@dataclass(frozen=True)
class Norm:
    """What is usual: `rates` are 168 items an hour from Monday 00:00 of Hà Nội; `days` is how much was learned from.

    `longest_gap` is in items expected meanwhile, `busiest` in multiples of what an hour was expected to bring.
    """

    rates: Sequence[float]
    spread: float
    longest_gap: float
    busiest: float
    days: float
    _sums: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sums = [0.0]
        for rate in self.rates:
            sums.append(sums[-1] + rate)
        object.__setattr__(self, "_sums", sums)

    @property
    def per_week(self) -> float:
        return self._sums[SLOTS]

    def expected(self, start: datetime, end: datetime, *, cautious: bool = False) -> float:
        """Items expected in the window. `cautious`: holidays and Tết bring less, so a silence on them says less."""
        at, end = max(start, end - LONGEST_LOOK).astimezone(HANOI), end.astimezone(HANOI)
        total = 0.0
        while at < end:
            until = min(datetime.combine(at.date() + DAY, time(), HANOI), end)
            total += self._of_day(at, until, cautious)
            at = until
        return total

    def _of_day(self, start: datetime, until: datetime, cautious: bool) -> float:
        first = (start - datetime.combine(start.date(), time(), HANOI)) / HOUR
        last = first + (until - start) / HOUR
        usual = self._between(start.weekday(), first, last)
        share = share_of(start.date()) if cautious else None
        return usual if share is None else min(usual, share * self._between(_SUNDAY, first, last))

    def _between(self, weekday: int, first: float, last: float) -> float:
        return self._up_to(weekday * 24 + last) - self._up_to(weekday * 24 + first)

    def _up_to(self, hours: float) -> float:
        whole = min(int(hours), SLOTS)
        return self._sums[whole] + (self.rates[whole] * (hours - whole) if whole < SLOTS else 0.0)


# --- the calendar ------------------------------------------------------------------------------------------


@cache
def _holidays(year: int) -> Mapping[date, str]:
    return dict(holidays.country_holidays("VN", years=year, language="vi").items())


@cache
def share_of(day: date) -> float | None:
    """What share of a Sunday this day brings at least; None for an ordinary day. Tết reaches three days around."""
    around = [day + timedelta(days=n) for n in range(-3, 4)]
    names = [_holidays(one.year).get(one, "") for one in around]
    if any("Tết" in name and "Dương lịch" not in name for name in names):
        return _TET
    return _HOLIDAY if day in _holidays(day.year) else None


def slot_of(hour: datetime) -> int:
    local = hour.astimezone(HANOI)
    return local.weekday() * 24 + local.hour


# --- learning ----------------------------------------------------------------------------------------------

_PRIOR_WEEKS = 3.0
_LEAST_RATE = 0.02
"""Of the mean: no hour is so quiet that one item in it would be a wonder."""
_SPREADS = (0.7, 200.0)
_SMOOTH = (0.25, 0.5, 0.25)


def learn(items: Mapping[datetime, int], watched: Sequence[datetime]) -> Norm | None:
    """The norm of a source from its new items of each hour (UTC, its first instant).

    watched: the hours, in order, in which it was being read; hours of its troubles and its very first are left out by
    the caller. None where nothing was watched.
    """
    if not watched:
        return None
    cap = _cap([items[hour] for hour in watched if items.get(hour)])
    counts = [min(items.get(hour, 0), cap) for hour in watched]
    plain = [i for i, hour in enumerate(watched) if share_of(hour.astimezone(HANOI).date()) is None]
    rates = _rates([(slot_of(watched[i]), counts[i]) for i in plain or range(len(watched))])
    means = [rates[slot_of(hour)] for hour in watched]
    return Norm(
        rates=rates,
        spread=_spread(watched, counts, means),
        longest_gap=_second_most(_gaps(counts, means)),
        busiest=_second_most([items.get(hour, 0) / (mean + 1) for hour, mean in zip(watched, means, strict=True)]),
        days=len(watched) / 24,
    )


def _cap(found: list[int]) -> int:
    """One backlog poured out in an hour teaches nothing about a usual one."""
    if not found:
        return 1
    ordered = sorted(found)
    return max(3, math.ceil(1.5 * ordered[int(0.98 * (len(ordered) - 1))]))


def _rates(seen: Sequence[tuple[int, int]]) -> list[float]:
    total, exposure = [0.0] * SLOTS, [0] * SLOTS
    for slot, count in seen:
        total[slot] += count
        exposure[slot] += 1
    mean = sum(total) / len(seen)
    prior = _prior(total, exposure, mean)
    return [
        max((_PRIOR_WEEKS * prior[s] + total[s]) / (_PRIOR_WEEKS + exposure[s]), _LEAST_RATE * mean)
        for s in range(SLOTS)
    ]


def _prior(total: Sequence[float], exposure: Sequence[int], mean: float) -> list[float]:
    """Hours of the day, smoothed, apart for working days, Saturdays and Sundays as far as each was seen."""
    prior = [mean] * SLOTS
    for days in ((0, 1, 2, 3, 4), (5,), (6,)):
        whole = [_hour_mean(total, exposure, range(7), hour, mean) for hour in range(24)]
        own = [_hour_mean(total, exposure, days, hour, whole[hour]) for hour in range(24)]
        for hour in range(24):
            smooth = sum(_SMOOTH[n + 1] * own[(hour + n) % 24] for n in (-1, 0, 1))
            for day in days:
                prior[day * 24 + hour] = smooth
    return prior


def _hour_mean(
    total: Sequence[float], exposure: Sequence[int], days: Sequence[int], hour: int, otherwise: float
) -> float:
    """Mean of an hour over these days, held towards `otherwise` by two observations."""
    slots = [day * 24 + hour for day in days]
    return (sum(total[s] for s in slots) + 2 * otherwise) / (sum(exposure[s] for s in slots) + 2)


def _spread(watched: Sequence[datetime], counts: Sequence[int], means: Sequence[float]) -> float:
    """Shape of the gamma between days, by moments: Var = mean + mean²/shape."""
    days: dict[date, tuple[float, float]] = {}
    for hour, count, mean in zip(watched, counts, means, strict=True):
        day = hour.astimezone(HANOI).date()
        if share_of(day) is None:
            seen, expected = days.get(day, (0.0, 0.0))
            days[day] = seen + count, expected + mean
    excess = sum((seen - expected) ** 2 - expected for seen, expected in days.values())
    square = sum(expected**2 for _, expected in days.values())
    low, high = _SPREADS
    return min(max(square / excess, low), high) if excess > 0 and square > 0 else high


def _gaps(counts: Sequence[int], means: Sequence[float]) -> list[float]:
    """Silences between hours with items, in items expected meanwhile."""
    gaps, gap = [], 0.0
    for count, mean in zip(counts, means, strict=True):
        gap += mean / 2 if count else mean
        if count:
            gaps.append(gap)
            gap = mean / 2
    return gaps


def _second_most(found: Sequence[float]) -> float:
    """The most, unless it stands alone: one outage must not teach that outages are usual."""
    ordered = sorted(found, reverse=True)[:2]
    if len(ordered) < 2:
        return ordered[0] if ordered else 0.0
    return ordered[0] if ordered[0] <= 1.5 * ordered[1] else ordered[1]


# --- judging -----------------------------------------------------------------------------------------------

LEAST_DAYS = 7.0
"""A norm of fewer days is not judged by."""
SILENT_BELOW = 1e-3
LOUD_BELOW = 1e-6
BACK_ABOVE = 0.05
"""What was unusual is over when its probability is above this: the gap between both keeps it from flapping."""
_GAP_MARGIN = 1.3
_BUSY_MARGIN = 1.5
_LEAST_SILENCE = timedelta(hours=2)
_ANY_SILENCE, _ANY_EXPECTED = timedelta(days=7), 14.0
"""So long, with so much expected, is told however ragged the source's own past was."""
_LEAST_FLOOD = 20


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a window looks beside the norm: `probability` of as little, or as much, under it."""

    expected: float
    seen: int
    probability: float
    is_unusual: bool

    @property
    def is_over(self) -> bool:
        return self.probability > BACK_ABOVE


def judge_silence(norm: Norm, last_item_at: datetime, read_until: datetime) -> Judgement:
    """Nothing between the last item and the last good poll: P(0) = (1 + expected/spread)^-spread."""
    expected = norm.expected(last_item_at, read_until, cautious=True)
    probability = (1 + expected / norm.spread) ** -norm.spread
    lasted = read_until - last_item_at
    is_long = lasted >= _LEAST_SILENCE and expected > _GAP_MARGIN * norm.longest_gap
    is_rare = probability < SILENT_BELOW and is_long
    return Judgement(expected, 0, probability, is_rare or (lasted >= _ANY_SILENCE and expected >= _ANY_EXPECTED))


def judge_flood(norm: Norm, count: int, start: datetime, end: datetime) -> Judgement:
    """As many items or more in the window."""
    expected = norm.expected(start, end)
    if count <= expected:
        return Judgement(expected, count, 1.0, False)
    probability = at_least(count, expected, norm.spread)
    is_many = count >= _LEAST_FLOOD and count / (expected + 1) > _BUSY_MARGIN * norm.busiest
    return Judgement(expected, count, probability, probability < LOUD_BELOW and is_many)


def at_least(count: int, mean: float, spread: float) -> float:
    """P(X ≥ count) of a negative binomial of this mean and shape, from the tail so that digits stay."""
    if count <= 0:
        return 1.0
    share = mean / (mean + spread)
    if share <= 0:
        return 0.0
    log_term = (
        math.lgamma(count + spread)
        - math.lgamma(spread)
        - math.lgamma(count + 1)
        + spread * math.log1p(-share)
        + count * math.log(share)
    )
    term, total, k = math.exp(log_term), 0.0, count
    for _ in range(5000):
        total += term
        if term < total * 1e-12:
            break
        term *= share * (k + spread) / (k + 1)
        k += 1
    return min(total, 1.0)


def usual_range(norm: Norm, start: datetime, end: datetime, share: float = 0.8) -> tuple[int, int]:
    """The least and the most items that the window brings in this share of cases, tails cut alike."""
    mean, tail = norm.expected(start, end), (1 - share) / 2
    low = _first(lambda k: 1 - at_least(k + 1, mean, norm.spread) >= tail, mean)
    return low, _first(lambda k: at_least(k + 1, mean, norm.spread) <= tail, mean)


def _first(holds: Callable[[int], bool], mean: float) -> int:
    """The least whole number for which it holds; it holds for all above."""
    low, high = 0, max(4, int(4 * mean) + 4)
    while not holds(high):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
