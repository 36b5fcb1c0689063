"""Caps of platforms, kept on our side so that an account is never blocked for asking too much.

Each cap is a number of points in a window of one shape. What was used is a list of `[ISO instant, points]`, so that
a rolling window can forget it point by point; a fixed window and a calendar day count from where they began.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

Used = Sequence[Sequence[object]]
RESERVE = 10
"""One point in so many is left for what is urgent, and at least one where there are more than one."""


class Shape(StrEnum):
    ROLLING = "rolling"
    """The last `window`, at every instant (a sliding minute, 24 hours of reels)."""
    FIXED = "fixed"
    """Windows of `window` that begin with the first use."""
    DAY = "day"
    """The calendar day of `zone` (YouTube counts in Pacific time)."""


@dataclass(frozen=True)
class Limit:
    """At most `points` in a `window`; `costs`: points for each operation, an operation not named costs nothing."""

    name: str
    points: int
    window: timedelta
    shape: Shape = Shape.ROLLING
    costs: Mapping[str, int] = field(default_factory=lambda: {"publish": 1})
    zone: str = "America/Los_Angeles"

    def cost(self, operation: str) -> int:
        return self.costs.get(operation, 0)


@dataclass(frozen=True)
class Verdict:
    """`used` after the operation; `until`: not before then, and nothing was counted."""

    used: list[list[object]]
    until: datetime | None = None


def spend(
    limit: Limit, used: Used, operation: str, now: datetime, *, is_urgent: bool = False, times: int = 1
) -> Verdict:
    """Whether an operation (or so many of it at once) fits now; what is not urgent leaves the reserve alone.

    What is more than that, and no more than the whole cap, goes when nothing else was used: it would never go else.
    """
    cost, kept = limit.cost(operation) * times, _in_window(limit, used, now)
    if not cost:
        return Verdict(_written(kept))
    most = limit.points if is_urgent else max(limit.points - _reserve(limit), min(cost, limit.points))
    if sum(points for _, points in kept) + cost <= most:
        return Verdict(_written([*kept, (now, cost)]))
    return Verdict(_written(kept), _free_at(limit, kept, cost, most, now))


def _reserve(limit: Limit) -> int:
    return max(1, limit.points // RESERVE) if limit.points > 1 else 0


def _in_window(limit: Limit, used: Used, now: datetime) -> list[tuple[datetime, int]]:
    entries = sorted((datetime.fromisoformat(str(at)), int(str(points))) for at, points in used)
    match limit.shape:
        case Shape.ROLLING:
            return [entry for entry in entries if entry[0] > now - limit.window]
        case Shape.DAY:
            return [entry for entry in entries if entry[0] >= _day_start(now, limit.zone)]
        case Shape.FIXED:
            return entries if entries and now < entries[0][0] + limit.window else []


def _free_at(limit: Limit, kept: list[tuple[datetime, int]], cost: int, most: int, now: datetime) -> datetime:
    """The first instant at which the operation will fit."""
    if limit.shape is Shape.DAY:
        return _day_start(_day_start(now, limit.zone) + timedelta(hours=36), limit.zone)
    if limit.shape is Shape.FIXED:
        return kept[0][0] + limit.window if kept else now + limit.window
    over = sum(points for _, points in kept) + cost - most
    for at, points in kept:
        over -= points
        if over <= 0:
            return at + limit.window
    return now + limit.window


def _day_start(at: datetime, zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def _written(entries: Sequence[tuple[datetime, int]]) -> list[list[object]]:
    return [[at.isoformat(), points] for at, points in entries]
