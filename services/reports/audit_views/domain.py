"""When the log is checked, and what its checks say together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from libs.common.clock import HANOI
from libs.common.models.inspection import CheckScope

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Rhythm:
    """`hour`: local; from then on the day before is over for good. `full_day`: 0 is Monday."""

    hour: int
    full_day: int
    overdue: timedelta


def local_day(at: datetime) -> date:
    return at.astimezone(HANOI).date()


def due_scope(rhythm: Rhythm, last: datetime | None, last_full: datetime | None, now: datetime) -> CheckScope | None:
    """What is to be checked now, once a day: everything on its day of the week, and where that was missed."""
    today = local_day(now)
    if now.astimezone(HANOI).hour < rhythm.hour or (last is not None and local_day(last) >= today):
        return None
    if last_full is None or today.weekday() == rhythm.full_day or today - local_day(last_full) >= WEEK:
        return CheckScope.FULL
    return CheckScope.DAILY


def is_overdue(rhythm: Rhythm, last: datetime | None, since: datetime | None, now: datetime) -> bool:
    """`since`: when the first entry was written; there is nothing to check before it."""
    reference = last or since
    return reference is not None and now - reference > rhythm.overdue


def open_breaks(checks: Iterable[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Each break once, however many checks found it, in the order of days."""
    found = {(each["day"], each["service"] or "", each["seq"]): each for breaks in checks for each in breaks}
    return [found[key] for key in sorted(found)]
