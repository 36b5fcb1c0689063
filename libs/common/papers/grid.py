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
_LETTERS = 400
"""Of a cell; a longer one asks for no more."""
_PAD_MM = 2 * PADDING_MM + 1
_EMPTY_MM = 1.0
"""What a column without a word asks for."""
_STEPS = 60
"""Pieces in which the spare room is given away."""


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
    """The longest word has room where it can; what is left goes to where it makes the rows lower."""
    whole = _whole(table)
    columns = [[cell_text(row[at]) for row in whole] for at in range(len(table.columns))]
    least = [
        min(_longest_word(name, texts, size) + _PAD_MM, room_mm / 2)
        for name, texts in zip(table.columns, columns, strict=True)
    ]
    spare = room_mm - sum(least)
    if spare <= 0:
        return least
    heads = [width_mm(name[:_LETTERS], size, bold=True) for name in table.columns]
    rows = [heads, *zip(*([_line(text, size) for text in texts] for texts in columns), strict=True)]
    return _shared(spare, least, rows)


def _shared(spare: float, least: Sequence[float], rows: Sequence[Sequence[float]]) -> list[float]:
    """Step by step each piece of the spare room goes to the column whose words make the most rows tall; what nobody
    needs any more goes to where the longest lines are."""
    widths, step = list(least), spare / _STEPS
    for done in range(_STEPS):
        tall = [0.0] * len(widths)
        for row in rows:
            lines = [long / (width - _PAD_MM) for long, width in zip(row, widths, strict=True)]
            if (most := max(lines)) > 1:
                tall[lines.index(most)] += most
        if not any(tall):
            longest = [max(*told, _EMPTY_MM) for told in zip(*rows, strict=True)]
            rest = step * (_STEPS - done) / sum(longest)
            return [width + rest * long for width, long in zip(widths, longest, strict=True)]
        widths[tall.index(max(tall))] += step
    return widths


def _longest_word(name: str, texts: Sequence[str], size: float) -> float:
    """A head's words are bold."""
    bold = [width_mm(word[:_LETTERS], size, bold=True) for word in name.split()]
    return max([*bold, *(width_mm(word[:_LETTERS], size) for text in texts for word in text.split()), _EMPTY_MM])


def _line(text: str, size: float) -> float:
    """How long the words are on one line; of words that have lines of their own, as many times the longest."""
    lines = text.split("\n")
    return max(width_mm(line[:_LETTERS], size) for line in lines) * len(lines)
