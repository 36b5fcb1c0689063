"""When a calendar is read again, and what its server's answer means. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.models.agenda import CalendarState

LEASE = timedelta(minutes=2)
"""Longer than fetching and reading one calendar may take."""
LONGEST = timedelta(hours=24)
MOST = 50
"""Calendars of one unit."""
HOURLY = 3600
TOLD_AFTER = 3
"""Failures in a row until the desk is told."""
SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """What one reading came to. `found` (of `reading`) is None where nothing new was read; `error` None where it was
    well."""

    status: int | None = None
    error: str | None = None
    wait_until: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: bytes | None = None
    found: Mapping[str, Any] | None = None

    @property
    def is_gone(self) -> bool:
        return self.status == 410

    @property
    def outcome(self) -> str:
        """For counting."""
        return "failed" if self.error else "new" if self.is_new else "unchanged"

    @property
    def is_new(self) -> bool:
        return self.found is not None


def spread_of(calendar_id: UUID) -> float:
    """In [0, 1), for ever the same: calendars of one server are not all asked in the same second."""
    return calendar_id.int % 1000 / 1000


def next_poll_at(calendar_id: UUID, answer: Answer, poll_seconds: int, failures: int, now: datetime) -> datetime:
    """`failures` count this one. Each failure doubles the pause, up to a day; what the server asks for is granted, up
    to a day."""
    pause = timedelta(seconds=poll_seconds) * (1 << min(failures, 10)) * (1 + spread_of(calendar_id) / 10)
    asked = min(answer.wait_until, now + LONGEST) if answer.wait_until else now
    return max(now + min(pause, LONGEST), asked)


def changes_of(
    calendar_id: UUID, answer: Answer, poll_seconds: int, failures: int, state: str, now: datetime
) -> dict[str, Any]:
    """The columns of a calendar after a reading; it is paused while it was read, it stays so."""
    failures = failures + 1 if answer.error else 0
    changes: dict[str, Any] = {
        "leased_until": None,
        "failures": failures,
        "last_status": answer.status,
        "last_error": answer.error[:SHOWN] if answer.error else None,
        "last_polled_at": now,
        "next_poll_at": next_poll_at(calendar_id, answer, poll_seconds, failures, now),
    }
    if not answer.error:
        changes["last_ok_at"] = now
    if answer.is_new:
        changes |= {"etag": answer.etag, "last_modified": answer.last_modified, "digest": answer.digest}
    if answer.is_gone and state == CalendarState.ACTIVE:
        changes["state"] = CalendarState.GONE
    return changes


def is_to_be_told(before: int, changes: Mapping[str, Any]) -> bool:
    """Once for each time of trouble: at its third failure, or where the calendar is gone."""
    return changes.get("state") == CalendarState.GONE or before < TOLD_AFTER <= changes["failures"]


def validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    pairs = (("If-None-Match", etag), ("If-Modified-Since", last_modified))
    return {name: value for name, value in pairs if value}


def validator(value: str | None) -> str | None:
    """It is sent back as it came, so one that no header can carry is not kept."""
    return value if value and len(value) <= 512 and value.isascii() and value.isprintable() else None
