"""One way to draw: the paper's typeface, greys that a printer keeps apart, and the same bytes for the same figures.

Figures are made without pyplot, which holds a process-wide state that threads would share.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from libs.common import papers
from libs.common.clock import HANOI
from libs.common.papers.content import Picture
from libs.common.papers.wording import number_text

_ONE_AT_A_TIME = Lock()
FONTS = Path(papers.__file__).parent / "fonts"
FAMILY = "Liberation Serif"
DPI = 200
MM = 1 / 25.4
INK, MID, PALE = "#1a1a1a", "#6e6e6e", "#d0d0d0"
LINES = ("-", "--", ":", "-.")
"""What tells curves apart where the printer has one ink."""
HATCHES = ("", "//", "..", "xx", "\\\\")
SHADES = ("#f7f7f7", "#d4d4d4", "#a6a6a6", "#737373", "#3f3f3f")
STYLE: Any = {
    "font.family": FAMILY,
    "font.size": 10,
    "axes.edgecolor": MID,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "lantoa",
}


@cache
def _fonts_are_known() -> None:
    """Ours alone answers to its name: an older one of the machine may lack the letters of Vietnamese."""
    manager = font_manager.fontManager
    manager.ttflist = [entry for entry in manager.ttflist if entry.name != FAMILY]
    for path in sorted(FONTS.glob("*.ttf")):
        manager.addfont(path)


def new_figure(width_mm: float, height_mm: float) -> Figure:
    return Figure(figsize=(width_mm * MM, height_mm * MM), layout="constrained", dpi=DPI)


@contextmanager
def style() -> Iterator[None]:
    """Our settings for one picture. They are the process's own while it is drawn: one picture at a time."""
    _fonts_are_known()
    with _ONE_AT_A_TIME, mpl.rc_context(STYLE):
        yield


def finish(figure: Figure, *, alt: str, caption: str, width_mm: float) -> Picture:
    """The picture in both forms. SVG keeps its words as words and carries the alternative text as its title."""
    png, svg = BytesIO(), BytesIO()
    FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})
    canvas = FigureCanvasSVG(figure)
    canvas.print_svg(svg, metadata={"Date": None, "Creator": None, "Title": alt})
    return Picture(png=png.getvalue(), svg=svg.getvalue().decode(), alt=alt, caption=caption, width_mm=width_mm)


def count_axis(axes: Axes) -> None:
    """Whole numbers as Vietnamese writes them, from zero on: a curve of counts that starts elsewhere misleads."""
    axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1], 1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: spelled(value)))


def span_axis(axes: Axes, moments: Sequence[datetime]) -> None:
    """From the first moment to the last, those without a value too: a curve that begins where the counting began would
    hide that there was no counting before."""
    told = days(moments)
    if told and max(told) > min(told):
        margin = (max(told) - min(told)) * 0.03
        axes.set_xlim(min(told) - margin, max(told) + margin)


def time_axis(axes: Axes, zone: tzinfo = HANOI) -> None:
    locator = AutoDateLocator(tz=zone, minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    formats = ["%Y", "%m/%Y", "%d/%m", "%H:%M", "%H:%M", "%S"]
    zero = ["", "%Y", "%d/%m", "%d/%m", "%H:%M", "%H:%M"]
    offsets = ["", "%Y", "%m/%Y", "%d/%m/%Y", "%d/%m/%Y", "%d/%m/%Y"]
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, tz=zone, formats=formats, zero_formats=zero, offset_formats=offsets)
    )


def spelled(value: float) -> str:
    """12.345 and 2,5."""
    return number_text(int(value) if float(value).is_integer() else round(value, 1))


def days(moments: Iterable[datetime]) -> list[float]:
    """Instants as the axis counts them."""
    return [float(date2num(moment)) for moment in moments]
