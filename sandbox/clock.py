"""One clock for all platforms: real time plus an offset that control can move, or a frozen instant."""

from datetime import UTC, datetime, timedelta
from threading import Lock


class VirtualClock:
    def __init__(self) -> None:
        self._lock = Lock()
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def advance(self, step: timedelta) -> datetime:
        if step < timedelta():
            raise ValueError("the clock of the sandbox does not run backwards")
        with self._lock:
            if self._frozen is not None:
                self._frozen += step
            else:
                self._offset += step
            return self._now()

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stands still from now on, or exactly at an instant of one's choice."""
        with self._lock:
            self._frozen = at or self._now()
            return self._frozen

    def resume(self) -> datetime:
        """Runs again from the frozen instant, so that no reader sees time jump."""
        with self._lock:
            if self._frozen is not None:
                self._offset, self._frozen = self._frozen - datetime.now(UTC), None
            return self._now()

    def not_before(self, at: datetime) -> None:
        """Called after a restart: what is on the ledger must not lie in the future."""
        with self._lock:
            if self._now() < at:
                self._offset += at - self._now()

    def reset(self, at: datetime | None = None) -> None:
        """Starts anew, at an instant of one's choice: nothing is left that could tell of another time."""
        with self._lock:
            self._offset = at - datetime.now(UTC) if at else timedelta()
            self._frozen = None

    def _now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset


def iso(at: datetime) -> str:
    """RFC 3339 with milliseconds and Z, the way JavaScript servers write instants."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
