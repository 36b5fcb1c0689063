"""Rows of cells on pages: a head repeated on each, rows kept whole, and one taller than a page broken.

reportlab's own table measures all of its rows at once, copies what is left for each page and gives up on a row that no
page holds. Here a row is made when its page is reached, so that a table of any length takes the memory of a page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.platypus import Flowable, Paragraph

from libs.common.papers.grid import PADDING_MM
from libs.common.papers.pdf_words import POINTS_OF_MM

BIG = 1e6
LINE_WIDTH = 0.5


@dataclass
class Cell:
    """`columns` it covers; `joined` to the one above, so without a line between."""

    parts: list[Any]
    columns: int = 1
    joined: bool = False
    middle: bool = False
    heights: list[float] = field(default_factory=list)

    def measure(self, width: float) -> float:
        self.heights = [_measured(part, width) for part in self.parts]
        return sum(self.heights)

    def split(self, width: float, room: float) -> tuple["Cell", "Cell"]:
        """What fits in so many points, and the rest."""
        above: list[Any] = []
        for at, (part, height) in enumerate(zip(self.parts, self.heights, strict=True)):
            if height > room:
                inner = room - part.getSpaceBefore() - part.getSpaceAfter()
                pieces = part.split(width, inner) if isinstance(part, Paragraph) else []
                first, rest = (pieces[:1], pieces[1:]) if len(pieces) > 1 else ([], [part])
                below = [*rest, *self.parts[at + 1 :]]
                return Cell([*above, *first], self.columns, self.joined), Cell(below, self.columns, True)
            above.append(part)
            room -= height
        return Cell(above, self.columns, self.joined), Cell([], self.columns, True)


@dataclass
class Line:
    cells: list[Cell]
    height: float = 0.0


def _measured(part: Any, width: float) -> float:
    return float(part.wrap(width, BIG)[1]) + float(part.getSpaceBefore()) + float(part.getSpaceAfter())


class Rows(Flowable):  # type: ignore[misc]
    """`make(n)` gives row n of `count`; `full` is the height of a page's text, all in points."""

    def __init__(
        self,
        widths: Sequence[float],
        count: int,
        make: Callable[[int], Line],
        full: float,
        *,
        head: Line | None = None,
        ruled: bool = True,
    ) -> None:
        super().__init__()
        self.widths, self.count, self.make, self.full, self.ruled = list(widths), count, make, full, ruled
        self.head, self.first, self.ready = head, 0, list[Line]()
        self.pad = PADDING_MM * POINTS_OF_MM if ruled else 0.0
        self.hAlign = "CENTER"
        if head is not None and self._measure(head) > full / 2:  # repeated, it would leave no room
            self.head, self.ready, self.first = None, [head], -1

    @property
    def opening(self) -> float:
        """The height of the head and of the first two rows, which stay with what names the table; a tall second does
        not."""
        heights = [self._line(at).height for at in range(min(self._left, 2))]
        if len(heights) > 1 and heights[1] > self.full / 4:
            heights.pop()
        return self._head_height + sum(heights)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Measured only until it is known not to fit."""
        self._width = width
        needed = self._head_height
        at = 0
        while needed <= height and at < self._left:
            needed += self._line(at).height
            at += 1
        return sum(self.widths), needed

    def split(self, width: float, height: float) -> list[Flowable]:
        room, fits = height - self._head_height, 0
        while fits < self._left and self._line(fits).height <= room:
            room -= self._line(fits).height
            fits += 1
        if fits < self._left and self._line(fits).height > self.full - self._head_height:
            self._break(fits, room)
            fits += self._line(fits).height <= room
        if fits == self._left - 1 and fits > 2:  # the last row is not alone on a page
            fits -= 1
        if fits in (0, self._left):
            return []
        return [self._part(0, fits), self._part(fits, None)]

    def draw(self) -> None:
        lines = [*([self.head] if self.head else []), *(self._line(at) for at in range(self._left))]
        top = sum(line.height for line in lines)
        for at, line in enumerate(lines):
            self._draw_line(line, top, is_first=at <= (self.head is not None))
            top -= line.height
        if self.ruled and lines:
            self._stroke(0, 0, sum(self.widths), 0)

    # --- rows ---

    @property
    def _left(self) -> int:
        return self.count - self.first

    @property
    def _head_height(self) -> float:
        return self.head.height if self.head else 0.0

    def _line(self, at: int) -> Line:
        """Row `at` of those that are left."""
        while len(self.ready) <= at:
            made = self.make(self.first + len(self.ready))
            self._measure(made)
            self.ready.append(made)
        return self.ready[at]

    def _measure(self, line: Line) -> float:
        widths = self._cell_widths(line)
        line.height = max((c.measure(w - 2 * self.pad) for c, w in zip(line.cells, widths, strict=True)), default=0.0)
        return line.height

    def _cell_widths(self, line: Line) -> list[float]:
        widths, at = [], 0
        for cell in line.cells:
            widths.append(sum(self.widths[at : at + cell.columns]))
            at += cell.columns
        return widths

    def _break(self, at: int, room: float) -> None:
        """One row becomes two, of which the first fits; without it the row stays, where not a line fits."""
        line = self._line(at)
        widths = self._cell_widths(line)
        halves = [c.split(w - 2 * self.pad, room) for c, w in zip(line.cells, widths, strict=True)]
        if not any(above.parts for above, _ in halves):
            return
        pieces = [Line([half[n] for half in halves]) for n in (0, 1)]
        for piece in pieces:
            self._measure(piece)
        self.ready[at : at + 1] = pieces
        self.first -= 1

    def _part(self, start: int, end: int | None) -> "Rows":
        part = Rows(self.widths, self.count, self.make, self.full, ruled=self.ruled)
        part.head, part.first, part.ready = self.head, self.first + start, self.ready[start:end]
        if end is not None:
            part.count = self.first + end
        return part

    # --- ink ---

    def _draw_line(self, line: Line, top: float, *, is_first: bool) -> None:
        left = 0.0
        for cell, width in zip(line.cells, self._cell_widths(line), strict=True):
            y = top - (line.height - sum(cell.heights)) / 2 if cell.middle else top
            for part, height in zip(cell.parts, cell.heights, strict=True):
                after = float(part.getSpaceAfter())
                part.drawOn(self.canv, left + self.pad, y - height + after)
                y -= height
            if self.ruled:
                self._stroke(left, top - line.height, left, top)
                if is_first or not cell.joined:
                    self._stroke(left, top, left + width, top)
            left += width
        if self.ruled:
            self._stroke(left, top - line.height, left, top)

    def _stroke(self, *points: float) -> None:
        self.canv.setLineWidth(LINE_WIDTH)
        self.canv.setStrokeGray(0)
        self.canv.line(*points)
