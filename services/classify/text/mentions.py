"""Dates and quantities that a text names, each with the words that name it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

MAX_CHARS = 1200
MOST = 40
_JOINED = frozenset(".,/-")
"""Signs after which a number is the rest of something longer."""

_NUMBER = re.compile(r"\d+")
# Tried only where a number begins: as searches they would cost ten times as much.
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?!\d)"
    r"|(?P<d>\d\d?)(?P<by>[/.-]|\s+tháng\s+)(?P<m>\d\d?)(?:(?:[/.-]|\s+năm\s+)(?P<y>\d{4}))?(?![\d/-]|[.,]\d)",
    re.IGNORECASE,
)
_SAID = re.compile(r"(?:ngày|mùng|sáng|trưa|chiều|tối|đêm|hôm)\s+$", re.IGNORECASE)
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
    r"(?P<n>\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?)"
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
    text = text[:MAX_CHARS]
    mentions: dict[str, DateMention] = {}
    end = 0
    for number in _NUMBER.finditer(text):
        start = number.start()
        if start < end or text[start - 1 : start] in _JOINED or not (found := _DATE.match(text, start)):
            continue
        if mention := _date(text, found):
            mentions.setdefault(mention.iso, mention)
            end = found.end()
    return list(mentions.values())[:MOST]


def quantities(text: str) -> list[Quantity]:
    """The numbers that have a unit or a scale, each once, in order."""
    return list(dict.fromkeys(_quantities(text[:MAX_CHARS])))[:MOST]


def _date(text: str, found: re.Match[str]) -> DateMention | None:
    said = _SAID.search(text, max(0, found.start() - 8), found.start())
    year = int(found["y"]) if found["y"] else None
    if found["d"] and year is None and found["by"] in (".", "-") and not said:
        return None  # a score, a range, a number
    try:
        if not found["d"]:
            day = date.fromisoformat(found.group())
            year = day.year
        else:
            day = date(year or 2000, int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return DateMention((said.group() if said else "") + found.group(), day.day, day.month, year)


def _quantities(text: str) -> Iterator[Quantity]:
    end = 0
    for number in _NUMBER.finditer(text):
        start, before = number.start(), text[number.start() - 1 : number.start()]
        if start < end or before in _JOINED or before.isalpha() or not (found := _QUANTITY.match(text, start)):
            continue
        end = found.end()
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
