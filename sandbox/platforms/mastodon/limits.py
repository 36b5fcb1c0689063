"""How often one may ask: fixed windows that end at whole multiples of their length, told in X-RateLimit headers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sandbox.platforms.mastodon import rules
from sandbox.platforms.mastodon.wire import Refused
from sandbox.windows import Limit, Standing


class Windows:
    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def clear(self) -> None:
        self._used.clear()

    def consume(self, name: str, key: str, limit: Limit, now: datetime) -> Standing:
        """One more, refused or not."""
        return self._standing(name, key, limit, now, 1)

    def record(self, name: str, key: str, limit: Limit, now: datetime) -> Standing:
        """One more, unless it is one too many."""
        standing = self._standing(name, key, limit, now, 0)
        if standing.remaining == 0:
            return Standing(limit, 0, standing.resets_at, True)
        return self._standing(name, key, limit, now, 1)

    def _standing(self, name: str, key: str, limit: Limit, now: datetime, points: int) -> Standing:
        window = int(now.timestamp()) // int(limit.window.total_seconds())
        known, used = self._used.get((name, key), (window, 0))
        used = (used if known == window else 0) + points
        self._used[name, key] = (window, used)
        return Standing(limit, max(0, limit.points - used), reset_of(limit, now), used > limit.points)


def reset_of(limit: Limit, now: datetime) -> datetime:
    period = int(limit.window.total_seconds())
    return now + timedelta(seconds=period - int(now.timestamp()) % period)


def require(headers: dict[str, str], standings: Sequence[Standing]) -> None:
    """Tells of the nearest limit, and refuses where it is passed."""
    tightest = min(standings, key=lambda standing: (not standing.exceeded, standing.remaining))
    told = headers.get("X-RateLimit-Remaining")
    if told is None or tightest.exceeded or tightest.remaining <= int(told):
        headers.update(headers_of(tightest))
    if tightest.exceeded:
        raise Refused(429, rules.TOO_MANY)


def headers_of(standing: Standing) -> dict[str, str]:
    at = standing.resets_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "X-RateLimit-Limit": str(standing.limit.points),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": at,
    }
