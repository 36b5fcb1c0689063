"""The rules of a feedback case: which text opens one, its clocks and its names. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from libs.common.models.enums import TextKind
from services.ingest.domain import is_citizens_text

HANOI = timezone(timedelta(hours=7))
_SHIFTS = ((time(8, 0), time(12, 0)), (time(13, 30), time(17, 30)))
ACCEPT_WITHIN = timedelta(hours=8)
URGENT_WITHIN = timedelta(hours=4)

# Kinds of text that are a citizen's matter for a unit to answer.
CASE_KINDS = frozenset({TextKind.CRITICISM, TextKind.COMPLAINT, TextKind.REPORT_OF_PROBLEM})

_URGENT = re.compile(
    r"khẩn cấp|nguy hiểm|cháy|nổ|sập|đổ cây|cây đổ|điện giật|rò rỉ|ngập|hố sâu|hố tử thần|sạt lở|tai nạn|"
    r"cấp cứu|đuối nước|ngộ độc|rò khí|cáp điện",
    re.IGNORECASE,
)


def opens_case(text_kind: str, source_group: str, form: str) -> bool:
    """Whether a classified text becomes a feedback case: no criticism by a citizen is ever dropped."""
    return text_kind in CASE_KINDS and is_citizens_text(source_group, form)


def is_urgent(text: str) -> bool:
    """Words that mean somebody may be hurt; an officer can change it."""
    return _URGENT.search(unicodedata.normalize("NFC", text)) is not None


def add_working_time(start: datetime, span: timedelta, holidays: frozenset[date] = frozenset()) -> datetime:
    """`start` plus working time: Monday to Friday, 8:00-12:00 and 13:30-17:30, Hà Nội time."""
    at, left = start.astimezone(HANOI), span
    for _ in range(3660):  # ten years of days bound the walk whatever the holidays say
        if at.weekday() < 5 and at.date() not in holidays:
            for opens, closes in _SHIFTS:
                begin = max(at, datetime.combine(at.date(), opens, HANOI))
                end = datetime.combine(at.date(), closes, HANOI)
                if begin < end:
                    if left <= end - begin:
                        return (begin + left).astimezone(start.tzinfo)
                    left -= end - begin
        at = datetime.combine(at.date() + timedelta(days=1), time(0), HANOI)
    raise ValueError("no working day in ten years")


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When a case must be accepted, and when an urgent one must be dealt with (others have no set limit)."""

    accept_by: datetime
    handle_by: datetime | None


def due_times(received_at: datetime, *, urgent: bool, holidays: frozenset[date] = frozenset()) -> DueTimes:
    """Accepted within 8 working hours; urgent cases dealt with within 4."""
    accept_by = add_working_time(received_at, ACCEPT_WITHIN, holidays)
    return DueTimes(accept_by, add_working_time(received_at, URGENT_WITHIN, holidays) if urgent else None)


def case_reference(year: int, number: int) -> str:
    """The reference a citizen is given."""
    return f"PA-{year}-{number:06d}"


def case_subject(title: str, text: str) -> str:
    """One line that names the case, at most 120 characters, cut at a word."""
    line = " ".join((title or text).split())
    return line if len(line) <= 120 else line[:119].rsplit(" ", 1)[0] + "…"
