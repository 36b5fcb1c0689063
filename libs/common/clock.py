"""Time as a dependency: domain columns never take theirs from SQL now()."""

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def midnight(now: datetime) -> datetime:
    """When today began in Hà Nội."""
    return datetime.combine(now.astimezone(HANOI).date(), time(), HANOI)


def quiet_end(begins: time, ends: time, now: datetime) -> datetime | None:
    """The end of the daily hours of quiet (Hà Nội time, over midnight too) where it is in them now."""
    local = now.astimezone(HANOI)
    clock = local.time()
    within = begins <= clock < ends if begins <= ends else clock >= begins or clock < ends
    if not within:
        return None
    day = local.date() + timedelta(days=1 if clock >= begins and begins > ends else 0)
    return datetime.combine(day, ends, HANOI).astimezone(UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is told to move: tests and drills."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by
