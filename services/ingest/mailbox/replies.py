"""Answers that go out by themselves: seldom enough that no two programs can keep answering each other."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import date

MOST = 2000
"""Answers of one process in one day."""


@dataclass
class DailyReplies:
    """One answer a day to an address. What is remembered is keyed by what only this process knows, and ends with it."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _day: date = date.min
    _answered: set[bytes] = field(default_factory=set, repr=False)

    def allow(self, address: str, today: date) -> bool:
        """Whether an answer may go to this address now; the next time on this day it may not."""
        if today != self._day:
            self._day, self._key = today, secrets.token_bytes(32)
            self._answered.clear()
        digest = hmac.digest(self._key, address.lower().encode(), "sha256")
        if digest in self._answered or len(self._answered) >= MOST:
            return False
        self._answered.add(digest)
        return True
