"""The tables of a paper as a workbook: one sheet each, and one that says what paper they are of."""

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from libs.common.papers.content import Above, Align, Annex, Block, Cell, Heading, Paper, Table
from libs.common.papers.grid import alignments, column_widths
from libs.common.papers.sheets import MEDIA_TYPE, About, Percent, Sheet, Value, workbook
from libs.common.papers.wording import (
    BLANK_NOTE,
    annex_line,
    as_number,
    cell_text,
    clean,
    date_line,
    number_line,
    stated_day,
)

WIDE_MM, SIZE = 260.0, 12.0
CHARACTER_MM = 2.1
NARROWEST, WIDEST = 6.0, 60.0
_LABEL = re.compile(r"^(bảng|biểu)( số)? \d+\s*[.:]\s*", re.IGNORECASE)


def to_xlsx(paper: Paper) -> bytes:
    sheets = [_sheet(name, table) for name, table in _tables(paper)]
    head = paper.head
    notes = [
        ("Cơ quan", " ".join(head.agency.split())),
        ("Văn bản", f"{head.type_name} {head.subject}"),
        ("Số, ký hiệu", number_line(head).removeprefix("Số: ").strip()),
        ("Nơi và ngày", date_line(head.place, head.date, head.year)),
        *([("Ghi chú", paper.footer)] if paper.footer else []),
        ("Múi giờ", "Mọi ngày, giờ trong tệp là giờ Hà Nội (Asia/Ho_Chi_Minh, UTC+7); Excel không lưu múi giờ."),
        ("Số liệu trống", BLANK_NOTE),
        *([] if sheets else [("Bảng", "Văn bản này không có bảng nào.")]),
    ]
    title = " ".join(f"{head.type_name} {head.subject}".split())
    return workbook(sheets, notes, About(title, " ".join(head.agency.split()), stated_day(paper)))


def _tables(paper: Paper) -> Iterator[tuple[str, Table]]:
    """Each with the name it has, or that of the part it stands in."""
    yield from _named(paper.blocks, "")
    for annex in paper.annexes:
        yield from _named(annex.blocks, _annex_name(annex))


def _annex_name(annex: Annex) -> str:
    return f"{annex_line(annex)} {annex.title}"


def _named(blocks: Sequence[Block], part: str) -> Iterator[tuple[str, Table]]:
    for block in blocks:
        match block:
            case Heading(_, text):
                part = text
            case Table():
                yield _LABEL.sub("", clean(block.caption or part)) or "Bảng", block
            case _:
                pass


def _sheet(name: str, table: Table) -> Sheet:
    widths = column_widths(table, WIDE_MM, SIZE)
    columns = [
        (clean(told), min(max(width / CHARACTER_MM, NARROWEST), WIDEST))
        for told, width in zip(table.columns, widths, strict=True)
    ]
    looks = alignments(table)
    rows: list[list[Value]] = []
    bold = set()
    for at, row in enumerate(table.rows):
        if len(row) < len(columns):
            bold.add(at)
            rows.append([cell_text(row[0]), *([None] * (len(columns) - 1))])
            continue
        above: Sequence[Value] = rows[-1] if rows else [None] * len(columns)
        rows.append([_value(*told) for told in zip(row, looks, above, strict=True)])
        if any(_is_bold(cell) for cell in row):
            bold.add(at)
    return Sheet(name, columns, rows, frozenset(bold))


def _value(cell: Cell, look: Align, above: Value) -> Value:
    """A printed figure is a number again; what goes on from above is told anew, so that a filter finds it."""
    match cell:
        case Above.ABOVE:
            return above
        case None:
            return None
        case str() | tuple():
            return _of_text(cell_text(cell), look)
        case float() | Decimal() if not math.isfinite(cell):
            return None
        case _:
            return cell


def _of_text(text: str, look: Align) -> Value:
    found = as_number(text) if look != "left" else None
    if found is None:
        return text or None
    number, is_percent = found
    return Percent(number) if is_percent else number


def _is_bold(cell: Cell) -> bool:
    return isinstance(cell, tuple) and any(run.text.strip() for run in cell) and all(run.bold for run in cell)


__all__ = ["MEDIA_TYPE", "to_xlsx"]
