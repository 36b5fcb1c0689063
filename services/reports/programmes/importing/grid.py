"""What a table is, whatever file it stands in; and what is told of a file."""

from dataclasses import dataclass
from enum import StrEnum

MOST_CELLS = 20_000
MOST_COLUMNS = 40
CELL_LETTERS = 10_000


class FileRefused(ValueError):
    """The file as a whole cannot be read; why, in Vietnamese."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Remark:
    """What is wrong or worth a look, and where: the file's own line."""

    severity: Severity
    where: str
    text: str
    row_no: str | None = None


@dataclass(frozen=True)
class Cell:
    text: str = ""
    is_below: bool = False
    """It goes on from the cell above (merged)."""
    numbering: str | None = None
    """Word numbers it by itself, in this form: decimal, upperRoman…"""


@dataclass(frozen=True)
class Line:
    """One row of a table: a cell for each column; one that runs across stands in all of them."""

    where: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """The lines of text above a table, and the table."""

    above: tuple[str, ...]
    lines: tuple[Line, ...]
