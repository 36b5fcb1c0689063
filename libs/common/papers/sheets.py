"""Workbooks: real dates and numbers, filters, and no text that could act as a formula. The same bytes each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from math import ceil

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from libs.common.clock import HANOI
from libs.common.papers.form import FONT
from libs.common.papers.package import fixed
from libs.common.papers.printing import MEDIA_TYPES, PaperFormat
from libs.common.papers.wording import clean

MEDIA_TYPE = MEDIA_TYPES[PaperFormat.XLSX]
MOST_IN_CELL = 32_767
LONGEST_NAME = 31
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet calculate a text, at once or after the next edit of the cell (OWASP: CSV injection)."""
LINE, TALLEST = 16.5, 409.0
"""Points: one line of the font, and the tallest row there can be."""
FULL = 0.9
"""Of a column's width in characters, what words fill before they wrap."""
NOTES = "Ghi chú"
_HEAD = PatternFill("solid", fgColor="D9E2F3")
_EDGE = Side(style="thin", color="808080")
_THIN = Border(_EDGE, _EDGE, _EDGE, _EDGE)
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


@dataclass(frozen=True)
class Percent:
    """0.125 shown as 12,5 %."""

    value: Decimal


Value = str | int | float | Decimal | Percent | datetime | date | None


@dataclass(frozen=True)
class Sheet:
    """`columns`: the head of each, and its width in characters."""

    name: str
    columns: Sequence[tuple[str, float]]
    rows: Sequence[Sequence[Value]]
    bold: frozenset[int] = frozenset()
    """Rows, counted from 0, of totals and groups."""


@dataclass(frozen=True)
class About:
    """What the file's own properties tell; `day` stands for when it was made."""

    title: str
    author: str
    day: datetime


def workbook(sheets: Sequence[Sheet], notes: Sequence[tuple[str, str]], about: About) -> bytes:
    """Hà Nội's time in each cell: a workbook knows no zone."""
    book = Workbook()
    for old in list(book.worksheets):
        book.remove(old)
    for sheet in sheets:
        _fill(book.create_sheet(_free_name(book, sheet.name)), sheet)
    _notes(book.create_sheet(_free_name(book, NOTES)), notes)
    book.active = 0
    for number, each in enumerate(book.worksheets):
        each.sheet_view.tabSelected = number == 0
    told = book.properties
    told.title, told.creator = clean(about.title)[:255], clean(about.author)[:255]
    stored = BytesIO()
    book.save(stored)
    told.created = told.modified = about.day  # the library notes the minute of its saving
    return fixed(stored.getvalue(), about.day, {"docProps/core.xml": tostring(told.to_tree())})


def _free_name(book: Workbook, wanted: str) -> str:
    """At most 31 signs, none that a spreadsheet refuses, and one of its own whatever the case of its letters."""
    told = " ".join(clean(wanted).translate(_NOT_IN_NAMES).split()).strip("'") or "Bảng"
    taken = {name.casefold() for name in book.sheetnames} | {"history"}
    if len(told) > LONGEST_NAME:
        told = told[: LONGEST_NAME + 1].rsplit(" ", 1)[0]
    name, number = told[:LONGEST_NAME].strip("' "), 2
    while name.casefold() in taken:
        mark = f" ({number})"
        name, number = told[: LONGEST_NAME - len(mark)].strip("' ") + mark, number + 1
    return name


def _fill(page: Worksheet, sheet: Sheet) -> None:
    widths = [width for _, width in sheet.columns]
    for at, (name, width) in enumerate(sheet.columns, 1):
        _put(page.cell(1, at), name, is_head=True)
        page.column_dimensions[get_column_letter(at)].width = width
    page.row_dimensions[1].height = _height([name for name, _ in sheet.columns], widths)
    for down, row in enumerate(sheet.rows, 2):
        for at, value in enumerate(row, 1):
            _put(page.cell(down, at), value, is_bold=down - 2 in sheet.bold)
        page.row_dimensions[down].height = _height(row, widths)
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{len(sheet.rows) + 1}"
    page.print_title_rows = "1:1"
    _set_up(page)


def _set_up(page: Worksheet) -> None:
    """A4 across, as wide as the columns, with page numbers."""
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    assert page.oddFooter is not None
    page.oddFooter.center.text = "Trang &P/&N"


def _height(row: Sequence[Value], widths: Sequence[float]) -> float:
    """Room for the longest text of a row as it wraps: not every program measures it by itself."""
    texts = [(value, width) for value, width in zip(row, widths, strict=False) if isinstance(value, str)]
    lines = [sum(ceil((len(part) + 1) / (width * FULL)) for part in text.split("\n")) for text, width in texts]
    return min(LINE * max([1, *lines]), TALLEST)


_LOOKS = {
    (is_head, is_bold): (
        Font(FONT, 12, bold=is_head or is_bold),
        Alignment(wrap_text=True, vertical="center" if is_head else "top"),
    )
    for is_head in (False, True)
    for is_bold in (False, True)
}


def _put(cell: Cell | MergedCell, value: Value, *, is_head: bool = False, is_bold: bool = False) -> None:
    assert isinstance(cell, Cell)
    cell.font, cell.alignment = _LOOKS[is_head, is_bold]
    cell.border = _THIN
    if is_head:
        cell.fill = _HEAD
    match value:
        case str():
            _put_text(cell, value)
        case datetime():
            local = value.astimezone(HANOI) if value.tzinfo else value
            cell.value, cell.number_format = local.replace(tzinfo=None, microsecond=0), "dd/mm/yyyy hh:mm"
        case date():
            cell.value, cell.number_format = value, "dd/mm/yyyy"
        case Percent():
            places = max(_places(value.value) - 2, 0)
            cell.value, cell.number_format = value.value, _decimals("0", places) + "%"
        case Decimal():
            cell.value, cell.number_format = value, _decimals("#,##0", _places(value))
        case int():
            cell.value, cell.number_format = value, "#,##0"
        case float():
            cell.value, cell.number_format = value, "#,##0.0##"
        case None:
            cell.value = None


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _decimals(whole: str, places: int) -> str:
    return f"{whole}.{'0' * places}" if places else whole


def _put_text(cell: Cell, text: str) -> None:
    """Always a text; marked as one (quotePrefix) where it would become a formula when somebody edits the cell."""
    cell.value = clean(text)[:MOST_IN_CELL]
    cell.data_type = "s"
    if text.lstrip(" ").startswith(FORMULA_SIGNS):
        cell.quotePrefix = True


def _notes(page: Worksheet, notes: Sequence[tuple[str, str]]) -> None:
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 24, 90
    _set_up(page)
    for down, (name, text) in enumerate(notes, 1):
        page.row_dimensions[down].height = _height([name, text], (24, 90))
        _put(page.cell(down, 1), name, is_head=True)
        _put(page.cell(down, 2), text)
