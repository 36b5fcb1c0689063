"""What a paper says, before it is printed: one content for DOCX, PDF and XLSX.

Plain frozen data. Foreign text may stand anywhere in it: whatever it holds, it is printed as text and nothing else.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from libs.common.papers.form import Form

Align = Literal["left", "center", "right"]


class Emphasis(StrEnum):
    LATE = "late"
    """Dark red, and bold, so that grey print tells it too."""


class Above(StrEnum):
    """The one cell that is no content of its own."""

    ABOVE = "above"


ABOVE = Above.ABOVE
"""A cell that goes on from the one above it: one campaign beside its several targets."""


@dataclass(frozen=True)
class Run:
    """Words of one look; a line break in them breaks the line."""

    text: str
    bold: bool = False
    italic: bool = False
    emphasis: Emphasis | None = None
    link: str | None = None
    """An address; only http, https and mailto become links, others are left out."""

    def __post_init__(self) -> None:
        if self.emphasis is not None and not any(letter.isalpha() for letter in self.text):
            raise ValueError("an emphasis goes with a word that says the same: papers are printed grey")


Runs = tuple[Run, ...]
Cell = str | int | float | Decimal | date | datetime | Runs | Above | None
"""A number is a number in the workbook and printed as Vietnamese writes it; None is a blank, never 0."""


def words(text: str, *, bold: bool = False, italic: bool = False, emphasis: Emphasis | None = None) -> Runs:
    return (Run(text, bold, italic, emphasis),)


@dataclass(frozen=True)
class Heading:
    """Level 1 for the parts of a paper, 2 for theirs, 3 below."""

    level: int
    text: str


@dataclass(frozen=True)
class Text:
    runs: Runs


@dataclass(frozen=True)
class Bullets:
    """`- ` before each item, `+ ` one level down; with `start` they are numbered from there."""

    items: tuple[Runs, ...]
    level: int = 0
    start: int | None = None


@dataclass(frozen=True)
class Table:
    """Each row has a cell for each column, or one cell that runs across the table (a group's own line)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str | None = None
    widths: tuple[float, ...] | None = None
    """Shares of the page's width; without them the widths follow the words."""
    align: tuple[Align, ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.columns)
        if not count or any(len(told) != count for told in (self.widths, self.align) if told is not None):
            raise ValueError("a table's columns, widths and alignments are as many")
        if any(len(row) not in (1, count) for row in self.rows):
            raise ValueError("a row has a cell for each column, or one that runs across")
        if self.widths is not None and not all(width > 0 for width in self.widths):
            raise ValueError("a width is above zero")


@dataclass(frozen=True)
class Picture:
    png: bytes
    svg: str | None
    """Of the same picture, for screens; papers print the PNG."""
    alt: str
    caption: str = ""
    width_mm: float = 150


@dataclass(frozen=True)
class Note:
    """A small line below what it explains: sources, the instant of the figures."""

    text: str


Block = Heading | Text | Bullets | Table | Picture | Note


@dataclass(frozen=True)
class Head:
    """Above the text. What is not known yet is left open for the clerk: number, and day and month of the date."""

    authority: str | None
    """The authority above, where there is one: Ủy ban nhân dân thành phố Hà Nội. Printed in capitals, as the agency."""
    agency: str
    """As it is written in a sentence: Sở Văn hóa và Thể thao."""
    number: str | None
    symbol: str
    """Of the number: BC-SVHTT; without one the whole number is left open."""
    place: str
    date: date | None
    type_name: str
    """BÁO CÁO, KẾ HOẠCH, …"""
    subject: str
    """The trích yếu."""
    year: int | None = None
    """Printed where the date is not known yet."""
    basis: str | None = None
    """What it carries out, in brackets below the subject."""


@dataclass(frozen=True)
class Closing:
    recipients: tuple[str, ...]
    """Nơi nhận, each without its dash and sign; the last is commonly `Lưu: VT`."""
    authority_line: str | None
    """TM. ỦY BAN NHÂN DÂN"""
    position: str
    """KT. CHỦ TỊCH\\nPHÓ CHỦ TỊCH"""
    signer: str | None


@dataclass(frozen=True)
class Annex:
    """Begins a page of its own, with page numbers of its own."""

    number: str | None
    """I, II, …; None where a paper has only one."""
    title: str
    blocks: tuple[Block, ...]
    landscape: bool = False


@dataclass(frozen=True)
class Paper:
    form: Form
    head: Head
    blocks: tuple[Block, ...]
    annexes: tuple[Annex, ...] = field(default_factory=tuple)
    closing: Closing | None = None
    footer: str | None = None
