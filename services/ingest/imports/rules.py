"""One row of a table to one report, or to the reasons why it is none. Pure."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from libs.common.clock import HANOI
from libs.common.models.enums import Field
from libs.common.settings import MAIL_ADDRESS
from services.ingest.dates import parse_date
from services.ingest.domain import believable_date
from services.ingest.imports.mapping import Layout, Mapping
from services.ingest.markup import clean, one_line

MAX_TITLE, MAX_TEXT, MAX_PLACE, MAX_ID = 300, 20_000, 300, 200
_DAYS_SINCE_1900 = re.compile(r"\d{5}(?:\.\d+)?")
_EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=HANOI)
"""Day 0 as spreadsheets count, whose year 1900 has a 29 February (ECMA-376-1, 18.17.4.1)."""
_TWO_DIGIT_YEAR = re.compile(r"(?<!\d)(\d{1,2}[/.\-]\d{1,2}[/.\-])(\d{2})(?![\d/.\-])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """`number`: of the row in its file. What identifies its sender goes into a sealed contact, or nowhere."""

    number: int
    external_id: str
    title: str
    text: str
    topic: Field | None
    place: str | None
    unit: str | None
    sent_at: datetime | None
    is_finished: bool
    warnings: tuple[str, ...] = ()
    contact_name: str | None = field(default=None, repr=False)
    contact_phone: str | None = field(default=None, repr=False)
    contact_email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    number: int
    reason: str


def judge_row(number: int, row: list[str], layout: Layout, mapping: Mapping, now: datetime) -> ImportedRow | BadRow:
    """The report that a row is; dates are read day first, in Hà Nội time where they name no zone."""
    title, text = one_line(layout.cell(row, "title")), clean(layout.cell(row, "text")).strip()
    if not title and not text:
        return BadRow(number, "Thiếu nội dung phản ánh.")
    if len(text) > MAX_TEXT:
        return BadRow(number, f"Nội dung dài quá {MAX_TEXT} ký tự.")
    given = one_line(layout.cell(row, "external_id"))
    if len(given) > MAX_ID:
        return BadRow(number, f"Mã phản ánh dài quá {MAX_ID} ký tự.")
    written, topic = layout.cell(row, "sent_at"), layout.cell(row, "topic")
    email = one_line(layout.cell(row, "contact_email"))
    sent_at, known = sent_date(written, now), mapping.topic_of(topic) if topic else None
    warnings = [
        *(["Ngày gửi không đọc được, để trống."] if written and sent_at is None else []),
        *(["Lĩnh vực không có trong danh mục, để trống."] if topic and known is None else []),
        *(["Địa chỉ thư điện tử chưa đúng, không giữ."] if email and not MAIL_ADDRESS.fullmatch(email) else []),
        *(["Không có mã phản ánh: nhận biết theo nội dung."] if not given else []),
    ]
    return ImportedRow(
        number=number,
        external_id=given or _by_words(title, text, written),
        title=title[:MAX_TITLE],
        text=text or title,
        topic=known,
        place=one_line(layout.cell(row, "place"))[:MAX_PLACE] or None,
        unit=one_line(layout.cell(row, "unit")) or None,
        sent_at=sent_at,
        is_finished=mapping.is_finished(layout.cell(row, "state")),
        warnings=tuple(warnings),
        contact_name=one_line(layout.cell(row, "contact_name"))[:200] or None,
        contact_phone=one_line(layout.cell(row, "contact_phone"))[:30] or None,
        contact_email=email if MAIL_ADDRESS.fullmatch(email) else None,
    )


def _by_words(*words: str) -> str:
    return hashlib.sha256("\x00".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def sent_date(written: str, now: datetime) -> datetime | None:
    """A date as people and spreadsheets write it; None for what is none, or lies in the future."""
    if _DAYS_SINCE_1900.fullmatch(written):
        at: datetime | None = (_EXCEL_ZERO + timedelta(days=float(written))).astimezone(UTC)
    else:
        found = parse_date(_TWO_DIGIT_YEAR.sub(r"\g<1>20\2", written), HANOI)
        at = found.at if found else None
    return believable_date(at, now)


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
