"""The rules of letters to readers: when an issue closes, when a letter is tried again, what ends a subscription."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from libs.common.clock import HANOI
from libs.common.mail import MailFailed, MailRefused, MailUnclear
from libs.common.models.readers import SendState

AT = "17:00"
"""When a list's letter leaves, where its channel says nothing else (`at`, Hanoi time)."""
LIST = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
MOST_ITEMS = 20
TRIES_FOR = timedelta(days=3)
BACKOFF = tuple(timedelta(minutes=m) for m in (15, 60, 180, 360, 720, 1440))
LEASE = timedelta(minutes=15)
"""Longer than a batch of letters may take; what is still under way then is unclear."""
ASK_AGAIN, MOST_ASKS = timedelta(hours=1), 3
UNCONFIRMED_KEPT = timedelta(hours=48)
REVIVED_AFTER = timedelta(days=30)
"""How long an address that did not exist is not asked again, whoever signs it up."""
GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox or domain, moved, or closed (RFC 3463, RFC 7505): never again."""
STRIKES = 3
"""So many issues in a row that a mailbox refused (full, or another trouble of its own) end the subscription."""
WEEKDAYS = frozenset(range(7))


@dataclass(frozen=True)
class Timetable:
    """When a list's issues close: Hanoi time, on these days of the week (Monday is 0)."""

    at: time
    days: frozenset[int]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Timetable":
        """What cannot be read falls back to every day at 17:00."""
        try:
            at = time.fromisoformat(str(settings.get("at", AT)))
        except ValueError:
            at = time.fromisoformat(AT)
        told = settings.get("days")
        days = frozenset(day for day in told if day in WEEKDAYS) if isinstance(told, list) else frozenset()
        return cls(at.replace(tzinfo=None), days or WEEKDAYS)

    def last(self, now: datetime) -> datetime:
        """The latest closing time that has come."""
        return self._from(now, -1)

    def next(self, now: datetime) -> datetime:
        return self._from(now, 1)

    def _from(self, now: datetime, step: int) -> datetime:
        local = now.astimezone(HANOI)
        for away in range(9):
            day = local.date() + timedelta(days=step * away)
            slot = datetime.combine(day, self.at, HANOI)
            if day.weekday() in self.days and (slot <= now if step < 0 else slot > now):
                return slot
        raise AssertionError("a week has one of the days")


@dataclass(frozen=True)
class Verdict:
    """What becomes of a letter that was not taken; `not_before` where it is tried again."""

    state: SendState
    code: str | None
    not_before: datetime | None = None


def verdict(error: MailFailed, attempts: int, closed_at: datetime, now: datetime) -> Verdict:
    code = error.numbers
    if isinstance(error, MailUnclear):
        return Verdict(SendState.UNCLEAR, code)
    if isinstance(error, MailRefused) or now - closed_at >= TRIES_FOR:
        return Verdict(SendState.REFUSED, code)
    return Verdict(SendState.QUEUED, code, now + BACKOFF[min(max(attempts, 1), len(BACKOFF)) - 1])


def is_gone(code: str | None) -> bool:
    return code is not None and code.rpartition(" ")[2] in GONE


def is_strike(code: str | None) -> bool:
    """About the mailbox (X.1, X.2), and not about us (policy, contents)."""
    return code is not None and code.rpartition(" ")[2].startswith(("5.1.", "5.2."))


@dataclass(frozen=True)
class Due:
    id: UUID
    domain: bytes


def spread(
    due: Sequence[Due], recent: Mapping[bytes, int], per_domain: int, most: int
) -> tuple[list[UUID], list[UUID]]:
    """Which letters go now, and which wait a minute because their provider got enough in the last one."""
    used, go, wait = Counter(recent), list[UUID](), list[UUID]()
    for one in due:
        if used[one.domain] >= per_domain:
            wait.append(one.id)
        elif len(go) < most:
            used[one.domain] += 1
            go.append(one.id)
    return go, wait
