"""The rhythm of one series, learned row by row: what its hour of the day and kind of day usually bring.

Values are read on a log scale, so that a burst is a ratio and not a difference. What is far off moves nothing much:
level, profile and spread take in a row only up to a few spreads, so that a burst does not become the new normal.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime

HOUR = 3600.0
DAY = 24 * HOUR
PSEUDO_COUNT = 3.0
"""Added to each value: below it, differences are noise of small numbers."""
LEVEL_DAYS = PROFILE_DAYS = 7.0
SPREAD_DAYS = 5.0
TRUST_DAYS = 1.0
"""So many days of an hour weigh as much as not knowing the hour at all."""
TRUST_KIND_DAYS = 4.0
"""The same for how that hour differs between working days and weekends."""
YOUNG = 3.0
"""At first the spread looks back over a third of what was seen, since the first days were read without a rhythm."""
PULL = 2.0
"""A row moves level and profile by at most so many spreads."""
SPREAD_CAP = 3.0
POISSON_SHARE = 0.8
"""The spread is never taken for less than this share of what pure chance makes of such small counts."""
_HOURS = 24


def log_value(value: float) -> float:
    """The scale on which series are compared; a value below zero mirrors one above."""
    return math.copysign(math.log1p(abs(value) / PSEUDO_COUNT), value)


def plain_value(logged: float) -> float:
    return math.copysign(math.expm1(abs(logged)) * PSEUDO_COUNT, logged)


@dataclass(slots=True)
class Rhythm:
    """Level, a profile of 24 hours, how working days and weekends differ from it, and the spread around them."""

    level: float = 0.0
    variance: float = 0.25
    rows: int = 0
    profile: list[float] = field(default_factory=lambda: [0.0] * (3 * _HOURS))
    """24 hours of any day, then what working days add, then what weekends add."""
    seen: list[float] = field(default_factory=lambda: [0.0] * (3 * _HOURS))
    """Hours of watching behind each entry of the profile, so about its days."""

    def expected(self, at: datetime) -> float:
        """The usual logged value at this hour of this kind of day."""
        return self.level + self._of_hour(at.hour, TRUST_DAYS) + self._of_hour(_kind_slot(at), TRUST_KIND_DAYS)

    def _of_hour(self, slot: int, trust: float) -> float:
        return self.profile[slot] * self.seen[slot] / (self.seen[slot] + trust)

    def chance(self, expected: float) -> float:
        """The spread that counts of this size have by chance alone."""
        mean = max(plain_value(expected), 0.0)
        return POISSON_SHARE * math.sqrt(mean + 0.25) / (mean + PSEUDO_COUNT)

    def learn(self, at: datetime, logged: float, seconds: float) -> None:
        """Take in one row that stands for so many seconds."""
        if self.rows == 0:
            self.level = logged
        spread = math.sqrt(self.variance)
        off = logged - self.expected(at)
        self.rows += 1
        young = 1.0 / self.rows
        self.level += max(fade(seconds, LEVEL_DAYS), young) * _within(off, PULL * spread)
        capped = min(off * off, SPREAD_CAP**2 * self.variance)
        self.variance += max(fade(seconds, SPREAD_DAYS), YOUNG / (self.rows + 2 * YOUNG)) * (capped - self.variance)
        aim = _within(logged - self.level, PULL * spread)
        self._learn_hour(at.hour, aim, seconds / HOUR)
        more = _within(logged - self.level - self._of_hour(at.hour, TRUST_DAYS), PULL * spread)
        self._learn_hour(_kind_slot(at), more, seconds / HOUR)

    def _learn_hour(self, slot: int, aim: float, hours: float) -> None:
        self.seen[slot] += hours
        step = min(max(hours / PROFILE_DAYS, hours / (hours + self.seen[slot])), 1.0)
        self.profile[slot] += step * (aim - self.profile[slot])


def fade(seconds: float, half_life_days: float) -> float:
    """The share that one row takes in a mean whose memory halves in so many days."""
    return -math.expm1(-math.log(2.0) * seconds / (half_life_days * DAY))


def _within(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))


def _kind_slot(at: datetime) -> int:
    """The hour among those of its kind of day."""
    return at.hour + _HOURS * (2 if at.weekday() >= 5 else 1)
