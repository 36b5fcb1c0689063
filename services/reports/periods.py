"""Which span of time a periodic report covers, and when it is due.

Months, quarters, half-years and years end on the day that Nghị định 09/2019/NĐ-CP, điều 12 names (the 14th), unless a
city sets another. All ends are instants of Asia/Ho_Chi_Minh, which has no summer time.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from libs.common.clock import HANOI
from libs.common.models.sending import Cadence as Cadence
from services.reports.domain import Period

DAY = timedelta(days=1)
MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.HALF_YEAR: 6, Cadence.YEARLY: 12}
LONGEST = {
    Cadence.DAILY: timedelta(days=31),
    Cadence.WEEKLY: timedelta(days=31),
    Cadence.MONTHLY: timedelta(days=92),
    Cadence.QUARTERLY: timedelta(days=184),
    Cadence.HALF_YEAR: timedelta(days=366),
    Cadence.YEARLY: timedelta(days=731),
}
"""What may be asked for with dates of one's own."""


@dataclass(frozen=True)
class CutOffs:
    """hour: when a day and a week end; None makes no daily brief. weekday: 0 is Monday. month_day: the last day that
    counts; a month that is shorter ends with its own last day."""

    hour: int | None = 17
    weekday: int = 4
    month_day: int = 14


def asked_period(cadence: Cadence, start: datetime | None, end: datetime | None, cut: CutOffs, now: datetime) -> Period:
    """What is asked for; by default the 24 hours that end now, or the last whole period of a longer kind.

    ValueError says in Vietnamese what is wrong.
    """
    if start is None and end is None and cadence is not Cadence.DAILY:
        return last_period(cadence, cut, now)
    end = end or now
    start = start or end - DAY
    if start >= end:
        raise ValueError("Thời điểm bắt đầu phải trước thời điểm kết thúc.")
    if end > now:
        raise ValueError("Thời điểm kết thúc không được ở tương lai.")
    if end - start > LONGEST[cadence]:
        raise ValueError(f"Khoảng thời gian dài nhất là {LONGEST[cadence].days} ngày.")
    return Period(start.astimezone(UTC), end.astimezone(UTC))


def last_period(cadence: Cadence, cut: CutOffs, now: datetime) -> Period:
    """The last whole period that has ended by now."""
    if cadence in MONTHS:
        start, end = _months_before(MONTHS[cadence], cut.month_day, now)
    else:
        end = _hour_before(cut.hour or 0, now)
        if cadence is Cadence.WEEKLY:
            end -= (end.weekday() - cut.weekday) % 7 * DAY
        start = end - (7 * DAY if cadence is Cadence.WEEKLY else DAY)
    return Period(start.astimezone(UTC), end.astimezone(UTC))


def period_name(cadence: Cadence, period: Period) -> str:
    """As a paper's subject says it: `tháng 11 năm 2026`, `6 tháng đầu năm 2026`.

    A span with dates of one's own is named by its days.
    """
    start, last = period.start.astimezone(HANOI), period.end.astimezone(HANOI) - timedelta(microseconds=1)
    days = f"từ ngày {start:%d/%m/%Y} đến ngày {last:%d/%m/%Y}"
    whole = abs(period.length - _usual(cadence)) <= timedelta(days=3)
    if not whole:
        return days
    match cadence:
        case Cadence.DAILY:
            return f"ngày {last:%d/%m/%Y}"
        case Cadence.WEEKLY:
            return f"tuần {days}"
        case Cadence.MONTHLY:
            return f"tháng {last.month} năm {last.year}"
        case Cadence.QUARTERLY:
            return f"quý {('I', 'II', 'III', 'IV')[(last.month - 1) // 3]} năm {last.year}"
        case Cadence.HALF_YEAR:
            return f"6 tháng {'đầu' if last.month <= 6 else 'cuối'} năm {last.year}"
        case Cadence.YEARLY:
            return f"năm {last.year}"


def _usual(cadence: Cadence) -> timedelta:
    match cadence:
        case Cadence.DAILY:
            return DAY
        case Cadence.WEEKLY:
            return 7 * DAY
        case Cadence.MONTHLY | Cadence.QUARTERLY | Cadence.HALF_YEAR | Cadence.YEARLY:
            return timedelta(days=30.4 * MONTHS[cadence])


def _hour_before(hour: int, now: datetime) -> datetime:
    local = now.astimezone(HANOI)
    end = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return end if end <= local else end - DAY


def _months_before(months: int, last_day: int, now: datetime) -> tuple[datetime, datetime]:
    """The last span of so many months whose end has come: both are midnights after the set day."""
    local = now.astimezone(HANOI)
    count = local.year * 12 + local.month - 1
    while True:
        year, month = divmod(count, 12)
        end = _after(year, month + 1, last_day)
        if (month + 1) % months == 0 and end <= local:
            begun = count - months
            return _after(begun // 12, begun % 12 + 1, last_day), end
        count -= 1


def _after(year: int, month: int, last_day: int) -> datetime:
    day = min(last_day, calendar.monthrange(year, month)[1])
    return datetime(year, month, day, tzinfo=HANOI) + DAY
