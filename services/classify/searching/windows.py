"""How far back to look next: pure. Common words are found among the newest rows; rare ones need the whole index, and
cost little there. Each window is as long as what was seen so far says that it takes."""

from dataclasses import dataclass
from datetime import timedelta
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


@dataclass(frozen=True)
class Seen:
    """What was read so far: rows (as estimated by their time), their span, and hits."""

    rows: float
    span: timedelta
    hits: int

    def with_more(self, rows: float, hits: int) -> "Seen":
        return Seen(self.rows + rows, self.span * ((self.rows + rows) / self.rows), self.hits + hits)


def growth(seen: Seen, wanted: int) -> float:
    """How many times as much as before is to be read next, to find what is still wanted."""
    least, most = GROWTH
    share = (seen.hits + 0.5) / max(seen.rows, 1)
    rows = MARGIN * (wanted - seen.hits) / share
    return min(max(rows / max(seen.rows, 1), LEAST if seen.hits >= ENOUGH else least), most)


def next_window(high: UUID, seen: Seen, wanted: int, oldest: UUID) -> tuple[UUID, float]:
    """Where the next window begins, and how many rows it is thought to have; it goes to the very beginning when the
    rest is not much longer than that."""
    ends, began = id_time(high), id_time(oldest)
    span = max(seen.span, timedelta(milliseconds=1))
    length = span * growth(seen, wanted)
    if ends - length * 2 > began:
        return floor_id(ends - length), seen.rows * (length / span)
    return oldest, seen.rows * max((ends - began) / span, 0.001)
