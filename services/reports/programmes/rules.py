"""Pure rules of the register of programmes: when a row falls due, when it is late, whom it names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from libs.common.models.enums import AssignmentState, ProgrammeState
from libs.common.models.programmes import Recurrence
from libs.common.programme_periods import Timing, due_days
from libs.common.units import How, Register, resolve_unit

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Facts:
    """What a row's standing follows from. `reported_on`: the day of the newest word of its lead unit."""

    programme_state: str
    period_from: date
    period_to: date
    state: str
    starts_on: date | None = None
    due_on: date | None = None
    every: str | None = None
    until_on: date | None = None
    is_withdrawn: bool = False
    reported_on: date | None = None


@dataclass(frozen=True)
class Standing:
    """`due_on`: the day that counts now; of a row that falls due again, the one it is late for, or the next."""

    due_on: date
    is_overdue: bool
    is_waiting: bool
    """A running programme waits for it: neither done nor, in this turn, reported on."""

    def days_left(self, today: date) -> int:
        return (self.due_on - today).days


def standing(row: Facts, today: date) -> Standing:
    """Only a running programme waits for anything; one that has ended raises nothing, whatever was left undone."""
    runs = row.programme_state == ProgrammeState.RUNNING and not row.is_withdrawn
    is_open = runs and row.state != AssignmentState.DONE
    if row.every is None:
        due = row.due_on or row.period_to
        return Standing(due, is_open and today > due, is_open)
    turns = _turns(row)
    last = next((turn for turn in reversed(turns) if turn[1] < today), None)
    if last is not None and not _is_reported(row, last):
        return Standing(last[1], is_open, is_open)
    current = next((turn for turn in turns if turn[1] >= today), turns[-1])
    return Standing(current[1], False, is_open and current[1] >= today and not _is_reported(row, current))


def _turns(row: Facts) -> list[tuple[date, date]]:
    """(the due day before, the due day) of a row that falls due again."""
    starts = row.starts_on or row.period_from
    first = row.due_on or row.period_to
    every = Recurrence(row.every) if row.every else None
    days = list(due_days(Timing(starts, first, every, row.until_on))) or [first]
    return list(pairwise([starts - DAY, *days]))


def _is_reported(row: Facts, turn: tuple[date, date]) -> bool:
    """Whether the lead unit spoke in this turn, or since: late words end the lateness too."""
    return row.reported_on is not None and row.reported_on > turn[0]


# --- units --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """A unit that a name of the annex means today. `note` says what it follows, where it is a successor."""

    code: str
    name: str
    how: How
    note: str


def split_leads(lead: str | None) -> list[str]:
    """The units a lead names: one, or several with semicolons."""
    return [piece for each in (lead or "").split(";") if (piece := each.strip())]


def named_units(names: Iterable[str], today: date, register: Register) -> list[Named]:
    """Each known name as the unit that it means today, through those that have ended; unknown ones stay text."""
    found: dict[str, Named] = {}
    for name in names:
        for match in resolve_unit(name, today, register):
            found.setdefault(match.unit.code, Named(match.unit.code, match.unit.name, match.how, match.note))
    return list(found.values())
