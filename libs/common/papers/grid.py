"""How wide the columns of a table are, in every format the same. Pure."""

from collections.abc import Sequence
from itertools import islice

from libs.common.papers.content import Align, Cell, Table
from libs.common.papers.faces import width_mm
from libs.common.papers.wording import as_number, cell_text

PADDING_MM = 1.5
"""Left and right of a cell's words, as in the DOCX."""
_LOOKED_AT = 300
"""Rows; what comes later in a long table is like what comes first."""
_LONG_MM = 90.0
"""What a column of prose asks for at most."""


def column_widths(table: Table, room_mm: float, size: float) -> list[float]:
    """Together as wide as the page has room."""
    shares = table.widths or _wanted(table, room_mm, size)
    return [room_mm * share / sum(shares) for share in shares]


def alignments(table: Table) -> tuple[Align, ...]:
    """As told; else figures to the right, and a first column of numbers (TT) to the middle."""
    if table.align is not None:
        return table.align
    return tuple(_align(at, [row[at] for row in _whole(table)]) for at in range(len(table.columns)))


def _align(at: int, cells: Sequence[Cell]) -> Align:
    told = [text for cell in cells if (text := cell_text(cell))]
    if not told or not all(as_number(text) for text in told):
        return "left"
    return "center" if at == 0 else "right"


def _whole(table: Table) -> list[tuple[Cell, ...]]:
    return [row for row in islice(table.rows, _LOOKED_AT) if len(row) == len(table.columns)]


def _wanted(table: Table, room_mm: float, size: float) -> list[float]:
    """The longest word has room where it can; what is left goes to where the words are."""
    columns = [[name, *(cell_text(row[at]) for row in _whole(table))] for at, name in enumerate(table.columns)]
    pad = 2 * PADDING_MM + 1
    least = [min(_longest(texts, size, whole=False) + pad, room_mm / 2) for texts in columns]
    most = [min(_longest(texts, size, whole=True) + pad, _LONG_MM) for texts in columns]
    spare = room_mm - sum(least)
    if spare <= 0:
        return least
    hunger = [max(b - a, 0.1) for a, b in zip(least, most, strict=True)]
    return [a + spare * h / sum(hunger) for a, h in zip(least, hunger, strict=True)]


def _longest(texts: Sequence[str], size: float, *, whole: bool) -> float:
    head, *others = texts
    pieces = [(word, True) for word in head.split()]
    for text in others:
        pieces += [(piece, False) for piece in (text.split("\n") if whole else text.split())]
    return max((width_mm(piece[:200], size, bold=bold) for piece, bold in pieces), default=0.0)
