"""A table of verdicts, saved as CSV from tingia.gov.vn or a spreadsheet, to reviews: row by row.

Headers are known by their words, in Vietnamese or English, with marks or without; the encoding by its mark or form.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from libs.common.clock import HANOI
from libs.common.text import fold, nfc
from services.classify.claims.review import MOST_REVIEWS, Refused, Reviewed, is_address, judged

Column = Literal["text", "title", "verdict", "at", "reviewer", "url"]
HEADERS: dict[Column, tuple[str, ...]] = {
    "text": ("noi dung tin gia", "tuyen bo", "noi dung", "tin sai", "claim", "claimreviewed", "text", "noi dung tin"),
    "title": ("tieu de", "ten tin", "ten bai", "tieu de tin", "title", "headline"),
    "verdict": ("ket luan", "phan loai", "danh gia", "nhan", "loai tin", "ket qua", "verdict", "rating", "xac minh"),
    "at": ("ngay", "ngay dang", "ngay cong bo", "thoi gian", "ngay ket luan", "date", "datepublished"),
    "reviewer": ("nguon", "co quan", "don vi", "co quan ket luan", "nguon cong bo", "source", "reviewer", "author"),
    "url": ("duong dan", "lien ket", "link", "url", "dia chi", "duong link"),
}
REVIEWER = "Trung tâm Xử lý tin giả, thông tin xấu độc Việt Nam"
"""Whose verdicts tingia.gov.vn publishes."""
_SITE = "tingia.gov.vn"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
_DAY = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_MAX_CELL = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: as a spreadsheet shows it."""

    number: int
    review: Reviewed | Refused


@dataclass(frozen=True, slots=True)
class Table:
    form: str
    columns: list[str]
    rows: list[Row]


def read_table(data: bytes) -> Table:
    """Raises ValueError, in Vietnamese, where it is no table of verdicts."""
    encoding, text = _decode(data)
    delimiter = max(_DELIMITERS, key=text.lstrip().split("\n", 1)[0].count)
    try:
        lines = [(at, row) for at, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)]
    except csv.Error as error:
        raise ValueError("Không phải tệp CSV hợp lệ.") from error
    lines = [(at, row) for at, row in lines if any(cell.strip() for cell in row)]
    if len(lines) < 2:
        raise ValueError("Tệp cần có dòng tiêu đề và ít nhất một dòng dữ liệu.")
    if len(lines) > MOST_REVIEWS + 1:
        raise ValueError(f"Mỗi tệp có nhiều nhất {MOST_REVIEWS} dòng dữ liệu.")
    places = _layout(lines[0][1])
    shown = "tab" if delimiter == "\t" else delimiter
    return Table(f"csv {encoding} {shown}", sorted(places), [Row(at, _judge(row, places)) for at, row in lines[1:]])


def _decode(data: bytes) -> tuple[str, str]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return name, nfc(data.decode(name, "replace"))
    try:
        return "utf-8", nfc(data.decode("utf-8"))
    except UnicodeDecodeError:
        return "windows-1258", nfc(data.decode("cp1258", "replace"))


def _layout(header: Sequence[str]) -> dict[Column, int]:
    names = [" ".join("".join(c if c.isalnum() else " " for c in fold(cell)).split()) for cell in header]
    found: dict[Column, int] = {}
    for column, known in HEADERS.items():
        at = next((names.index(name) for name in known if name in names), None)
        if at is not None:
            found[column] = at
    if "text" not in found and "title" not in found:
        raise ValueError("Dòng đầu của tệp không có cột “Tiêu đề” hoặc “Nội dung”.")
    if "verdict" not in found:
        raise ValueError("Dòng đầu của tệp không có cột “Kết luận”.")
    return found


def _judge(row: Sequence[str], places: dict[Column, int]) -> Reviewed | Refused:
    def cell(column: Column) -> str:
        at = places.get(column)
        return row[at].strip()[:_MAX_CELL] if at is not None and at < len(row) else ""

    title, source, url, written = cell("title"), cell("reviewer"), cell("url"), cell("at")
    if not url and is_address(source):
        url, source = source, ""
    at = day_written(written)
    if written and at is None:
        return Refused([f"Không đọc được ngày “{written[:40]}”."])
    reviewer = source or (REVIEWER if _SITE in url else "")
    return judged(cell("text") or _claim_of(title), cell("verdict"), url, reviewer, at, title)


_QUOTES = " “”\"'"
_LEAD = re.compile(r"^(?:\[?(?:tin giả|tin sai sự thật|tin xác thực|cảnh báo|bác bỏ|sự thật về)\]?\s*[:\-–|]\s*)", re.I)


def _claim_of(title: str) -> str:
    """What is claimed, without the label that the site puts before it."""
    return _LEAD.sub("", title.strip(_QUOTES)).strip(_QUOTES)


def day_written(written: str) -> datetime | None:
    """A day as people write it (24/11/2026), or as machines do; its beginning in Hà Nội, unless a time is given."""
    found = _DAY.search(written)
    try:
        if found:
            at = datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=HANOI)
        else:
            told = datetime.fromisoformat(written)
            at = told if told.tzinfo else told.replace(tzinfo=HANOI)
    except ValueError:
        return None
    return at.astimezone(UTC)
