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
_HALF = 0.6
"""Of a head's width: what two lines of it need, as words do not break evenly."""
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
    return _shared(spare, least, [max(b - a, 0.1) for a, b in zip(least, most, strict=True)])


def _shared(spare: float, least: Sequence[float], hunger: Sequence[float]) -> list[float]:
    """Who asks for little has it; the others share the rest, half of it evenly and half as they ask, so that a column
    of prose is not as narrow as one of hours. What nobody asks for goes where most is asked for."""
    given, asked = [0.0] * len(hunger), sum(hunger)
    for done, at in enumerate(sorted(range(len(hunger)), key=hunger.__getitem__)):
        share = 0.5 / (len(hunger) - done) + 0.5 * hunger[at] / asked
        given[at] = min(hunger[at], (spare - sum(given)) * share)
        asked -= hunger[at]
    rest = spare - sum(given)
    return [a + b + rest * h / sum(hunger) for a, b, h in zip(least, given, hunger, strict=True)]


def _longest(texts: Sequence[str], size: float, *, whole: bool) -> float:
    """Of the words; `whole`: of the lines, with a head on two."""
    head, *others = texts
    bold = [width_mm(word[:200], size, bold=True) for word in head.split()]
    if whole and len(bold) > 1:
        bold.append((sum(bold) + len(bold)) * _HALF)
    plain = [piece for text in others for piece in (text.split("\n") if whole else text.split())]
    return max([*bold, *(width_mm(piece[:200], size) for piece in plain)], default=0.0)
