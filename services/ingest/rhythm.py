"""When a source is read again, and what a server asked of us. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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
    spread: float = 0.0,
) -> NextPoll:
    """Success keeps the rhythm, failure doubles it up to a day, 410 ends it. A server's own wish
    (`Retry-After`, `ttl`, `max-age`) is honoured up to a day. `spread` in [0, 1) avoids stampedes."""
    rhythm = timedelta(seconds=max(poll_seconds, 1))
    asked = min(timedelta(seconds=max(wait_seconds or 0, 0)), _LONGEST_WAIT)
    if outcome is PollOutcome.GONE:
        return NextPoll(now + _LONGEST_WAIT, failures + 1, is_gone=True)
    if outcome in (PollOutcome.OK, PollOutcome.NOT_MODIFIED):
        return NextPoll(now + max(rhythm, asked) * (1 + spread * 0.1), 0)
    backed_off = min(rhythm * 2 ** min(failures + 1, 10), _LONGEST_WAIT)
    return NextPoll(now + max(backed_off, asked) * (1 + spread * 0.1), failures + 1)


def retry_after_seconds(raw: str | None, now: datetime, http_date: datetime | None = None) -> int | None:
    """Seconds of a Retry-After header; the caller has read its date form, if it is one."""
    text = (raw or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), int(_LONGEST_WAIT.total_seconds()))
    if http_date is not None:
        return max(0, min(int((http_date - now).total_seconds()), int(_LONGEST_WAIT.total_seconds())))
    return None


def max_age_seconds(cache_control: str | None) -> int | None:
    """The `max-age` of a Cache-Control header."""
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", cache_control or "", re.IGNORECASE)
    return int(found[1]) if found else None
