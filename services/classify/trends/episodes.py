"""What the detectors say of a series, made into events: one while it lasts, and what is known of it.

Two detectors read each series: counts of five minutes, which see what is sudden, and of the last hour, which see what
is steady in series too sparse for five minutes. Either can begin an event; both keep it going.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.classify.trends.buckets import BUCKET, HOUR_BUCKETS, buckets, local
from services.classify.trends.detector import ALERT_AT, CALM, WARM_UP, Detector, Peak

DAY = timedelta(days=1)
SILENT_BUCKETS = 6
SILENT_LEAST = 6
FIVE, HOUR = "five_minutes", "hour"
WINDOWS = {FIVE: 1, HOUR: HOUR_BUCKETS}


@dataclass(slots=True)
class Episode:
    """An event in one series."""

    began_at: datetime
    told_at: datetime
    loud_at: datetime
    window_minutes: int
    seen: int
    expected: float
    surprise: float
    once_in_weeks: float | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Loud:
    """A bucket in which a detector was above what alerts; `peak` where it tells a new one."""

    bucket_at: datetime
    detector: str
    peak: Peak | None
    once_in_weeks: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Counts of one series, reaching back an hour; of everything, reaching back a day; and what is too few."""

    counts: Mapping[datetime, int]
    everything: Mapping[datetime, int]
    least: int = 1

    def is_missing(self, bucket_at: datetime) -> bool:
        """Nothing at all came for half an hour, in which the day before much did: we were away, the city was not still.
        Known from what came before, so that it is the same whenever it is asked."""
        before = [bucket_at - step * BUCKET for step in range(SILENT_BUCKETS)]
        if any(self.everything.get(at, 0) for at in before):
            return False
        return sum(self.everything.get(at - DAY, 0) for at in before) >= SILENT_LEAST


@dataclass(slots=True)
class Readers:
    """The two detectors of one series."""

    detectors: dict[str, Detector] = field(default_factory=lambda: {name: Detector() for name in WINDOWS})

    def read(self, seen: Seen, first: datetime, until: datetime) -> Iterator[Loud]:
        """Read these buckets in order; those in which nothing could be seen teach nothing."""
        for bucket_at in buckets(first, until):
            if seen.is_missing(bucket_at):
                continue
            for name, width in WINDOWS.items():
                value = sum(seen.counts.get(bucket_at - step * BUCKET, 0) for step in range(width))
                found = self._read_one(name, bucket_at, value, seen.least)
                if found:
                    yield found

    def _read_one(self, name: str, bucket_at: datetime, value: int, least: int) -> Loud | None:
        detector = self.detectors[name]
        reading = detector.read(local(bucket_at), float(value))
        if reading is None or detector.watched < WARM_UP:
            return None
        told = reading.told
        if told and told.surprise >= ALERT_AT and told.seen >= least:
            return Loud(bucket_at, name, told, detector.once_in_weeks(told.surprise))
        return Loud(bucket_at, name, None) if reading.surprise >= ALERT_AT else None

    def to_json(self) -> dict[str, Any]:
        return {name: detector.to_json() for name, detector in self.detectors.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Readers":
        fresh = cls()
        fresh.detectors |= {name: Detector.from_json(stored[name]) for name in WINDOWS if name in stored}
        return fresh


def follow(current: Episode | None, loud: Iterator[Loud], until: datetime) -> list[Episode]:
    """The open event, if any, and those that begin, each with what became of it up to then; in order."""
    episodes = [current] if current else []
    for one in loud:
        close(current, one.bucket_at)
        if current is None or current.ended_at:
            if one.peak is None:
                continue
            current = _begin(one, one.peak)
            episodes.append(current)
        else:
            _go_on(current, one)
    close(current, until)
    return episodes


def close(episode: Episode | None, at: datetime) -> None:
    """An event is over when it was calm for long enough."""
    if episode and episode.ended_at is None and at - episode.loud_at > CALM:
        episode.ended_at = episode.loud_at


def _begin(loud: Loud, peak: Peak) -> Episode:
    width = WINDOWS[loud.detector]
    began_at = peak.since.astimezone(loud.bucket_at.tzinfo) - (width - 1) * BUCKET
    end = loud.bucket_at + BUCKET
    minutes = width * round(BUCKET / timedelta(minutes=1))
    return Episode(began_at, end, end, minutes, round(peak.seen), peak.expected, peak.surprise, loud.once_in_weeks)


def _go_on(episode: Episode, loud: Loud) -> None:
    episode.loud_at = loud.bucket_at + BUCKET
    if loud.peak and loud.peak.surprise > episode.surprise:
        higher = _begin(loud, loud.peak)
        episode.window_minutes, episode.seen, episode.expected = higher.window_minutes, higher.seen, higher.expected
        episode.surprise, episode.once_in_weeks = higher.surprise, higher.once_in_weeks
