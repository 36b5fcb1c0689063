"""The time of a programme's row, read from the words an annex gives it: "Thường xuyên 2022-2025", "Quý II/2026",
"Trước ngày 15/12 hằng năm". Pure; with or without marks, in either tone placement.

What cannot be read gives None, and the programme's own period counts: no date is guessed. A recurring time gives its
first due day and how often it comes again; `due_days` lists them.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from libs.common.models.programmes import Recurrence
from libs.common.text import fold

DAY = timedelta(days=1)
STEPS = {Recurrence.MONTH: 1, Recurrence.QUARTER: 3, Recurrence.HALF: 6, Recurrence.YEAR: 12}
"""In months."""
QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}
LONGEST = 200
"""Characters that are looked at."""

_YEAR = r"(?:19|20|21)\d\d"
_Q = r"(?:iv|iii|ii|i|[1-4])"
_OF_YEAR = rf"(?:\s*(?:/|nam|cua nam)?\s*(?P<year>{_YEAR}))?"
_ATOMS = re.compile(
    rf"(?P<day>\b\d{{1,2}})\s*[/.-]\s*(?P<day_month>\d{{1,2}})\s*[/.-]\s*(?P<day_year>{_YEAR})\b"
    rf"|\b(?:ngay\s+)?(?P<said_day>\d{{1,2}})\s+thang\s+(?P<said_month>\d{{1,2}})\s+nam\s+(?P<said_year>{_YEAR})\b"
    rf"|\bngay\s+(?P<bare_day>\d{{1,2}})\s*/\s*(?P<bare_month>\d{{1,2}})\b(?!\s*/)"
    rf"|\b(?P<month_only>0?[1-9]|1[0-2])\s*/\s*(?P<month_year>{_YEAR})\b"
    rf"|\b6\s+thang\s+(?P<half>dau|cuoi)\s+nam{_OF_YEAR.replace('year', 'half_year')}"
    rf"|\bthang\s+(?P<month>\d{{1,2}})\b{_OF_YEAR.replace('year>', 'in_year>')}"
    rf"|\bquy\s+(?P<quarter>{_Q})\b{_OF_YEAR.replace('year>', 'quarter_year>')}"
    rf"|(?<=[-,])\s*(?P<next>{_Q}|\d{{1,2}})\b(?!\s*[-.]){_OF_YEAR.replace('year>', 'next_year>')}"
    rf"|\b(?P<whole_year>{_YEAR})\b"
)
_AGAIN = re.compile(r"\b(?:hang|moi|tung)\s+(?P<unit>nam|quy|thang|ngay|tuan)\b")
_HALF_AGAIN = re.compile(r"\b(?:6|sau)\s+thang\s*(?:/|mot lan|1 lan|/ ?lan)|\bdinh ky\s+(?:6|sau)\s+thang\b")
_ALWAYS = re.compile(r"\bthuong xuyen\b|\blien tuc\b|\bdinh ky\b|\btrong suot\b|\bca giai doan\b")
_BEFORE = re.compile(r"\btruoc(?:\s+ngay)?\s*$")
_UNTIL = re.compile(r"\b(?:den|het|cham nhat|muon nhat)(?:\s+(?:het|nam|ngay|la|trong|vao|thang))*\s*$")
_FROM = re.compile(r"\b(?:tu|bat dau|ke tu)(?:\s+(?:nam|ngay|thang|dau))*\s*$")
_STRANGE = re.compile(rf"\bquy\s+(?!{_Q}\b)[a-z0-9]+\s*(?:/|nam\b)")
_AND_ON = re.compile(r"\bcac nam (?:tiep theo|sau|tiep sau)\b|\bnhung nam (?:tiep theo|sau)\b")
_DAY_OF = re.compile(r"\bngay\s+(?P<day>\d{1,2})\b(?!\s*/)")
_UNITS = {"nam": Recurrence.YEAR, "quy": Recurrence.QUARTER, "thang": Recurrence.MONTH}


@dataclass(frozen=True)
class Timing:
    """When a row begins and falls due; with `every`, `due_on` is the first of several up to `until_on`."""

    starts_on: date
    due_on: date
    every: Recurrence | None = None
    until_on: date | None = None


@dataclass(frozen=True)
class _Atom:
    """A stretch of time in the text; without a year it says no date yet."""

    first: tuple[int, int]
    """Month and day."""
    last: tuple[int, int]
    """Day 0: the last of its month."""
    year: int | None
    at: int
    until: int
    is_day: bool = False
    kind: str = "year"

    def span(self, year: int) -> tuple[date, date]:
        return date(year, *self.first), _day(year, *self.last)


def parse_period(words: str, begins: date, ends: date) -> Timing | None:
    """What the words say, in a programme from `begins` to `ends`; None where they say no time that can be read."""
    text = fold(words[:LONGEST]).replace(" - ", "-").replace(" -", "-").replace("- ", "-")
    try:
        timing = _recurring(text, begins, ends) or _once(text, begins, ends)
    except ValueError:  # a 30th of February, a 13th month
        return None
    return timing if timing is None or _is_in_order(timing) else None


def due_days(timing: Timing) -> Iterator[date]:
    """Every day the row falls due, the first one first."""
    if timing.every is None or timing.until_on is None:
        yield timing.due_on
        return
    months, count = STEPS[timing.every], 0
    while (due := _later(timing.due_on, months * count)) <= timing.until_on:
        yield due
        count += 1


def _is_in_order(timing: Timing) -> bool:
    return timing.starts_on <= timing.due_on and (timing.until_on is None or timing.due_on <= timing.until_on)


def _day(year: int, month: int, day: int) -> date:
    last = monthrange(year, month)[1] if 1 <= month <= 12 else 0
    return date(year, month, day or last)


def _later(first: date, months: int) -> date:
    """So many months later: the last of a month stays the last of its month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    length = monthrange(year, month + 1)[1]
    is_last = first.day == monthrange(first.year, first.month)[1]
    return date(year, month + 1, length if is_last else min(first.day, length))


# --- once ---------------------------------------------------------------------------------------------------


def _once(text: str, begins: date, ends: date) -> Timing | None:
    atoms = _dated(list(_atoms(text)), begins, ends)
    if atoms is None or _STRANGE.search(text):
        return None
    if not atoms:
        always = _ALWAYS.search(text) or _AGAIN.search(text)
        return Timing(begins, ends) if always else None
    before = text[: atoms[0].at]
    starts, _ = atoms[0].span(_year(atoms[0]))
    last = atoms[-1]
    if _AND_ON.search(text[last.until :]):
        return Timing(starts, ends)
    due = last.span(_year(last))[1]
    if _BEFORE.search(text[: last.at]):
        due = last.span(_year(last))[0] - DAY
    if due < starts and len(atoms) > 1 and not _BEFORE.search(before):
        return None
    if len(atoms) > 1:
        return Timing(begins if _BEFORE.search(before) else starts, due)
    if _BEFORE.search(before) or _UNTIL.search(before):
        return Timing(min(begins, due), due)
    if _FROM.search(before):
        return Timing(starts, ends)
    if last.is_day:
        return Timing(min(begins, due), due)
    return Timing(starts, due)


def _year(atom: _Atom) -> int:
    if atom.year is None:
        raise ValueError("no year")
    return atom.year


def _dated(atoms: list[_Atom], begins: date, ends: date) -> list[_Atom] | None:
    """Each with its year: its own, that of the next one that has any, or that of a programme within one year."""
    year = begins.year if begins.year == ends.year else None
    dated: list[_Atom] = []
    for atom in reversed(atoms):
        year = atom.year or year
        if year is None:
            return None
        dated.append(_Atom(atom.first, atom.last, year, atom.at, atom.until, atom.is_day, atom.kind))
    return dated[::-1]


def _atoms(text: str) -> Iterator[_Atom]:
    kind = ""
    for found in _ATOMS.finditer(text):
        atom = _atom(found, kind)
        if atom is not None:
            kind = atom.kind
            yield atom


def _atom(found: re.Match[str], kind: str) -> _Atom | None:
    """One stretch; `kind` is that of the stretch before, which a bare number goes on with ("quý I, II/2026")."""
    at, until, got = found.start(), found.end(), found.groupdict()
    for day, month, year in (
        ("day", "day_month", "day_year"),
        ("said_day", "said_month", "said_year"),
        ("bare_day", "bare_month", ""),
    ):
        if got[day]:
            when = (int(got[month]), int(got[day]))
            return _Atom(when, when, int(got[year]) if year else None, at, until, True, "day")
    if got["whole_year"]:
        return _Atom((1, 1), (12, 31), int(got["whole_year"]), at, until)
    if got["half"]:
        first, last = ((1, 1), (6, 30)) if got["half"] == "dau" else ((7, 1), (12, 31))
        return _Atom(first, last, _number(got["half_year"]), at, until, kind="half")
    if got["quarter"] or (got["next"] and kind == "quarter" and got["next"] in QUARTERS):
        number = QUARTERS[got["quarter"] or got["next"]]
        of_year = _number(got["quarter_year"] or got["next_year"])
        return _Atom((3 * number - 2, 1), (3 * number, 0), of_year, at, until, kind="quarter")
    number_of = got["month"] or got["month_only"] or (got["next"] if kind == "month" else None)
    if number_of and number_of.isdigit():
        of_year = _number(got["in_year"] or got["month_year"] or got["next_year"])
        return _Atom((int(number_of), 1), (int(number_of), 0), of_year, at, until, kind="month")
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text else None


# --- again and again ----------------------------------------------------------------------------------------


def _recurring(text: str, begins: date, ends: date) -> Timing | None:
    found = _AGAIN.search(text)
    every = Recurrence.HALF if _HALF_AGAIN.search(text) else _UNITS.get(found["unit"]) if found else None
    if every is None:
        return None
    atoms = list(_atoms(text))
    years = [atom for atom in atoms if atom.kind == "year" and atom.year]
    starts = max(begins, date(years[0].year or 0, 1, 1)) if years else begins
    until = min(ends, date(years[-1].year or 0, 12, 31)) if len(years) > 1 else ends
    anchor = next((atom for atom in atoms if atom.year is None), None)
    first = _first(every, anchor, text)
    due = _on_or_after(first, every, starts)
    return Timing(starts, due, every, until)


def _first(every: Recurrence, anchor: _Atom | None, text: str) -> date:
    """A due day of the rhythm, in a year before any programme."""
    year = 1999
    if every is Recurrence.YEAR and anchor is not None:
        is_before = _BEFORE.search(text[: anchor.at])
        return date(year, *anchor.first) - DAY if is_before else _day(year, *anchor.last)
    if every is Recurrence.MONTH and (said := _DAY_OF.search(text)):
        day = _day(year, 1, int(said["day"]))
        return day - DAY if re.search(r"\btruoc\s*$", text[: said.start()]) else day
    return {
        Recurrence.MONTH: date(year, 1, 31),
        Recurrence.QUARTER: date(year, 3, 31),
        Recurrence.HALF: date(year, 6, 30),
        Recurrence.YEAR: date(year, 12, 31),
    }[every]


def _on_or_after(first: date, every: Recurrence, start: date) -> date:
    months = STEPS[every]
    skipped = max(0, ((start.year - first.year) * 12 + start.month - first.month) // months - 1)
    while (due := _later(first, skipped * months)) < start:
        skipped += 1
    return due
