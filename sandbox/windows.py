"""Fixed windows of points that open at the first use, the way most platforms count."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    points: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one key stands in one window after asking for points."""

    limit: Limit
    remaining: int
    resets_at: datetime
    exceeded: bool


class Windows:
    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[datetime, int]] = {}

    def consume(self, name: str, key: str, limit: Limit, points: int, now: datetime) -> Standing:
        """Counts even what it refuses: asking while blocked does not come free."""
        resets_at, used = self._used.get((name, key), (now, 0))
        if now >= resets_at:
            resets_at, used = now + limit.window, 0
        used += points
        self._used[name, key] = (resets_at, used)
        return Standing(limit, max(0, limit.points - used), resets_at, used > limit.points)

    def clear(self) -> None:
        self._used.clear()
