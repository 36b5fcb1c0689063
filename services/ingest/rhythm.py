"""When a source is read again, and what a server asked of us. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from services.ingest.addresses import site_of

_LONGEST_WAIT = timedelta(hours=24)


class PollOutcome(StrEnum):
    """What one poll of a source came to; the word kept in `fetches.outcome`."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    GONE = "gone"
    ROBOTS = "robots"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    NOT_PARSABLE = "not_parsable"
    ERROR = "error"
    WAITING = "waiting"
    """Its host is busy or wants rest: nothing was asked, nothing is recorded."""
    PUSHED = "pushed"
    """A hub brought it (WebSub)."""


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The source's schedule after a poll."""

    at: datetime
    failures: int
    is_gone: bool = False


def decide_next_poll(
    outcome: PollOutcome,
    *,
    now: datetime,
    poll_seconds: int,
    failures: int,
    wait_seconds: int | None = None,
    calm_seconds: float = 0.0,
    spread: float = 0.0,
) -> NextPoll:
    """Success keeps the rhythm, failure doubles it up to a day, 410 ends it. A server's own wish
    (`Retry-After`, `ttl`, `max-age`) is honoured up to a day, and so is the source's own calm where it is longer than
    `poll_seconds`. `spread` in [0, 1) avoids stampedes."""
    rhythm = timedelta(seconds=max(poll_seconds, 1))
    asked = min(timedelta(seconds=max(wait_seconds or 0, 0)), _LONGEST_WAIT)
    if outcome is PollOutcome.GONE:
        return NextPoll(now + _LONGEST_WAIT, failures + 1, is_gone=True)
    if outcome is PollOutcome.WAITING:
        return NextPoll(now + max(asked, timedelta(seconds=1)) * (1 + spread * 0.1), failures)
    if outcome in (PollOutcome.OK, PollOutcome.NOT_MODIFIED):
        calm = timedelta(seconds=calm_seconds)
        return NextPoll(now + max(rhythm, calm, asked) * (1 + spread * 0.1), 0)
    backed_off = min(rhythm * 2 ** min(failures + 1, 10), _LONGEST_WAIT)
    return NextPoll(now + max(backed_off, asked) * (1 + spread * 0.1), failures + 1)


# --- where it moved ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect (301, 308) that was met: where it led, and in how many polls in a row."""

    to: str | None = None
    polls: int = 0
    is_believed: bool = False


def judge_move(before: Move, found: str | None, *, at: str, at_host: str, to_host: str, needed: int) -> Move:
    """Within a site a move is believed at once; to another site (a lapsed name, a captive portal) only when `needed`
    polls in a row agree; never from https to http."""
    if found is None or (at.startswith("https://") and not found.startswith("https://")):
        return Move()
    polls = before.polls + 1 if before.to == found else 1
    return Move(found, polls, site_of(at_host) == site_of(to_host) or polls >= needed)


# --- what a server asked -------------------------------------------------------------------------------------


def retry_after_seconds(raw: str | None, now: datetime) -> int | None:
    """Seconds of a Retry-After header, which gives them or a date (RFC 9110, 10.2.3); at most a day."""
    text = (raw or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), int(_LONGEST_WAIT.total_seconds()))
    until = _http_date(text)
    if until is not None:
        return max(0, min(int((until - now).total_seconds()), int(_LONGEST_WAIT.total_seconds())))
    return None


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else None


def max_age_seconds(cache_control: str | None) -> int | None:
    """The `max-age` of a Cache-Control header."""
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", cache_control or "", re.IGNORECASE)
    return int(found[1]) if found else None
