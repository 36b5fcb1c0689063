"""Dates and quantities that a text names, each with the words that name it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from libs.common.text import nfc

MAX_CHARS = 2000
MOST = 40

_DATE = re.compile(
    r"(?<![\d/.-])(?P<said>(?:ngày|mùng|sáng|trưa|chiều|tối|đêm|hôm)\s+)?(?P<d>\d{1,2})(?P<by>[/.-]|\s+tháng\s+)"
    r"(?P<m>\d{1,2})(?:(?:[/.-]|\s+năm\s+)(?P<y>\d{4}))?(?![\d/-]|[.,]\d)",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)")
_SCALES = {
    "nghìn tỷ": Decimal(10) ** 12, "ngàn tỷ": Decimal(10) ** 12, "nghìn": Decimal(1000), "ngàn": Decimal(1000),
    "triệu": Decimal(10) ** 6, "tr": Decimal(10) ** 6, "tỷ": Decimal(10) ** 9, "tỉ": Decimal(10) ** 9,
    "vạn": Decimal(10) ** 4, "k": Decimal(1000),
}  # fmt: skip
_UNITS = {
    "đồng": "VND", "đ": "VND", "vnđ": "VND", "vnd": "VND", "usd": "USD", "đô la": "USD", "euro": "EUR", "%": "%",
    "phần trăm": "%", "km": "km", "m": "m", "mét": "m", "cm": "cm", "mm": "mm", "ha": "ha", "hecta": "ha", "m2": "m²",
    "m²": "m²", "m3": "m³", "m³": "m³", "km2": "km²", "km²": "km²", "kg": "kg", "tấn": "t", "tạ": "q", "lít": "l",
    "người": "person", "hộ": "household", "hộ dân": "household", "ca": "case", "trường hợp": "case", "vụ": "incident",
    "xe": "vehicle", "ô tô": "vehicle", "xe máy": "vehicle", "căn": "dwelling", "căn hộ": "dwelling", "phút": "min",
    "giờ": "h", "tiếng": "h", "ngày": "d", "tuần": "week", "tháng": "month", "năm": "year", "tuổi": "year of age",
    "độ c": "°C", "°c": "°C", "độ": "°C", "điểm": "point", "học sinh": "pupil", "cây": "tree", "kwh": "kWh", "mw": "MW",
    "km/h": "km/h", "lượt": "visit", "tờ": "sheet", "cuốn": "book", "trường": "school",
    "phường": "ward", "xã": "commune",
}  # fmt: skip


def _alternatives(names: dict[str, object]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_QUANTITY = re.compile(
    r"(?<![\w.,/-])(?P<n>\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?)"
    rf"(?:\s*(?P<s>{_alternatives(dict(_SCALES))})(?!\w))?"
    rf"(?:\s*(?P<u>{_alternatives(dict(_UNITS))})(?![\w]))?",
    re.IGNORECASE,
)
_PERSONAL_DIGITS = 9
"""Runs of so many digits are phone and document numbers, never quantities."""


@dataclass(frozen=True, slots=True)
class DateMention:
    """A day named in a text; the year may be left out, as the press does."""

    words: str
    day: int
    month: int
    year: int | None

    @property
    def iso(self) -> str:
        """ISO 8601; `--MM-DD` without a year."""
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}" if self.year else f"--{self.month:02d}-{self.day:02d}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit as the text gives it; `value` in that unit, scales (triệu, tỷ) worked in."""

    words: str
    value: Decimal
    unit: str


def dates(text: str) -> list[DateMention]:
    """The days named, each once, in order; what is no day of the calendar is left out."""
    found = sorted((*_ISO.finditer(text[:MAX_CHARS]), *_DATE.finditer(text[:MAX_CHARS])), key=lambda one: one.start())
    mentions = filter(None, map(_date, found))
    return list({mention.iso: mention for mention in reversed(list(mentions))}.values())[::-1][:MOST]


def quantities(text: str) -> list[Quantity]:
    """The numbers that have a unit or a scale, each once, in order."""
    return list(dict.fromkeys(_quantities(nfc(text[:MAX_CHARS]))))[:MOST]


def _date(found: re.Match[str]) -> DateMention | None:
    year = int(found["y"]) if found["y"] else None
    by, said = found.groupdict().get("by"), found.groupdict().get("said")
    if year is None and by in (".", "-") and not said:
        return None  # a score, a range, a number
    try:
        day = date(year or 2000, int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return DateMention(found.group().strip(), day.day, day.month, year)


def _quantities(text: str) -> Iterator[Quantity]:
    for found in _QUANTITY.finditer(text):
        if not (found["s"] or found["u"]) or len(found["n"].split(",")[0].split(".")[0]) >= _PERSONAL_DIGITS:
            continue
        value = _number(found["n"])
        if value is None:
            continue
        scale = _SCALES.get((found["s"] or "").lower(), Decimal(1))
        unit = _UNITS.get((found["u"] or "").lower(), "")
        yield Quantity(" ".join(found.group().split()), value * scale, unit)


def _number(written: str) -> Decimal | None:
    """Vietnamese writes 1.234,5; a lone point before three digits parts thousands, before fewer it is decimal."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", written):
        written = written.replace(".", "")
    try:
        return Decimal(written.replace(",", "."))
    except InvalidOperation:
        return None
