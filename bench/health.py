"""`python -m bench.health --data F.jsonl.xz ...`: how often health is told wrongly, and how soon rightly.

Rows `{published, site?, label?}` are real publication times; each site (with `--by label` each section) is one source.
It is walked through in steps of a poll, as the service would: the norm is learned anew every day from what was there,
and every change of health goes through the rules of the service. Where nothing is injected each trouble told is a false
alarm. Then faults are injected at seeded moments: the source falls silent for good, or pours out items for an hour.
"""

import argparse
import bisect
import json
import lzma
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from libs.common.models.catalogue import HealthCause, SourceHealth
from services.ingest.health.rules import TROUBLES, Pulse, Vitals, judge
from services.ingest.health.volume import DAY, HOUR, Norm, learn

STEP = timedelta(minutes=15)
WARM = timedelta(days=14)
LONGEST = timedelta(days=6)
"""A fault that is not told within this is missed."""
SEED = 3550


def read(paths: Sequence[Path], by: str) -> dict[str, list[datetime]]:
    """Publication times of each source that has enough of them, in order."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for path in paths:
        packed = path.read_bytes()
        whole = lzma.decompress(packed) if path.suffix == ".xz" else packed
        for line in whole.splitlines():
            row = json.loads(line)
            if row.get("published"):
                at = datetime.fromisoformat(row["published"])
                name = row.get(by) or row.get("site") or path.parent.name
                found[f"{path.parent.name}/{name}"].append(at if at.tzinfo else at.replace(tzinfo=UTC))
    every = {name: sorted(times) for name, times in found.items()}
    return {n: times for n, times in every.items() if len(times) >= 60 and times[-1] - times[0] > WARM + 2 * DAY}


@dataclass
class Walk:
    """One source walked through time."""

    times: Sequence[datetime]
    was: SourceHealth = SourceHealth.OK
    cause: HealthCause = HealthCause.READ
    since: datetime | None = None
    norm: Norm | None = None
    learned_at: datetime | None = None
    told: list[tuple[datetime, SourceHealth]] = field(default_factory=list)

    def seen(self, now: datetime) -> int:
        return bisect.bisect_right(self.times, now)

    def step(self, now: datetime, *, extra: int = 0, until: datetime | None = None) -> SourceHealth:
        """Judge at this moment; `extra` items came in the last hour besides, and none at all after `until`."""
        known = min(now, until) if until else now
        if until is None and (self.learned_at is None or now - self.learned_at >= DAY):
            self.norm, self.learned_at = self._learn(now), now
        newest = self.times[self.seen(known) - 1]
        hour = 0 if known < now - HOUR else self.seen(known) - self.seen(now - HOUR)
        pulse = Pulse("active", 0, self.times[0], now, now if extra else newest)
        vitals = Vitals(pulse, self.was, self.since, now, cause=self.cause, norm=self.norm, last_hour=hour + extra)
        found = judge(vitals, now)
        if found.health is not self.was:
            self.was, self.cause, self.since = found.health, found.cause, now
            self.told += [(now, found.health)] if found.health in TROUBLES else []
        return self.was

    def _learn(self, now: datetime) -> Norm | None:
        hours = Counter(_hour(at) for at in self.times[: self.seen(now)])
        hour, watched = max(_hour(self.times[0]) + HOUR, _hour(now) - timedelta(weeks=10)), []
        while hour + HOUR <= now:
            watched.append(hour)
            hour += HOUR
        return learn(hours, watched)


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def false_alarms(times: Sequence[datetime]) -> tuple[int, float]:
    """(troubles told, weeks walked) of a source that nothing was done to."""
    walk = Walk(times)
    now = times[0] + WARM
    while now < times[-1]:
        walk.step(now)
        now += STEP
    return len(walk.told), (times[-1] - times[0] - WARM) / timedelta(weeks=1)


def silences(times: Sequence[datetime], tries: int) -> list[float | None]:
    """Hours until the silence is told, of each that begins at a seeded moment; None where it is missed."""
    return [_until_told(times, at, silent=True) for at in _moments(times, tries)]


def floods(times: Sequence[datetime], tries: int, items: int) -> list[float | None]:
    """Hours until it is told that `items` more come, evenly over one hour."""
    return [_until_told(times, at, items=items) for at in _moments(times, tries)]


def _moments(times: Sequence[datetime], tries: int) -> Iterator[datetime]:
    chance = random.Random(SEED)  # noqa: S311 - repeatable, nothing secret
    room = times[-1] - times[0] - WARM - DAY
    for _ in range(tries):
        yield times[0] + WARM + room * chance.random()


def _until_told(times: Sequence[datetime], at: datetime, *, silent: bool = False, items: int = 0) -> float | None:
    walk = Walk(times)
    walk.step(at)
    wanted = SourceHealth.SILENT if silent else SourceHealth.FLOODING
    now = at
    while now < at + (LONGEST if silent else 2 * HOUR):
        now += STEP
        extra = 0 if silent else round(items * min(1.0, (now - at) / HOUR))
        if walk.step(now, extra=extra, until=at if silent else None) is wanted:
            return (now - at) / HOUR
    return None


def _told(found: Sequence[float | None]) -> str:
    hours = [one for one in found if one is not None]
    middle = f"{statistics.median(hours):.1f} h, tối đa {max(hours):.1f} h" if hours else "không"
    return f"{middle}; sót {len(found) - len(hours)}/{len(found)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="False alarms of sources' health, and time until faults are told.")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="JSON Lines: published, site?, label?")
    parser.add_argument("--by", default="site", help="the field that names a source")
    parser.add_argument("--tries", type=int, default=10, help="faults injected into each source")
    parser.add_argument("--flood", type=int, default=80, help="items poured out in an hour")
    wanted = parser.parse_args()
    table = Table(
        "nguồn", "mục/ngày", "tuần", "báo nhầm", "im lặng được báo sau", f"{wanted.flood} mục/giờ được báo sau"
    )
    alarms, weeks = 0, 0.0
    for name, times in read(wanted.data, wanted.by).items():
        told, walked = false_alarms(times)
        alarms, weeks = alarms + told, weeks + walked
        a_day = len(times) / ((times[-1] - times[0]) / DAY)
        quiet, loud = silences(times, wanted.tries), floods(times, wanted.tries, wanted.flood)
        table.add_row(name, f"{a_day:.1f}", f"{walked:.1f}", str(told), _told(quiet), _told(loud))
    Console(width=150).print(table)
    Console(width=150).print(
        f"báo nhầm mỗi tuần của một nguồn: {alarms / weeks if weeks else 0:.3f} ({alarms} / {weeks:.1f})"
    )


if __name__ == "__main__":
    main()
