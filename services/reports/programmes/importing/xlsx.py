"""The sheets of a workbook as lines of cells. No formula is worked out: the value that was saved with it is read.

Cells are read as a stream, and which are merged from the sheet's own XML: what builds whole sheets goes through every
cell of a merged range, and one may name seventeen thousand million of them.
"""

import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.utils import range_boundaries

from libs.common.text import nfc
from services.reports.programmes.importing.grid import (
    CELL_LETTERS,
    MOST_CELLS,
    MOST_COLUMNS,
    Cell,
    FileRefused,
    Line,
    Sheet,
)

WORKBOOK = "xl/workbook.xml"
MOST_LINES, MOST_MERGED, MOST_SHEETS = 5_000, 20_000, 20
"""Lines of a sheet; cells in all its merged ranges; sheets."""
_CELL = re.compile(rb"<(?:\w+:)?c[ >/]")
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*?\sr=[\"'](\d+)")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\sref=[\"']([A-Z0-9:$]{1,30})[\"']")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml$", re.IGNORECASE)
Merged = list[tuple[int, int, int, int]]
"""First column, first line, last column, last line."""


def read_xlsx(data: bytes, parts: Mapping[str, bytes]) -> list[Sheet]:
    """Each sheet, the lines above its table among the others."""
    merged = {name.lower(): _bounded(name, content) for name, content in parts.items() if _SHEET.match(name)}
    if sum(len(_CELL.findall(parts[name])) for name in parts if _SHEET.match(name)) > MOST_CELLS:
        raise FileRefused(f"Bảng quá lớn: tệp có hơn {MOST_CELLS} ô.")
    if len(merged) > MOST_SHEETS:
        raise FileRefused(f"Tệp có hơn {MOST_SHEETS} trang tính.")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        return [_sheet(sheet, merged.get(_part(sheet), [])) for sheet in book.worksheets]
    except Exception as error:  # what reads a workbook raises whatever it stumbles over
        raise FileRefused("Tệp Excel không đọc được.") from error


def _part(sheet: Any) -> str:
    return str(getattr(sheet, "_worksheet_path", "")).lstrip("/").lower()


def _bounded(name: str, content: bytes) -> Merged:
    if max((int(number) for number in _ROW.findall(content)), default=0) > MOST_LINES:
        raise FileRefused(f"Một trang tính có hơn {MOST_LINES} dòng.")
    try:
        ranges = [range_boundaries(found.decode()) for found in _MERGED.findall(content)]
    except ValueError as error:
        raise FileRefused(f"Phần {name} của tệp có ô gộp không đọc được.") from error
    whole = [
        (first, top, last, bottom)
        for first, top, last, bottom in ranges
        if first is not None and top is not None and last is not None and bottom is not None
    ]
    cells = sum((last - first + 1) * (bottom - top + 1) for first, top, last, bottom in whole)
    if cells > MOST_MERGED or len(whole) < len(ranges):
        raise FileRefused(f"Các ô gộp của một trang tính phủ hơn {MOST_MERGED} ô.")
    return whole


def _sheet(sheet: Any, merged: Merged) -> Sheet:
    sheet.reset_dimensions()  # what a file says of its own size need not be true
    rows = sheet.iter_rows(max_row=MOST_LINES, max_col=MOST_COLUMNS, values_only=True)
    grid = [[Cell(_text(value)) for value in row] for row in rows]
    for first, top, last, bottom in merged:
        text = grid[top - 1][first - 1].text if top <= len(grid) and first <= len(grid[top - 1]) else ""
        for row in range(top, min(bottom, len(grid)) + 1):
            line = grid[row - 1]
            line += [Cell()] * (min(last, MOST_COLUMNS) - len(line))
            for column in range(first, min(last, MOST_COLUMNS) + 1):
                line[column - 1] = Cell(text, row > top)
    lines = (Line(f"trang “{sheet.title}”, dòng {number}", tuple(line)) for number, line in enumerate(grid, 1))
    return Sheet((), tuple(lines))


def _text(value: Any) -> str:
    match value:
        case None | bool():
            return ""
        case str():
            return nfc(value[:CELL_LETTERS]).strip()
        case datetime() | date():
            return f"{value:%d/%m/%Y}"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return str(value)[:CELL_LETTERS]
