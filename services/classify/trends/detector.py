"""Bursts in one series, row by row, without looking ahead: how unusual a row is, and one alert for each event.

Guarantee: what is said of a row depends on the rows up to it and on nothing else; a detector that was stored as JSON
and read back says of the next rows what it would have said. The state is some 160 numbers, whatever the history.
"""

import math
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from services.classify.trends.rhythm import DAY, SPREAD_CAP, SPREAD_DAYS, YOUNG, Rhythm, fade, log_value, plain_value

ECHO = (1.0, 0.5, 0.25)
"""A rise that persists weighs more than a single row: the last rows, newest first."""
ALERT_AT = 5.5
"""Spreads above the rhythm. Neither this nor anything else here is tuned to a series."""
CALM = timedelta(hours=12)
"""An event is over when nothing was above ALERT_AT for so long."""
WARM_UP = DAY
"""Seconds of watching before the first alert: one day of the rhythm at least."""
NOTABLE = 2.0
TAIL = 3.0
PEAK_DAYS = 2.0
PEAK_RISE = 1.15
"""A peak is told when it stands this much above what is left of the one before, which halves in PEAK_DAYS."""
CLIMB = 3
"""A climb is told after so many rows even while it goes on."""
GAP = 3.5
"""So many times the usual pause between rows is a gap: what came before it says nothing about persistence."""
FIRST_STEP = 300.0
SETTLED_ROWS = 50
RARITY_WEEKS = 2
MOST_WEEKS = 520.0


@dataclass(slots=True)
class Peak:
    """The highest row of a rise."""

    surprise: float
    seen: float
    expected: float
    since: datetime
    """Where the rise began."""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What is said of one row."""

    surprise: float
    """Spreads above the rhythm, the last rows together."""
    expected: float
    told: Peak | None
    """A new peak, told once: when the next row no longer rises, or the climb has lasted."""
    alert: bool
    """A peak of at least ALERT_AT begins an event."""
    is_loud: bool
    """The event that was alerted goes on in this row."""

    @property
    def score(self) -> float:
        return self.told.surprise if self.told else 0.0


@dataclass(slots=True)
class Detector:
    rhythm: Rhythm = field(default_factory=Rhythm)
    variance: float = 0.0
    """Of the weighted sum of the last rows."""
    recent: list[float] = field(default_factory=list)
    step: float = 0.0
    """The shortest pause between two rows, in seconds."""
    watched: float = 0.0
    """Seconds."""
    last_at: datetime | None = None
    loud_at: datetime | None = None
    rising_since: datetime | None = None
    climb: Peak | None = None
    """A peak that is not told yet."""
    height: float = 0.0
    """What is left of the last peak that was told."""
    tails: int = 0
    tail_mean: float = 1.0

    def read(self, at: datetime, value: float | None) -> Reading | None:
        """What is unusual at this row; None for a row with no value, or whose time is not after the last one's."""
        if value is None or (self.last_at is not None and at <= self.last_at):
            return None
        seconds = self._pass_time(at)
        logged = log_value(value)
        expected = self.rhythm.expected(at) if self.rhythm.rows else logged
        surprise = self._surprise(logged - expected, expected, seconds)
        self.rhythm.learn(at, logged, seconds)
        self.rising_since = (self.rising_since or at) if surprise >= NOTABLE else None
        here = Peak(surprise, value, plain_value(expected), self.rising_since or at)
        is_new = self.loud_at is None or at - self.loud_at > CALM
        told = self._tell(here, is_new)
        begins = told is not None and told.surprise >= ALERT_AT
        goes_on = surprise >= ALERT_AT and not is_new
        if begins or goes_on:
            self.loud_at = at
        return Reading(surprise, here.expected, told, begins and is_new and self.watched >= WARM_UP, goes_on)

    def _pass_time(self, at: datetime) -> float:
        """Seconds that this row stands for; a gap stands for one step only."""
        passed = (at - self.last_at).total_seconds() if self.last_at else FIRST_STEP
        if self.last_at:
            self.step = min(self.step or passed, passed)
            self.height *= 0.5 ** (passed / (PEAK_DAYS * DAY))
            if passed > GAP * self.step:
                self.recent, passed = [], self.step
        self.last_at, self.watched = at, self.watched + passed
        return passed

    def _surprise(self, off: float, expected: float, seconds: float) -> float:
        self.recent = [off, *self.recent][: len(ECHO)]
        together = sum(weight * one for weight, one in zip(ECHO, self.recent, strict=False))
        norm = math.sqrt(sum(weight * weight for weight in ECHO))
        if self.variance == 0.0:
            self.variance = 2 * norm**2 * self.rhythm.variance
        spread = max(math.sqrt(self.variance), self.rhythm.chance(expected) * norm)
        young = YOUNG / (self.rhythm.rows + SETTLED_ROWS)
        capped = min(together * together, SPREAD_CAP**2 * self.variance)
        self.variance += max(fade(seconds, SPREAD_DAYS), young) * (capped - self.variance)
        return together / spread

    def _tell(self, here: Peak, is_new: bool) -> Peak | None:
        """A peak is told after it, so that a climb is one peak and not many. Less than NOTABLE is none."""
        if self.climb is None:
            stands_out = here.surprise > max(self.height * PEAK_RISE, NOTABLE)
            if stands_out or (is_new and here.surprise >= ALERT_AT):
                self.climb = here
            return None
        top, rows = self.climb, self.climb.rows + 1
        still_rises = here.surprise > top.surprise
        if still_rises:
            top = Peak(here.surprise, here.seen, here.expected, top.since)
        top.rows = rows
        if still_rises and rows < CLIMB:
            self.climb = top
            return None
        self.climb, self.height = None, top.surprise
        self._learn_tail(top.surprise)
        return top

    def _learn_tail(self, peak: float) -> None:
        if peak > TAIL and self.watched > WARM_UP:
            self.tails += 1
            self.tail_mean += (peak - TAIL - self.tail_mean) / min(self.tails + 1, 50)

    def once_in_weeks(self, surprise: float) -> float | None:
        """How rarely this series has such a peak, from how many it had and how fast they thin out with height."""
        weeks = self.watched / (7 * DAY)
        if surprise <= TAIL or weeks < RARITY_WEEKS:
            return None
        higher = max(self.tails, 1) / weeks * math.exp(-(surprise - TAIL) / max(self.tail_mean, 0.2))
        return min(1.0 / higher, MOST_WEEKS)

    def to_json(self) -> dict[str, Any]:
        stored = asdict(self)
        for part in (stored, stored["climb"] or {}):
            part.update({name: at.isoformat() for name, at in part.items() if isinstance(at, datetime)})
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        moments = {name: datetime.fromisoformat(stored[name]) for name in _MOMENTS if stored[name]}
        climb = stored["climb"]
        if climb:
            climb = Peak(**(climb | {"since": datetime.fromisoformat(climb["since"])}))
        return cls(**(stored | moments | {"rhythm": Rhythm(**stored["rhythm"]), "climb": climb}))


_MOMENTS = ("last_at", "loud_at", "rising_since")
