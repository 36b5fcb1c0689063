"""The two-working-day clock of data subjects' requests: received, answered in time or late, open; nobody is named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from libs.common.models.feedback import DataRequestKind, DataRequestState
from libs.common.working_time import WorkingDays
from services.reports.domain import Period, iso
from services.reports.filings import queries
from services.reports.kinds.base import Data, Gather
from services.reports.longer import percent

SOURCE = "data_requests (tiếp nhận)"
KINDS = {DataRequestKind.ACCESS: "Xem dữ liệu của mình", DataRequestKind.ERASURE: "Xóa dữ liệu của mình"}
HOUR = timedelta(hours=1)
LISTED = 50
"""Open requests that are listed; the counts are of all."""


@dataclass(frozen=True)
class Asked:
    """A request as its clock sees it."""

    kind: str
    state: str
    received_at: datetime
    due_at: datetime
    decided_at: datetime | None

    @property
    def is_late(self) -> bool:
        return self.decided_at is not None and self.decided_at > self.due_at


@dataclass(frozen=True)
class Counted:
    """median_hours: working hours from receipt to decision, of what was decided in the period; None without any."""

    received: int
    answered: int
    refused: int
    in_time: int
    median_hours: float | None

    @property
    def late(self) -> int:
        return self.answered - self.in_time

    @property
    def share(self) -> float | None:
        return percent(self.in_time, self.answered)


def count(asked: Iterable[Asked], period: Period, working: WorkingDays) -> Counted:
    rows = list(asked)
    decided = [one for one in rows if one.decided_at is not None and period.start <= one.decided_at < period.end]
    hours = [worked_hours(working, one.received_at, one.decided_at) for one in decided if one.decided_at is not None]
    return Counted(
        received=sum(period.start <= one.received_at < period.end for one in rows),
        answered=len(decided),
        refused=sum(one.state == DataRequestState.REFUSED for one in decided),
        in_time=sum(not one.is_late for one in decided),
        median_hours=round(median(hours), 1) if hours else None,
    )


def worked_hours(working: WorkingDays, start: datetime, end: datetime) -> float:
    return working.between(start, end) / HOUR


def left(one: Asked, as_of: datetime, working: WorkingDays) -> float:
    """Working hours until it is due; below 0 where it is overdue by so many."""
    if one.due_at >= as_of:
        return round(worked_hours(working, as_of, one.due_at), 1)
    return 0.0 - round(worked_hours(working, one.due_at, as_of), 1)


async def city_unit(gather: Gather) -> str | None:
    """Whose people a filing is for: what it tells is of all units."""
    found = await queries.city_unit(gather.session)
    return str(found) if found else None


async def gather_requests(gather: Gather) -> Data:
    """Of the period and the one before it, by kind; what is open, as it stands when the figures are frozen."""
    before = gather.period.before()
    found = await queries.data_requests(gather.session, before.start)
    asked = [Asked(row.kind, row.state, row.received_at, row.due_at, row.decided_at) for row in found]
    open_now = [one for one in asked if one.decided_at is None]
    return {
        "limit_days": gather.installation.clocks.limits.data_request_days,
        "rows": [
            {"kind": kind.value, "name": name, **_compared(gather, [one for one in asked if one.kind == kind])}
            for kind, name in KINDS.items()
        ],
        "all": _compared(gather, asked),
        "open": [_waiting(gather, one) for one in open_now[:LISTED]],
        "before": {"from": iso(before.start), "to": iso(before.end)},
    }


def _compared(gather: Gather, asked: Sequence[Asked]) -> Data:
    working = gather.installation.clocks.working
    now, then = (count(asked, period, working) for period in (gather.period, gather.period.before()))
    open_now = [one for one in asked if one.decided_at is None]
    overdue = sum(one.due_at < gather.as_of for one in open_now)
    return {
        **_figures(gather, now),
        "open": gather.count(
            len(open_now), SOURCE, "chưa trả lời tại lúc chốt số liệu, nhận trong kỳ nào cũng tính", "yêu cầu"
        ),
        "overdue": gather.count(overdue, SOURCE, "trong đó đã quá hạn", "yêu cầu"),
        "before": _figures(gather, then),
    }


def _figures(gather: Gather, counted: Counted) -> Data:
    def of(value: float | None, formula: str, unit: str = "yêu cầu") -> Data:
        return gather.count(value, SOURCE, formula, unit)

    return {
        "received": of(counted.received, "nhận trong kỳ"),
        "answered": of(counted.answered, "trả lời trong kỳ: chấp nhận hoặc từ chối có lý do"),
        "refused": of(counted.refused, "trong đó từ chối có lý do"),
        "in_time": of(counted.in_time, "trả lời trong kỳ không muộn hơn hạn ghi lúc nhận"),
        "late": of(counted.late, "trả lời trong kỳ sau hạn"),
        "share": of(counted.share, "đúng hạn / trả lời trong kỳ x 100; trống khi chưa trả lời yêu cầu nào", "%"),
        "median": of(
            counted.median_hours,
            "trung vị số giờ làm việc từ lúc nhận đến lúc trả lời, của các yêu cầu trả lời trong kỳ",
            "giờ làm việc",
        ),
    }


def _waiting(gather: Gather, one: Asked) -> Data:
    hours = left(one, gather.as_of, gather.installation.clocks.working)
    return {
        "name": KINDS[DataRequestKind(one.kind)],
        "received_at": iso(one.received_at),
        "due_at": iso(one.due_at),
        "is_overdue": one.due_at < gather.as_of,
        "left": gather.count(hours, SOURCE, "giờ làm việc còn đến hạn; số âm là đã quá hạn bấy nhiêu", "giờ làm việc"),
    }
