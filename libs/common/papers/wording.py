"""How the decree writes a paper's own lines, and how Vietnamese writes numbers and days. Pure."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from libs.common.clock import HANOI
from libs.common.papers.content import Above, Annex, Block, Bullets, Cell, Head, Note, Paper, Run, Runs, Text

NATIONAL_NAME: Final = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO: Final = "Độc lập - Tự do - Hạnh phúc"
RECIPIENTS: Final = "Nơi nhận:"
END: Final = "./."
BLANK_NOTE: Final = "Ô để trống là chưa có số liệu, không phải bằng 0."
_OPEN_DAY, _OPEN_NUMBER = "\u00a0" * 6, "\u00a0" * 8
"""Room for a pen; spaces that no printer folds into one."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what follows: a name or an amount could be made to read backwards."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d*)(?:,\d+)?( ?%)?")
_EXACT = 15
"""Digits that a workbook keeps; longer ones stay text."""
_LINKS = ("http", "https", "mailto")
LONG_WORD: Final = 20
"""Signs: an address, a digest; no word of Vietnamese."""
LONGEST_FOOTER: Final = 300
"""Signs; three lines of it."""
LONGEST_LINK: Final = 2_000
"""Signs; what a word processor still opens."""


def clean(text: str) -> str:
    """NFC, with neither what XML cannot carry nor what turns the direction of reading; line breaks stay."""
    kept = _TURNING.sub("", _NOT_XML.sub("", text))
    return unicodedata.normalize("NFC", kept.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def safe_link(link: str | None) -> str | None:
    if link is None:
        return None
    told = "".join(clean(link).split())
    try:
        scheme = urlsplit(told).scheme.lower()
    except ValueError:
        return None
    return told if scheme in _LINKS and len(told) <= LONGEST_LINK else None


def has_address(runs: Runs) -> bool:
    """Whether a word is so long that a line before it, set to both edges, would be all gaps."""
    return any(len(word) >= LONG_WORD or "://" in word for run in runs for word in run.text.split())


# --- the lines of the head ----------------------------------------------------------------------------------


def number_line(head: Head) -> str:
    """`Số: 05/BC-SVHTT`; room for a pen where there is no number yet."""
    number = (head.number or "").strip()
    if number.isdecimal() and len(number) < 2:
        number = f"0{number}"
    return f"Số: {number or _OPEN_NUMBER}{f'/{head.symbol}' if head.symbol else ''}"


def date_line(place: str, day: date | None, year: int | None = None) -> str:
    """`Hà Nội, ngày 05 tháng 02 năm 2026`: days below 10 and the months 1 and 2 have a leading zero."""
    if day is None:
        return f"{place}, ngày{_OPEN_DAY}tháng{_OPEN_DAY}năm{f' {year}' if year else _OPEN_DAY}"
    return f"{place}, {long_date(day)}"


def long_date(day: date) -> str:
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def stated_day(paper: Paper) -> datetime:
    """The instant that a file's own properties tell: the paper's day, never that of the printing."""
    head = paper.head
    day = head.date or date(head.year or 2000, 1, 1)
    return datetime(min(max(day.year, 1980), 2107), day.month, day.day)  # noqa: DTZ001 - zip and docProps know no zone


# --- the lines of annexes and of the end --------------------------------------------------------------------


def annex_line(annex: Annex) -> str:
    return f"Phụ lục {annex.number}" if annex.number else "Phụ lục"


def annex_basis(head: Head) -> str:
    """What the annex goes with: `(Kèm theo Báo cáo số 05/BC-… ngày … của …)`."""
    number = number_line(head).removeprefix("Số: ")
    _, told = date_line("", head.date, head.year).split(", ", 1)
    told = told.replace(" ", "\u00a0")  # a day is not broken across lines
    agency = " ".join(head.agency.split())
    return f"(Kèm theo {capital(head.type_name.lower())} số {number} {told} của {agency})"


def recipient_lines(recipients: Sequence[str]) -> list[str]:
    """Each with its dash, ended by a semicolon, the last by a full stop."""
    told = [clean(one).strip().rstrip(";.").strip().removeprefix("- ") for one in recipients]
    lines = [f"- {one};" for one in told if one]
    return [*lines[:-1], f"{lines[-1][:-1]}."] if lines else []


def ended(blocks: Sequence[Block]) -> list[Block]:
    """With the sign `./.` after the last words of the text; a table or a picture has none."""
    if not blocks:
        return []
    *others, last = blocks
    match last:
        case Text(runs) if runs:
            return [*others, Text(_with_end(runs))]
        case Bullets(items) if items and items[-1]:
            return [*others, replace(last, items=(*items[:-1], _with_end(items[-1])))]
        case Note(text):
            [run] = _with_end((Run(text),))[:1]
            return [*others, Note(run.text if run.text.endswith(END) else f"{run.text}{END}")]
        case _:
            return [*others, last]


def _with_end(runs: Runs) -> Runs:
    text = runs[-1].text.rstrip()
    if text.endswith(END):
        return runs
    return (*runs[:-1], replace(runs[-1], text=text.rstrip(".;,")), Run(END))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def footer_line(footer: str | None) -> str:
    """What the lower margin has room for."""
    told = " ".join(clean(footer or "").split())
    return told if len(told) <= LONGEST_FOOTER else f"{told[: LONGEST_FOOTER - 1]}…"


# --- values -------------------------------------------------------------------------------------------------


def number_text(value: float | Decimal) -> str:
    """12.345 and 2,5."""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def cell_text(cell: Cell) -> str:
    """As it is printed; a blank for None and for what goes on from above. True and False are no figures."""
    match cell:
        case None | Above.ABOVE:
            return ""
        case str():
            return clean(cell)
        case datetime():
            local = cell.astimezone(HANOI) if cell.tzinfo else cell
            return f"{local:%H:%M %d/%m/%Y}"
        case date():
            return f"{cell:%d/%m/%Y}"
        case float() | Decimal() if not math.isfinite(cell):
            return ""
        case tuple():
            return clean("".join(run.text for run in cell))
        case _:
            return number_text(cell)


def as_number(text: str) -> tuple[Decimal, bool] | None:
    """What a printed figure counts, and whether it is a percentage; None for what is no figure."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None or len(text) > _EXACT:
        return None
    percent = found.group(1) is not None
    value = Decimal(text.strip().rstrip("% ").replace(".", "").replace(",", "."))
    return (value / 100 if percent else value), percent
