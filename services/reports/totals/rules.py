"""Which days are counted and when, and which part of a period is read from their totals. Pure.

A day is one of Asia/Ho_Chi_Minh. It is counted once it is over, and again each night as long as its rows are kept, so
that what came late or was labelled anew is in it; after that it stays as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from libs.common.clock import HANOI
from services.reports.domain import Period

DAY = timedelta(days=1)
CLOSES_AFTER = timedelta(hours=2)
"""After midnight, when a day is counted: what came in last has its labels by then."""
BEGINNING = datetime.min.replace(tzinfo=UTC)


def day_of(at: datetime) -> date:
    return at.astimezone(HANOI).date()


def span_of(day: date) -> Period:
    """From one midnight of Hà Nội to the next."""
    start = datetime.combine(day, time(), HANOI).astimezone(UTC)
    return Period(start, start + DAY)


def is_midnight(at: datetime) -> bool:
    return span_of(day_of(at)).start == at


def last_closing(now: datetime) -> datetime:
    """The latest hour at which a day was closed."""
    return span_of(day_of(now - CLOSES_AFTER)).start + CLOSES_AFTER


def days_between(first: date, last: date) -> Iterator[date]:
    """Both included."""
    for number in range((last - first).days + 1):
        yield first + number * DAY


# --- what is still kept -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """Of which spans all rows are there. `watched_since`: before it there was nothing to keep; None: never was any."""

    since: datetime
    watched_since: datetime | None

    def has(self, span: Period) -> bool:
        is_empty = self.watched_since is None or span.end <= self.watched_since
        return is_empty or span.start >= self.since


def kept(watched_since: datetime | None, oldest: datetime | None, limit: datetime) -> Kept:
    """`oldest`: when the oldest content that is held with its labels was seen first. `limit`: what is younger is not
    dropped yet. Where contents of the first day of all are still held, nothing was dropped so far."""
    if watched_since is None or watched_since >= limit or (oldest and oldest < watched_since + DAY):
        return Kept(BEGINNING, watched_since)
    return Kept(min(limit, oldest or limit), watched_since)


# --- which days to count ------------------------------------------------------------------------------------


def closed_days(held: Kept, now: datetime) -> list[date]:
    """Days to count at all, oldest first: from the first that was watched to the last that is over."""
    if held.watched_since is None:
        return []
    closing = last_closing(now)
    return [day for day in days_between(day_of(held.watched_since), day_of(now)) if span_of(day).end <= closing]


def due_days(counted: Mapping[date, datetime], held: Kept, limit: datetime, now: datetime) -> list[date]:
    """Of those the ones that never were counted, and those that may have changed since: their rows are kept (`limit`)
    and they were not counted since the last closing."""
    closing = last_closing(now)
    return [
        day
        for day in closed_days(held, now)
        if held.has(span_of(day)) and (day not in counted or (span_of(day).start >= limit and counted[day] < closing))
    ]


# --- how a period is read -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cover:
    """How the counts of a period are read: whole days that were counted from their totals, what was not yet counted
    from the rows, and what is in neither is missing, which is not 0."""

    days: Mapping[date, datetime]
    """When each was counted."""
    raw: tuple[Period, ...]
    missing: tuple[Period, ...]
    held: Kept

    @property
    def first(self) -> date | None:
        return min(self.days, default=None)

    @property
    def last(self) -> date | None:
        return max(self.days, default=None)

    @property
    def is_unknown(self) -> bool:
        return not self.days and not self.raw

    @property
    def missing_days(self) -> int:
        """A part of a day counts as one."""
        return sum(len(days_of_hanoi(span)) for span in self.missing)


def rows_alone(period: Period) -> Cover:
    """No totals: everything is read from the rows, as they are now."""
    return Cover({}, (period,), (), Kept(BEGINNING, None))


def cover(period: Period, counted: Mapping[date, datetime], held: Kept) -> Cover:
    days: dict[date, datetime] = {}
    raw, missing = [], []
    for span in days_of_hanoi(period):
        day = day_of(span.start)
        if span.length == DAY and day in counted:
            days[day] = counted[day]
        elif held.has(span):
            raw.append(span)
        else:
            missing.append(span)
    return Cover(days, tuple(_joined(raw)), tuple(_joined(missing)), held)


def days_of_hanoi(period: Period) -> list[Period]:
    """The period cut at the midnights of Hà Nội; its first and its last day may be parts of days."""
    spans, start = [], period.start
    while start < period.end:
        end = min(span_of(day_of(start)).end, period.end)
        spans.append(Period(start, end))
        start = end
    return spans


def _joined(spans: Iterable[Period]) -> Iterator[Period]:
    open_: Period | None = None
    for span in spans:
        if open_ is not None and open_.end != span.start:
            yield open_
            open_ = None
        open_ = Period(open_.start if open_ else span.start, span.end)
    if open_ is not None:
        yield open_
