"""Words for the PDF: runs as reportlab's fragments, never as its markup, so that no text can be taken for a command."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Image, Paragraph
from reportlab.platypus.paraparser import ParaFrag

from libs.common.papers.content import Run
from libs.common.papers.faces import face, printable
from libs.common.papers.form import Form
from libs.common.papers.styles import BY_NAME, CELL_HEAD, CELLS, EMPHASES, Style
from libs.common.papers.wording import clean, has_address, safe_link

SINGLE = 1.15
"""The height of a line of the typeface, in sizes: as a word processor spaces it."""
POINTS_OF_MM = 72 / 25.4
BLACK = HexColor("#000000")
INKS = {told: HexColor(f"#{look.ink}") for told, look in EMPHASES.items()}
ALIGN: dict[Literal["left", "center", "right", "both"], int] = {
    "left": TA_LEFT,
    "center": TA_CENTER,
    "right": TA_RIGHT,
    "both": TA_JUSTIFY,
}
_DROP = 0.11
"""Of the size: so much lower than a word processor does reportlab set a line, which shows between two rules."""


def line(form: Form, name: str, *runs: Run) -> Paragraph:
    """A paragraph in the style of that name."""
    style = BY_NAME[name]
    fragments = list(_fragments(runs, style, getattr(form, style.size)))
    return Paragraph("", _style(form, style, is_ragged=style.align == "both" and has_address(runs)), frags=fragments)


@cache
def _style(form: Form, style: Style, *, is_ragged: bool) -> ParagraphStyle:
    size = getattr(form, style.size)
    drop = size * _DROP if style.name in (*CELLS.values(), CELL_HEAD) else 0
    return ParagraphStyle(
        style.name,
        fontName=face(bold=style.bold, italic=style.italic),
        fontSize=size,
        leading=size * SINGLE * (form.line_spacing if style.spaced else 1),
        alignment=ALIGN["left" if is_ragged else style.align],
        firstLineIndent=form.first_line_mm * POINTS_OF_MM if style.indent else 0,
        spaceBefore=max(style.before - drop, 0),
        spaceAfter=form.paragraph_gap_pt if style.spaced else style.after + drop,
        allowWidows=int(not style.spaced),
        allowOrphans=int(not style.spaced),
        splitLongWords=1,
    )


def _fragments(runs: Sequence[Run], style: Style, size: float) -> Iterator[Any]:
    links = 0
    for run in runs:
        link = safe_link(run.link)
        links += link is not None
        bold = style.bold or run.bold or run.emphasis is not None
        look = {
            "rise": 0,
            "greek": 0,
            "link": [(links, link)] if link else [],
            "bold": int(bold),
            "italic": int(style.italic or run.italic),
            "fontName": face(bold=bold, italic=style.italic or run.italic),
            "fontSize": size,
            "textColor": INKS[run.emphasis] if run.emphasis else BLACK,
            "us_lines": [],
        }
        for at, part in enumerate(printable(clean(run.text)).split("\n")):
            if at:
                yield ParaFrag(**look, lineBreak=True, text="")
            yield ParaFrag(**look, text=part)


class Rule(Flowable):  # type: ignore[misc]
    """The solid line below the motto, the agency and the subject, in the middle of what room there is."""

    spaceBefore, spaceAfter = 2, 5

    def __init__(self, width_mm: float) -> None:
        super().__init__()
        self.long = width_mm * POINTS_OF_MM

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        return width, 1

    def draw(self) -> None:
        self.canv.setLineWidth(0.75)
        self.canv.setStrokeGray(0)
        self.canv.line((self.width - self.long) / 2, 0.5, (self.width + self.long) / 2, 0.5)


class Told(Image):  # type: ignore[misc]
    """A picture with what it shows in words, for whoever cannot see it."""

    alt = ""

    def draw(self) -> None:
        text = clean(self.alt).encode("utf-16-be").hex().upper()
        self.canv._code.append(f"/Figure <</Alt <FEFF{text}>>> BDC")
        super().draw()
        self.canv._code.append("EMC")
