"""Pure rules: which period of a schedule is due, what a paper prints under Nơi nhận, what becomes of a letter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.common.mail import AddressRefused, MailFailed, MailRefused, MailUnclear
from libs.common.models import ReportRecipient, ReportSchedule
from libs.common.models.sending import Cadence, RecipientState, SendingState
from services.reports.domain import Period
from services.reports.periods import CutOffs, last_period

LATE = timedelta(minutes=30)
"""After the end of its period a report counts as made up for."""
LEASE = timedelta(minutes=15)
"""Longer than a batch of letters may take; what is still under way then is unknown."""
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""Pauses after each try that was not taken; after the last it has failed."""
OPEN = (SendingState.QUEUED, SendingState.SENDING)
MAY_BOUNCE = (SendingState.SENDING, SendingState.SENT, SendingState.UNKNOWN)


@dataclass(frozen=True)
class Due:
    """is_late: the workers were away when it fell due. skipped_from: where the periods begin that passed meanwhile and
    are not reported; None where none did."""

    period: Period
    is_late: bool
    skipped_from: datetime | None


def due(schedule: ReportSchedule, city: CutOffs, last_to: datetime | None, now: datetime) -> Due | None:
    """The last period that has ended, if it ended after the schedule was turned on and is not reported yet.

    last_to: the end of the newest period that was. After a pause one period is made up for, and not all of them.
    """
    if schedule.on_since is None:
        return None
    cadence, cut = Cadence(schedule.cadence), cut_offs(schedule, city)
    if cadence is Cadence.DAILY and cut.hour is None:
        return None
    period = last_period(cadence, cut, now)
    since = max(schedule.on_since, last_to or schedule.on_since)
    if period.end <= since:
        return None
    return Due(period, now - period.end > LATE, since if since < period.start else None)


def cut_offs(schedule: ReportSchedule, city: CutOffs) -> CutOffs:
    """The schedule's own, and the city's where it has none."""
    return CutOffs(
        city.hour if schedule.hour is None else schedule.hour,
        city.weekday if schedule.weekday is None else schedule.weekday,
        city.month_day if schedule.month_day is None else schedule.month_day,
    )


def printed_recipients(recipients: Iterable[ReportRecipient], filing: str) -> list[str]:
    """Nơi nhận: exactly those who get it, in their order, and where it is filed."""
    kept = [each for each in recipients if each.state != RecipientState.REMOVED]
    return [each.name for each in sorted(kept, key=lambda each: (each.position, each.id))] + [filing]


def next_try(attempts: int, now: datetime) -> datetime | None:
    """None after the last."""
    return now + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


@dataclass(frozen=True)
class Verdict:
    """What becomes of a letter that was not taken; `not_before` where it is tried again."""

    state: SendingState
    trouble: str
    not_before: datetime | None = None


def verdict(error: MailFailed, attempts: int, now: datetime) -> Verdict:
    trouble = trouble_of(error)
    if isinstance(error, MailUnclear):
        return Verdict(SendingState.UNKNOWN, trouble)
    if isinstance(error, MailRefused):
        return Verdict(SendingState.REFUSED, trouble)
    return put_off(trouble, attempts, now)


def put_off(trouble: str, attempts: int, now: datetime) -> Verdict:
    """Of what did not leave: once more later, until there were tries enough."""
    again = next_try(attempts, now)
    return Verdict(SendingState.QUEUED if again else SendingState.FAILED, trouble, again)


def trouble_of(error: MailFailed) -> str:
    """In the reader's language, with the server's numbers and none of its words."""
    numbers = f" ({error.numbers})" if error.numbers else ""
    match error:
        case AddressRefused():
            return f"Máy chủ thư từ chối địa chỉ{numbers}"
        case MailRefused():
            return f"Máy chủ thư từ chối bức thư{numbers}"
        case MailUnclear():
            return "Thư đã rời máy mà không nghe máy chủ thư trả lời"
        case _:
            return f"Máy chủ thư chưa nhận{numbers}" if numbers else "Chưa gửi được tới máy chủ thư"
