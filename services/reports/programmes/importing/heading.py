"""What stands above an annex's table: the decision's number, its day, its title and the years it is for. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from libs.common.text import collapse

_YEARS = re.compile(r"giai\s+đoạn\s+(?P<first>20\d\d)\s*[-–—]\s*(?P<last>20\d\d)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:quyết\s+định|kế\s+hoạch|chỉ\s+thị|nghị\s+quyết|chương\s+trình|công\s+văn)\s+(?:số\s*:?\s*)"
    r"(?P<number>\d{1,5}[/-][0-9A-ZĐa-zđ/&.-]{2,30}[0-9A-ZĐa-zđ])",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"ngày\s+(?P<day>\d{1,2})\s*(?:/|tháng)\s*(?P<month>\d{1,2})\s*(?:/|năm)\s*(?P<year>20\d\d)", re.IGNORECASE
)
_QUOTED = re.compile(r"[“\"](?P<title>[^”\"]{10,500})[”\"]")


@dataclass(frozen=True)
class Heading:
    number: str | None = None
    issued_on: date | None = None
    title: str | None = None
    first_year: int | None = None
    last_year: int | None = None


def read_heading(above: list[str]) -> Heading:
    text = "\n".join(above)
    number, years, quoted = _NUMBER.search(text), _YEARS.search(text), _QUOTED.search(text)
    day = _DAY.search(text, number.end() if number else 0)
    return Heading(
        number["number"] if number else None,
        _date(day) if day else None,
        collapse(quoted["title"]) if quoted else None,
        int(years["first"]) if years else None,
        int(years["last"]) if years else None,
    )


def _date(found: re.Match[str]) -> date | None:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
