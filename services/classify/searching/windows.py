"""How far back to look next: pure. Common words are found among the newest rows; rare ones need the whole index, and
cost little there. Each window is as long as what was seen so far says that it takes, and as the time left allows: words
that stand in many texts, but seldom side by side, cost much and find little.

The index is told of a window by the hours or the days in it, which it keeps as words of each text: so it reads no more
of the words' places than those of the window. Windows of some length therefore begin with an hour or a day.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.ids import floor_id, id_time

PROBE_ROWS = 300
"""Read row by row: what a common word needs."""
FEW_ROWS = 1000
"""So few are read row by row, too: looking words up would read all their places."""
MARGIN = 1.5
GROWTH = (4.0, 20.0)
"""A window is at least and at most so many times as long as all before it."""
ENOUGH, LEAST = 8, 0.5
"""After so many hits their share is known well enough for a window as short as what is wanted still: at least so many
times as long as all before it."""
BEGINNING = UUID(int=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_HOURS, MOST_DAYS = 48, 100
"""So many at most are named to the index; of more, it looks up the words alone."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """What was read so far: rows (as estimated by their time), their span, and hits."""

    rows: float
    span: timedelta
    hits: int

    def with_more(self, rows: float, hits: int) -> "Seen":
        return Seen(self.rows + rows, self.span * ((self.rows + rows) / self.rows), self.hits + hits)


def growth(seen: Seen, wanted: int, most_rows: float = math.inf) -> float:
    """How many times as much as before is to be read next, to find what is still wanted in the time that is left."""
    least, most = GROWTH
    most = min(most, max(most_rows / max(seen.rows, 1), LEAST))
    least = min(least, most)
    share = (seen.hits + 0.5) / max(seen.rows, 1)
    rows = MARGIN * (wanted - seen.hits) / share
    return min(max(rows / max(seen.rows, 1), min(LEAST, most) if seen.hits >= ENOUGH else least), most)


def next_window(high: UUID, seen: Seen, wanted: int, oldest: UUID, most_rows: float = math.inf) -> tuple[UUID, float]:
    """Where the next window begins, and how many rows it is thought to have; it goes to the very beginning when the
    rest is not much longer than that, and there is time for it."""
    ends, began = id_time(high), id_time(oldest)
    span = max(seen.span, timedelta(milliseconds=1))
    length = span * growth(seen, wanted, most_rows)
    rest = seen.rows * max((ends - began) / span, 0.001)
    if ends - length * (1 if rest > most_rows else 2) > began:
        low = _beginning(ends - length, length)
        return floor_id(low), seen.rows * ((ends - low) / span)
    return oldest, rest


def _beginning(at: datetime, length: timedelta) -> datetime:
    """That moment, or the beginning of its hour or day where the window is long enough for that to be nothing."""
    unit = DAY if length >= MOST_HOURS * HOUR else HOUR if length >= HOUR else None
    return at - (at - _EPOCH) % unit if unit else at


def times_of(low: UUID, high: UUID) -> list[str]:
    """The words that stand in the index for the hours or days from `low` to before `high`; none for a long time."""
    began, ends = id_time(low), id_time(high)
    if high <= floor_id(ends):
        ends -= timedelta(milliseconds=1)
    for key, unit, most in (("h", HOUR, MOST_HOURS), ("d", DAY, MOST_DAYS)):
        first, last = (began - _EPOCH) // unit, (ends - _EPOCH) // unit
        if last - first <= most:
            return [f"{key}={number}" for number in range(first, last + 1)]
    return []
