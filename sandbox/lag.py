"""Lists that come late: a platform's list of an account's own posts, as its API really gives it.

A list may be some seconds behind the truth (new posts missing, deleted ones still there, old text), may leave a post
out of the first page that should show it, and may come in any order. The ledger is never late.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from threading import Lock

from sandbox.clock import VirtualClock
from sandbox.ledger import Item, Ledger, Projection

MAX_LAG_SECONDS = 120.0


class LagMode(StrEnum):
    STEADY = "steady"
    """Late only."""
    MISSED_ONCE = "missed_once"
    """Late, and left out of the first page that should show it."""
    OUT_OF_ORDER = "out_of_order"
    """Late, and the posts of a page in no order (the same one at every reading)."""


@dataclass(frozen=True, slots=True)
class Lag:
    seconds: float = 0.0
    mode: LagMode = LagMode.STEADY


class LagBook:
    """How late each platform is; without an entry, not at all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lags: dict[str, Lag] = {}

    def of(self, platform: str) -> Lag:
        with self._lock:
            return self._lags.get(platform, Lag())

    def set(self, platform: str, lag: Lag) -> Lag:
        with self._lock:
            self._lags[platform] = lag
            return lag

    def all(self) -> dict[str, Lag]:
        with self._lock:
            return dict(self._lags)

    def clear(self) -> None:
        with self._lock:
            self._lags.clear()


class LateList:
    """The posts of one platform as its lists know them. What was once shown is not forgotten when the lag grows."""

    def __init__(self, platform: str, clock: VirtualClock, ledger: Ledger, lags: LagBook) -> None:
        self._platform, self._clock, self._ledger, self._lags = platform, clock, ledger, lags
        self._seen = Projection()
        self._shown: set[str] = set()

    def clear(self) -> None:
        self._seen = Projection()
        self._shown.clear()

    def due(self, kind: str) -> list[Item]:
        """Everything of this kind that the lists know by now, in the order it was made."""
        until = self._clock.now() - timedelta(seconds=self._lags.of(self._platform).seconds)
        for entry in self._ledger.entries(after=self._seen.applied):
            if entry.at > until:
                break
            self._seen.apply(entry)
        return self._seen.of(self._platform, kind)

    def served(self, page: Sequence[Item]) -> list[Item]:
        """One page of them, as it goes out."""
        mode = self._lags.of(self._platform).mode
        first_time = {item.subject for item in page} - self._shown
        self._shown |= first_time
        if mode is LagMode.MISSED_ONCE:
            return [item for item in page if item.subject not in first_time]
        if mode is LagMode.OUT_OF_ORDER:
            return sorted(page, key=lambda item: hashlib.sha256(item.subject.encode()).digest())
        return list(page)
