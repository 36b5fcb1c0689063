"""Reads a calendar file of strangers (RFC 5545), entry by entry: what is wrong with one says nothing of the others.

It runs as a program of its own (`importing.read_apart`), so that a file made to hurt hurts nothing else. Bounded: the
file, its entries, the length of each, the steps of a recurrence and the time that each may take. Only what the desk
needs is parsed at all; guests, organizers and descriptions are skipped unread.
"""

import json
import resource
import signal
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from time import process_time
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]
from icalendar import Event

MAX_BYTES = 2 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_ENTRY_CHARS = 32_768
MAX_STEPS = 20_000
"""Of one recurrence, from its beginning to the end of the window."""
MAX_OF_SERIES = 750
MAX_OCCURRENCES = 10_000
ENTRY_SECONDS = 0.25
FILE_SECONDS = 5.0
"""Of work, whatever else the machine does meanwhile."""
MEMORY = 1 << 30
HOME = ZoneInfo("Asia/Ho_Chi_Minh")
"""Of times without a zone."""
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
FINER = ("BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER")
READ = frozenset(
    "UID DTSTART DTEND DURATION SUMMARY LOCATION CATEGORIES STATUS SEQUENCE DTSTAMP LAST-MODIFIED RECURRENCE-ID RRULE "
    "RDATE EXDATE".split()
)
ONCE = READ - {"CATEGORIES", "RDATE", "EXDATE"}


class NotACalendar(ValueError):
    """The file as a whole."""


class BadEntry(ValueError):
    """One entry: why it is not taken, in Vietnamese and English."""


def _bad(vi: str, en: str) -> NoReturn:
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


@dataclass
class Found:
    """`masters`: the UIDs of which the file says everything, so that what it leaves out is no more."""

    occurrences: list[Occurrence] = field(default_factory=list)
    masters: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    outside: int = 0

    def refuse(self, entry: int | None, uid: str | None, reason: str) -> None:
        self.refused.append({"entry": entry, "uid": uid, "reason": reason})


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


# --- the file -----------------------------------------------------------------------------------------------


def read(data: bytes, window: Window) -> Found:
    if len(data) > MAX_BYTES:
        raise NotACalendar("Tệp lịch quá lớn, giới hạn 2 MB. (The calendar is larger than 2 MB.)")
    found, parsed, cancels, began = Found(), [], False, process_time()
    for number, lines in enumerate(_entries(data), 1):
        if lines is None:
            cancels = True
        elif number > MAX_ENTRIES:
            found.refuse(number, None, f"Chỉ đọc {MAX_ENTRIES} mục đầu. (Only the first {MAX_ENTRIES} are read.)")
            break
        elif process_time() - began > FILE_SECONDS:
            found.refuse(number, None, "Hết thời gian đọc từ mục này. (No time was left from this entry on.)")
            break
        elif (one := _parsed(number, lines, found)) is not None:
            parsed.append(one)
    for each in _newest(parsed, found):
        if process_time() - began > FILE_SECONDS:
            found.refuse(each[0].entry, each[0].uid, "Hết thời gian đọc tệp này. (No time was left for it.)")
            continue
        _take(each, cancels, window, found)
    return found


def _entries(data: bytes) -> Iterator[list[str] | None]:
    """The lines of each VEVENT, without what is nested in it; None where the file says that it cancels."""
    lines = _unfolded(data)
    if next(lines, "").strip().upper() != "BEGIN:VCALENDAR":
        raise NotACalendar("Tệp không phải lịch iCalendar. (It does not begin as an iCalendar file.)")
    entry: list[str] | None = None
    nested = 0
    for line in lines:
        word = line.strip().upper()
        if word == "BEGIN:VEVENT":
            if entry is not None:
                yield [*entry, "X-BROKEN:1"]
            entry, nested = [], 0
        elif entry is None:
            if word == "METHOD:CANCEL":
                yield None
        elif word == "END:VEVENT":
            yield entry
            entry = None
        elif word.startswith("BEGIN:"):
            nested += 1
        elif word.startswith("END:"):
            nested -= 1
        elif nested == 0:
            entry.append(line)
    if entry is not None:
        yield [*entry, "X-BROKEN:1"]


def _unfolded(data: bytes) -> Iterator[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotACalendar("Tệp lịch phải là UTF-8. (The calendar has to be UTF-8.)") from None
    held: list[str] = []
    for raw in text.splitlines():
        if raw[:1] in (" ", "\t") and held:
            held.append(raw[1:])
            continue
        if held:
            yield "".join(held)
        held = [raw]
    if held:
        yield "".join(held)


# --- one entry ----------------------------------------------------------------------------------------------


def _parsed(number: int, lines: list[str], found: Found) -> Parsed | None:
    uid = next((line.partition(":")[2].strip() for line in lines if _name(line) == "UID"), None)
    try:
        with _in_time():
            return _parse(number, lines)
    except BadEntry as bad:
        found.refuse(number, uid[:255] if uid else None, str(bad))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError):
        found.refuse(number, uid[:255] if uid else None, "Mục lịch viết sai chuẩn. (The entry breaks the standard.)")
    return None


def _name(line: str) -> str:
    return line.partition(":")[0].partition(";")[0].strip().upper()


def _parse(number: int, lines: list[str]) -> Parsed:
    if lines and lines[-1] == "X-BROKEN:1":
        _bad("Mục lịch thiếu END:VEVENT.", "END:VEVENT is missing.")
    kept = [line for line in lines if _name(line) in READ]
    if sum(map(len, kept)) > MAX_ENTRY_CHARS:
        _bad("Mục lịch quá dài.", "The entry is too long.")
    names = [_name(line) for line in kept]
    if twice := sorted({name for name in names if name in ONCE and names.count(name) > 1}):
        _bad(f"{twice[0]} ghi nhiều lần.", f"{twice[0]} is given more than once.")
    event: Any = Event.from_ical("\r\n".join(["BEGIN:VEVENT", *kept, "END:VEVENT", ""]))
    if event.errors:
        _bad(f"{event.errors[0][0]} viết sai.", f"{event.errors[0][0]} is wrong.")
    uid = str(event.get("UID", "")).strip()
    if not 0 < len(uid) <= 255:
        _bad("Thiếu UID, hoặc UID quá dài.", "UID is missing or too long.")
    if "DTSTART" not in event:
        _bad("Thiếu DTSTART.", "DTSTART is missing.")
    starts, is_all_day = _moment(event["DTSTART"])
    recurrence = event.get("RECURRENCE-ID")
    if recurrence is not None and "RANGE" in recurrence.params:
        _bad("Không nhận RANGE trong RECURRENCE-ID.", "RANGE is not taken.")
    return Parsed(
        entry=number,
        uid=uid,
        event=event,
        starts=starts,
        length=_length(event, starts, is_all_day=is_all_day),
        is_all_day=is_all_day,
        recurrence_id=_moment(recurrence)[0] if recurrence is not None else None,
        sequence=min(max(int(event.get("SEQUENCE", 0)), 0), 2**31 - 1),
        revised_at=next((_moment(event[n])[0] for n in ("LAST-MODIFIED", "DTSTAMP") if n in event), None),
    )


def _moment(value: Any) -> tuple[datetime, bool]:
    """With a zone (of Hà Nội, where none is written), and whether it is a whole day."""
    at = value.dt
    if not isinstance(at, date):
        _bad("Thời điểm viết sai.", "This is no point in time.")
    if not 2000 <= at.year <= 2100:
        _bad("Năm ngoài khoảng 2000-2100.", "The year is out of reach.")
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), HOME), True
    if at.tzinfo is None and "TZID" in value.params:
        _bad(f"Không biết múi giờ {str(value.params['TZID'])[:60]}.", "The time zone is unknown.")
    return (at if at.tzinfo else at.replace(tzinfo=HOME)), False


def _length(event: Any, starts: datetime, *, is_all_day: bool) -> timedelta:
    if "DTEND" in event:
        ends = _moment(event["DTEND"])[0]
        length = ends.astimezone(UTC) - starts.astimezone(UTC)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = timedelta(days=1) if is_all_day else timedelta(0)
    if not timedelta(0) <= length <= timedelta(days=62):
        _bad("Kết thúc trước khi bắt đầu, hoặc kéo dài quá 62 ngày.", "It ends before it begins, or lasts too long.")
    return length


def _newest(parsed: list[Parsed], found: Found) -> list[tuple[Parsed, list[Parsed]]]:
    """Each UID's main entry with what changes single occurrences of it; of two that say the same the newer counts."""
    mains: dict[str, Parsed] = {}
    changes: dict[str, dict[datetime, Parsed]] = {}
    for one in parsed:
        key = one.recurrence_id.astimezone(UTC) if one.recurrence_id else None
        kept = mains if key is None else changes.setdefault(one.uid, {})
        at: Any = one.uid if key is None else key
        old = kept.get(at)
        if old is not None and (old.sequence, _stamp(old)) > (one.sequence, _stamp(one)):
            old, one = one, old
        kept[at] = one
        if old is not None:
            found.refuse(old.entry, old.uid, "Trùng UID với một mục mới hơn trong tệp. (A newer entry has this UID.)")
    alone: list[tuple[Parsed, list[Parsed]]] = [
        (each, []) for uid, of in changes.items() if uid not in mains for each in of.values()
    ]
    return [(main, list(changes.get(uid, {}).values())) for uid, main in mains.items()] + alone


def _stamp(one: Parsed) -> datetime:
    return one.revised_at or datetime.min.replace(tzinfo=UTC)


# --- occurrences --------------------------------------------------------------------------------------------


def _take(each: tuple[Parsed, list[Parsed]], cancels: bool, window: Window, found: Found) -> None:
    main, changes = each
    try:
        with _in_time():
            made = _occurrences(main, changes, cancels, window)
    except BadEntry as bad:
        found.refuse(main.entry, main.uid, str(bad))
        return
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError):
        found.refuse(main.entry, main.uid, "Quy tắc lặp viết sai chuẩn. (The recurrence breaks the standard.)")
        return
    if not made:
        found.outside += 1
    if len(found.occurrences) + len(made) > MAX_OCCURRENCES:
        found.refuse(main.entry, main.uid, f"Tệp có quá {MAX_OCCURRENCES} lần diễn ra. (Too many occurrences.)")
        return
    found.occurrences += made
    if main.recurrence_id is None:
        found.masters.append(main.uid)


def _occurrences(main: Parsed, changes: list[Parsed], cancels: bool, window: Window) -> list[Occurrence]:
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
        _bad(f"Lặp quá {MAX_OF_SERIES} lần trong khoảng.", "It recurs too often.")
    return [at for at in starts if at.astimezone(UTC) not in gone]


def _by_rule(rule: Any, wall: datetime, zone: tzinfo | None, first: datetime, last: datetime) -> Iterator[datetime]:
    written = rule.to_ical().decode().upper()
    parts = dict(part.split("=", 1) for part in written.split(";") if part)
    if parts.get("FREQ") not in FREQUENCIES or any(name in parts for name in FINER):
        _bad("Chỉ nhận lặp theo ngày, tuần, tháng, năm.", "It recurs by day, week, month or year only.")
    until = rule.get("UNTIL", [None])[0]
    bare = ";".join(f"{name}={value}" for name, value in parts.items() if name != "UNTIL")
    made = rrulestr(bare, dtstart=wall)
    if not isinstance(made, rrule):
        _bad("Quy tắc lặp viết sai.", "The recurrence is wrong.")
    end = min(last, _wall_until(until, zone)) if until is not None else last
    for step, at in enumerate(made):
        if step >= MAX_STEPS:
            _bad("Quy tắc lặp quá nhiều bước.", "The recurrence takes too many steps.")
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
        _bad(f"{name} có quá {MAX_OF_SERIES} thời điểm.", f"{name} names too many instants.")
    return [_moment(each)[0] for each in values]


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


# --- the program --------------------------------------------------------------------------------------------


@contextmanager
def _in_time() -> Iterator[None]:
    """A rule that never matches is looked for until the year 9999: one entry gets so long, and no longer."""

    def stop(*_: object) -> None:
        _bad("Mục lịch tốn quá nhiều thời gian.", "The entry takes too long.")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, ENTRY_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def main() -> None:
    """Window on the command line (two instants), file on standard input, JSON on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(2 * FILE_SECONDS), int(2 * FILE_SECONDS)))
    window = Window(*(datetime.fromisoformat(each) for each in sys.argv[1:3]))
    try:
        told: dict[str, Any] = asdict(read(sys.stdin.buffer.read(MAX_BYTES + 1), window))
    except NotACalendar as wrong:
        told = {"error": str(wrong)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
