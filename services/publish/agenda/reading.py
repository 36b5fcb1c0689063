"""Reads a calendar file of strangers (RFC 5545), entry by entry: what is wrong with one says nothing of the others.

It runs as a program of its own (`importing.read_apart`), so that a file made to hurt hurts nothing else. Bounded: the
file, its entries, the length of each, the steps of a recurrence and the time that each may take. Only what the desk
needs is parsed at all; guests, organizers and descriptions are skipped unread.
"""

import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

from icalendar import Event

from services.publish.agenda.recurring import BadEntry, Occurrence, Parsed, Window, bad, moment, occurrences_of

MAX_BYTES = 2 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_ENTRY_CHARS = 32_768
MAX_OCCURRENCES = 10_000
ENTRY_SECONDS = 0.25
FILE_SECONDS = 5.0
"""Of work, whatever else the machine does meanwhile."""
MEMORY = 1 << 30
READ = frozenset(
    "UID DTSTART DTEND DURATION SUMMARY LOCATION CATEGORIES STATUS SEQUENCE DTSTAMP LAST-MODIFIED RECURRENCE-ID RRULE "
    "RDATE EXDATE".split()
)
ONCE = READ - {"CATEGORIES", "RDATE", "EXDATE"}


class NotACalendar(ValueError):
    """The file as a whole."""


@dataclass
class Found:
    """`masters`: the UIDs of which the file says everything, so that what it leaves out is no more."""

    occurrences: list[Occurrence] = field(default_factory=list)
    masters: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    outside: int = 0

    def refuse(self, entry: int | None, uid: str | None, reason: str) -> None:
        self.refused.append({"entry": entry, "uid": uid, "reason": reason})


# --- the file -----------------------------------------------------------------------------------------------


def read(data: bytes, window: Window) -> Found:
    if len(data) > MAX_BYTES:
        raise NotACalendar("Tệp lịch quá lớn, giới hạn 2 MB. (The calendar is larger than 2 MB.)")
    found, parsed, cancels, began = Found(), [], False, process_time()
    number = 0
    for lines in _entries(data):
        if lines is None:
            cancels = True
            continue
        number += 1
        if number > MAX_ENTRIES:
            found.refuse(number, None, f"Chỉ đọc {MAX_ENTRIES} mục đầu. (Only the first {MAX_ENTRIES} are read.)")
            break
        if process_time() - began > FILE_SECONDS:
            found.refuse(number, None, "Hết thời gian đọc từ mục này. (No time was left from this entry on.)")
            break
        if (one := _parsed(number, lines, found)) is not None:
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
        bad("Mục lịch thiếu END:VEVENT.", "END:VEVENT is missing.")
    kept = [line for line in lines if _name(line) in READ]
    if sum(map(len, kept)) > MAX_ENTRY_CHARS:
        bad("Mục lịch quá dài.", "The entry is too long.")
    names = [_name(line) for line in kept]
    if twice := sorted({name for name in names if name in ONCE and names.count(name) > 1}):
        bad(f"{twice[0]} ghi nhiều lần.", f"{twice[0]} is given more than once.")
    event: Any = Event.from_ical("\r\n".join(["BEGIN:VEVENT", *kept, "END:VEVENT", ""]))
    if event.errors:
        bad(f"{event.errors[0][0]} viết sai.", f"{event.errors[0][0]} is wrong.")
    uid = str(event.get("UID", "")).strip()
    if not 0 < len(uid) <= 255:
        bad("Thiếu UID, hoặc UID quá dài.", "UID is missing or too long.")
    if "DTSTART" not in event:
        bad("Thiếu DTSTART.", "DTSTART is missing.")
    starts, is_all_day = moment(event["DTSTART"])
    recurrence = event.get("RECURRENCE-ID")
    if recurrence is not None and "RANGE" in recurrence.params:
        bad("Không nhận RANGE trong RECURRENCE-ID.", "RANGE is not taken.")
    return Parsed(
        entry=number,
        uid=uid,
        event=event,
        starts=starts,
        length=_length(event, starts, is_all_day=is_all_day),
        is_all_day=is_all_day,
        recurrence_id=moment(recurrence)[0] if recurrence is not None else None,
        sequence=min(max(int(event.get("SEQUENCE", 0)), 0), 2**31 - 1),
        revised_at=next((moment(event[n])[0] for n in ("LAST-MODIFIED", "DTSTAMP") if n in event), None),
    )


def _length(event: Any, starts: datetime, *, is_all_day: bool) -> timedelta:
    if "DTEND" in event:
        ends = moment(event["DTEND"])[0]
        length = ends.astimezone(UTC) - starts.astimezone(UTC)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = timedelta(days=1) if is_all_day else timedelta(0)
    if not timedelta(0) <= length <= timedelta(days=62):
        bad("Kết thúc trước khi bắt đầu, hoặc kéo dài quá 62 ngày.", "It ends before it begins, or lasts too long.")
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
            made = occurrences_of(main, changes, cancels, window)
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


# --- the program --------------------------------------------------------------------------------------------


@contextmanager
def _in_time() -> Iterator[None]:
    """A rule that never matches is looked for until the year 9999: one entry gets so long, and no longer."""

    def stop(*_: object) -> None:
        bad("Mục lịch tốn quá nhiều thời gian.", "The entry takes too long.")

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
