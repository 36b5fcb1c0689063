"""WordprocessingML by hand where python-docx is slow or has no word for it: paragraphs, runs, cells, rules, fields."""

from collections.abc import Iterable, Sequence
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from libs.common.papers.content import Run
from libs.common.papers.styles import EMPHASES
from libs.common.papers.wording import clean

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_TWIPS_OF_MM = 1440 / 25.4


def w(tag: str, *children: Any, **attributes: object) -> Any:
    """An element with children; an attribute's `_` stands before a keyword of Python and goes."""
    made: Any = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name.strip('_')}"), str(value))
    for child in children:
        made.append(child)
    return made


def paragraph(style_id: str, *inner: Any, keep_next: bool = False, ragged: bool = False) -> Any:
    """`ragged`: not justified, whatever its style is."""
    told = [w("keepNext")] if keep_next else []
    told += [w("jc", val="left")] if ragged else []
    return w("p", w("pPr", w("pStyle", val=style_id), *told), *inner)


def run(one: Run) -> Any:
    """Words with their look; a line break in them is one of the paper."""
    look = [w("rStyle", val=EMPHASES[one.emphasis].style_id)] if one.emphasis else []
    look += [w("b")] if one.bold or one.emphasis else []  # said of the run, too: in a bold paragraph a style undoes it
    look += [w("i")] if one.italic else []
    made = w("r", w("rPr", *look)) if look else w("r")
    for at, part in enumerate(clean(one.text).split("\n")):
        if at:
            made.append(w("br"))
        if part:
            words = w("t")
            words.text = part
            words.set(_SPACE, "preserve")
            made.append(words)
    return made


def rule(style_id: str, indent_mm: float) -> Any:
    """A solid line, as the decree draws it: the lower border of a thin line between two indents."""
    indent = twips(max(indent_mm, 0))
    border = w("pBdr", w("bottom", val="single", sz=6, space=1, color="auto"))
    spacing = w("spacing", before=20, after=80, line=40, lineRule="exact")
    return w(
        "p", w("pPr", w("pStyle", val=style_id), border, spacing, w("ind", left=indent, right=indent, firstLine=0))
    )


def gap(points: float, *, keep_next: bool = False) -> Any:
    """A line without words, as tall as it says: after a table, where Word wants a paragraph."""
    height = round(max(points, 1) * 20)
    kept = [w("keepNext")] if keep_next else []
    shape = w("pPr", *kept, w("spacing", before=0, after=0, line=height, lineRule="exact"), w("ind", firstLine=0))
    return w("p", shape, w("r", w("rPr", w("sz", val=2))))


def keep_together(rows: Iterable[Any]) -> None:
    """All on one page, and with what follows."""
    for one in rows:
        for shape in one.iter(qn("w:pPr")):
            if shape.find(qn("w:keepNext")) is None:
                shape.insert(1, w("keepNext"))  # after the style's name


def page_number() -> Any:
    shown = w("t")
    shown.text = "2"
    return w("fldSimple", w("r", shown), instr=" PAGE ")


def table(widths_mm: Sequence[float], rows: Iterable[Any], *, ruled: bool, caption: str | None = None) -> Any:
    """Of fixed widths; `ruled` draws all lines and pads the cells, else it only places what is side by side."""
    line = {"val": "single", "sz": 4, "space": 0, "color": "auto"}
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    borders = w("tblBorders", *(w(side, **line) for side in sides)) if ruled else w("tblBorders")
    pad = {"w": 85 if ruled else 0, "type": "dxa"}
    shape = w(
        "tblPr",
        w("tblW", w=twips(sum(widths_mm)), type="dxa"),
        w("jc", val="center"),
        borders,
        w("tblLayout", type="fixed"),
        w("tblCellMar", w("left", **pad), w("right", **pad)),
        *([w("tblCaption", val=clean(caption))] if caption else []),
    )
    grid = w("tblGrid", *(w("gridCol", w=twips(width)) for width in widths_mm))
    return w("tbl", shape, grid, *rows)


def row(*cells: Any, is_head: bool = False) -> Any:
    """Never broken across two pages; a head is repeated on each."""
    return w("tr", w("trPr", w("cantSplit"), *([w("tblHeader")] if is_head else [])), *cells)


def cell(width_mm: float, *inner: Any, span: int = 1, merge: str | None = None, middle: bool = False) -> Any:
    """`merge`: `restart` where a cell of several rows begins, `continue` where it goes on."""
    shape = [w("tcW", w=twips(width_mm), type="dxa")]
    shape += [w("gridSpan", val=span)] if span > 1 else []
    shape += [w("vMerge", val=merge)] if merge else []
    shape += [w("vAlign", val="center")] if middle else []
    return w("tc", w("tcPr", *shape), *inner)


def twips(mm: float) -> int:
    return round(mm * _TWIPS_OF_MM)
