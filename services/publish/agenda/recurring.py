"""When an activity takes place: a single time, or those that its recurrence names within a window. Bounded."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]

MAX_STEPS = 20_000
"""Of one recurrence, from its beginning to the end of the window."""
MAX_OF_SERIES = 750
HOME = ZoneInfo("Asia/Ho_Chi_Minh")
"""Of times without a zone."""
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
FINER = ("BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER")


class BadEntry(ValueError):
    """One entry: why it is not taken, in Vietnamese and English."""


def bad(vi: str, en: str) -> NoReturn:
    raise BadEntry(f"{vi} ({en})")


@dataclass(frozen=True)
class Window:
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Occurrence:
    uid: str
    occurrence: str
    title: str
    place: str | None
    categories: list[str]
    starts_at: str
    ends_at: str
    is_all_day: bool
    is_cancelled: bool
    sequence: int
    revised_at: str | None


@dataclass(frozen=True)
class Parsed:
    entry: int
    uid: str
    event: Any
    starts: datetime
    """With its zone, as it stands on the wall."""
    length: timedelta
    is_all_day: bool
    recurrence_id: datetime | None
    sequence: int
    revised_at: datetime | None


# --- occurrences --------------------------------------------------------------------------------------------


def occurrences_of(main: Parsed, changes: list[Parsed], cancels: bool, window: Window) -> list[Occurrence]:
    if main.recurrence_id is not None:
        return _within([_told(main, main.starts, main.recurrence_id, cancels)], window)
    if "RRULE" not in main.event and "RDATE" not in main.event:
        return _within([_told(main, main.starts, None, cancels)], window)
    changed = {one.recurrence_id.astimezone(UTC): one for one in changes if one.recurrence_id}
    made = [_told(main, at, at, cancels) for at in _starts(main, window) if at.astimezone(UTC) not in changed]
    made += [_told(one, one.starts, at, cancels) for at, one in changed.items()]
    return _within(made, window)


def _within(made: list[Occurrence], window: Window) -> list[Occurrence]:
    since, until = window.since.isoformat(), window.until.isoformat()
    return [each for each in made if each.ends_at >= since and each.starts_at <= until]


def _starts(main: Parsed, window: Window) -> list[datetime]:
    """On the wall of its own zone, so that an hour stays that hour when clocks change."""
    zone, wall = main.starts.tzinfo, main.starts.replace(tzinfo=None)
    last = window.until.astimezone(zone).replace(tzinfo=None)
    first = window.since.astimezone(zone).replace(tzinfo=None) - main.length
    walls = {wall} if "RRULE" not in main.event else set(_by_rule(main.event["RRULE"], wall, zone, first, last))
    walls |= {at.astimezone(zone).replace(tzinfo=None) for at in _listed(main.event, "RDATE")}
    gone = {at.astimezone(UTC) for at in _listed(main.event, "EXDATE")}
    starts = sorted(at.replace(tzinfo=zone) for at in walls if first <= at <= last)
    if len(starts) > MAX_OF_SERIES:
        bad(f"Lặp quá {MAX_OF_SERIES} lần trong khoảng.", "It recurs too often.")
    return [at for at in starts if at.astimezone(UTC) not in gone]


def _by_rule(rule: Any, wall: datetime, zone: tzinfo | None, first: datetime, last: datetime) -> Iterator[datetime]:
    written = rule.to_ical().decode().upper()
    parts = dict(part.split("=", 1) for part in written.split(";") if part)
    if parts.get("FREQ") not in FREQUENCIES or any(name in parts for name in FINER):
        bad("Chỉ nhận lặp theo ngày, tuần, tháng, năm.", "It recurs by day, week, month or year only.")
    until = rule.get("UNTIL", [None])[0]
    bare = ";".join(f"{name}={value}" for name, value in parts.items() if name != "UNTIL")
    made = rrulestr(bare, dtstart=wall)
    if not isinstance(made, rrule):
        bad("Quy tắc lặp viết sai.", "The recurrence is wrong.")
    end = min(last, _wall_until(until, zone)) if until is not None else last
    for step, at in enumerate(made):
        if step >= MAX_STEPS:
            bad("Quy tắc lặp quá nhiều bước.", "The recurrence takes too many steps.")
        if at > end:
            return
        if at >= first:
            yield at


def _wall_until(until: date, zone: tzinfo | None) -> datetime:
    if not isinstance(until, datetime):
        return datetime.combine(until, time.max)
    return until.astimezone(zone).replace(tzinfo=None) if until.tzinfo else until


def _listed(event: Any, name: str) -> list[datetime]:
    lists = event.get(name, [])
    lists = lists if isinstance(lists, list) else [lists]
    values = [each for listed in lists for each in listed.dts]
    if len(values) > MAX_OF_SERIES:
        bad(f"{name} có quá {MAX_OF_SERIES} thời điểm.", f"{name} names too many instants.")
    return [moment(each)[0] for each in values]


def _told(one: Parsed, starts: datetime, original: datetime | None, cancels: bool) -> Occurrence:
    starts_at = starts.astimezone(UTC)
    categories = one.event.get("CATEGORIES", [])
    categories = categories if isinstance(categories, list) else [categories]
    words = [_clean(str(word), 60) for listed in categories for word in getattr(listed, "cats", [])]
    return Occurrence(
        uid=one.uid,
        occurrence=original.astimezone(UTC).isoformat() if original else "",
        title=_clean(str(one.event.get("SUMMARY", "")), 300) or "(không tên)",
        place=_clean(str(one.event.get("LOCATION", "")), 300) or None,
        categories=words[:20],
        starts_at=starts_at.isoformat(),
        ends_at=(starts_at + one.length).isoformat(),
        is_all_day=one.is_all_day,
        is_cancelled=cancels or str(one.event.get("STATUS", "")).upper() == "CANCELLED",
        sequence=one.sequence,
        revised_at=one.revised_at.astimezone(UTC).isoformat() if one.revised_at else None,
    )


def _clean(text: str, most: int) -> str:
    said = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(said.split())[:most]


def moment(value: Any) -> tuple[datetime, bool]:
    """With a zone (of Hà Nội, where none is written), and whether it is a whole day."""
    at = value.dt
    if not isinstance(at, date):
        bad("Thời điểm viết sai.", "This is no point in time.")
    if not 2000 <= at.year <= 2100:
        bad("Năm ngoài khoảng 2000-2100.", "The year is out of reach.")
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), HOME), True
    if at.tzinfo is None and "TZID" in value.params:
        bad(f"Không biết múi giờ {str(value.params['TZID'])[:60]}.", "The time zone is unknown.")
    return (at if at.tzinfo else at.replace(tzinfo=HOME)), False
