"""The tables of a Word document as lines of cells: merged cells, automatic numbers, tracked deletions."""

from collections.abc import Iterator, Mapping

from lxml import etree

from libs.common.text import nfc
from services.reports.programmes.importing.grid import (
    CELL_LETTERS,
    MOST_CELLS,
    MOST_COLUMNS,
    Cell,
    FileRefused,
    Line,
    Sheet,
)
from services.reports.programmes.importing.package import parse

DOCUMENT, NUMBERING = "word/document.xml", "word/numbering.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WRAPS = {W + name for name in ("sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo")}
_GONE = {W + "del", W + "moveFrom"}
ABOVE = 60
"""Lines of text before a table that are kept."""


def read_docx(parts: Mapping[str, bytes]) -> list[Sheet]:
    if parts.get(DOCUMENT, b"").count(b"<w:tc>") + parts.get(DOCUMENT, b"").count(b"<w:tc ") > MOST_CELLS:
        raise FileRefused(f"Bảng quá lớn: tệp có hơn {MOST_CELLS} ô.")
    body = parse(parts, DOCUMENT).find(W + "body")
    if body is None:
        raise FileRefused("Tệp Word không có nội dung.")
    formats = _numbering(parts)
    above: list[str] = []
    sheets: list[Sheet] = []
    for block in _children(body, {W + "p", W + "tbl"}):
        if block.tag == W + "p":
            if words := _words(block):
                above.append(words)
            continue
        where = f"bảng {len(sheets) + 1}"
        sheets.append(Sheet(tuple(above[-ABOVE:]), tuple(_lines(block, where, formats))))
        above.clear()
    return sheets


def _children(node: etree._Element, wanted: set[str]) -> Iterator[etree._Element]:
    """Direct children of a kind, also where a wrapper stands around them."""
    for child in node:
        if child.tag in wanted:
            yield child
        elif child.tag in _WRAPS:
            yield from _children(child, wanted)


def _lines(table: etree._Element, where: str, formats: dict[tuple[str, str], str]) -> Iterator[Line]:
    over: dict[int, Cell] = {}
    for number, row in enumerate(_children(table, {W + "tr"}), 1):
        cells: list[Cell] = [Cell()] * _value(row, "trPr", "gridBefore")
        for tc in _children(row, {W + "tc"}):
            cell, at = _cell(tc, formats), len(cells)
            merge = tc.find(f"{W}tcPr/{W}vMerge")
            if merge is not None and merge.get(W + "val", "continue") == "continue" and at in over:
                cell = Cell(over[at].text, True, over[at].numbering)
            width = max(1, _value(tc, "tcPr", "gridSpan"))
            if at + width > MOST_COLUMNS:
                raise FileRefused(f"Bảng có hơn {MOST_COLUMNS} cột.")
            cells += [cell] * width
        over = dict(enumerate(cells))
        yield Line(f"{where}, dòng {number}", tuple(cells))


def _value(node: etree._Element, holder: str, name: str) -> int:
    found = node.find(f"{W}{holder}/{W}{name}")
    told = found.get(W + "val", "0") if found is not None else "0"
    return min(int(told), MOST_COLUMNS) if told.isdigit() else 0


def _cell(tc: etree._Element, formats: dict[tuple[str, str], str]) -> Cell:
    paragraphs = list(tc.iter(W + "p"))
    text = "\n".join(words for each in paragraphs if (words := _words(each)))
    number = paragraphs[0].find(f"{W}pPr/{W}numPr") if paragraphs else None
    form = None
    if number is not None and not text:
        form = formats.get((_told(number, "numId"), _told(number, "ilvl") or "0"))
    return Cell(text[:CELL_LETTERS], numbering=form)


def _told(node: etree._Element, name: str) -> str:
    found = node.find(W + name)
    return found.get(W + "val", "") if found is not None else ""


def _words(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    _collect(paragraph, pieces)
    return nfc("".join(pieces)).strip()


def _collect(node: etree._Element, pieces: list[str]) -> None:
    for child in node:
        if child.tag in _GONE or child.tag == W + "tbl":
            continue
        if child.tag == W + "t":
            pieces.append(child.text or "")
        elif child.tag in (W + "br", W + "cr"):
            pieces.append("\n")
        elif child.tag in (W + "tab", W + "noBreakHyphen"):
            pieces.append(" " if child.tag == W + "tab" else "-")
        else:
            _collect(child, pieces)


def _numbering(parts: Mapping[str, bytes]) -> dict[tuple[str, str], str]:
    """(list, level) → how it counts."""
    if NUMBERING not in parts:
        return {}
    root = parse(parts, NUMBERING)
    kinds = {
        (abstract.get(W + "abstractNumId", ""), level.get(W + "ilvl", "")): form.get(W + "val", "")
        for abstract in root.iterfind(W + "abstractNum")
        for level in abstract.iterfind(W + "lvl")
        if (form := level.find(W + "numFmt")) is not None
    }
    used = {
        num.get(W + "numId", ""): of.get(W + "val", "")
        for num in root.iterfind(W + "num")
        if (of := num.find(W + "abstractNumId")) is not None
    }
    return {(num, level): kinds[of, level] for num, of in used.items() for abstract, level in kinds if abstract == of}
