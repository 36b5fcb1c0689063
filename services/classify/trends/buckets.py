"""Five minutes: the grain of every series, and the clock by which its rhythm is read."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from libs.common.clock import HANOI

BUCKET = timedelta(minutes=5)
HOUR_BUCKETS = 12


def bucket_of(at: datetime) -> datetime:
    """The beginning of the five minutes that this instant lies in."""
    return at - timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)


def buckets(first: datetime, until: datetime) -> Iterator[datetime]:
    while first < until:
        yield first
        first += BUCKET


def local(at: datetime) -> datetime:
    """Hours and weekends are those of the city."""
    return at.astimezone(HANOI)
