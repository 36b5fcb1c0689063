"""Retry-After (RFC 9110, section 10.2.3): until when another server asks to be left alone."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)


def asked_until(retry_after: str | None, now: datetime) -> datetime | None:
    """The header's seconds or date, at most a day away; None where it says neither."""
    told = (retry_after or "").strip()
    if told.isascii() and told.isdigit():
        return now + min(timedelta(seconds=int(told[:9])), LONGEST)
    try:
        at = parsedate_to_datetime(told)
        return min(at, now + LONGEST) if at.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None
