"""Sections and rows from the lines of an annex's table. Pure.

The form of a decision's annex: Stt | Nội dung | Đơn vị chủ trì | Đơn vị phối hợp | Thời gian thực hiện; a line with a
roman number begins a section, one with a number is a row of it. What a line leaves out stays blank, and is said.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from libs.common.models.enums import SourceCompleteness
from libs.common.text import collapse, fold
from services.reports.programmes.importing.grid import Cell, Line, Remark, Severity, Sheet

NAMES = {
    "number": ("stt", "tt", "so tt", "so thu tu"),
    "text": ("noi dung", "nhiem vu", "ten nhiem vu", "cong viec", "noi dung cong viec", "noi dung, nhiem vu"),
    "lead": ("don vi chu tri", "co quan chu tri", "chu tri", "don vi thuc hien", "co quan, don vi chu tri"),
    "partners": ("don vi phoi hop", "co quan phoi hop", "phoi hop", "don vi phoi hop thuc hien"),
    "period": (
        "thoi gian",
        "thoi gian thuc hien",
        "thoi gian hoan thanh",
        "thoi han",
        "thoi han hoan thanh",
        "tien do",
    ),
}
"""What each column may be called, without marks; a longer name may go on after it."""
SHOWN = {
    "number": "Stt",
    "text": "Nội dung",
    "lead": "Đơn vị chủ trì",
    "partners": "Đơn vị phối hợp",
    "period": "Thời gian thực hiện",
}
NEEDED = ("number", "text", "lead", "period")
_SECTION = re.compile(r"(?P<number>[IVXLC]{1,7}|[A-ZĐ])\s*[.):/]?")
_SECTION_LINE = re.compile(r"(?P<number>[IVXLC]{1,7}|[A-ZĐ])\s*[.):]\s*(?P<title>\S.*)", re.DOTALL)
_ROW = re.compile(r"\(?(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})\s*[.)]*")
_PART = re.compile(r"(?P<letter>[a-zđ])\s*[.)]*")
_COUNTED = re.compile(r"\(?\d{1,2}\)?")
_BULLET = re.compile(r"(?:^|\n)\s*[-+•*–]\s+")
_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


@dataclass
class DraftRow:
    number: str
    where: str
    text: list[str] = field(default_factory=list)
    lead: list[str] = field(default_factory=list)
    partners: list[str] = field(default_factory=list)
    period: list[str] = field(default_factory=list)


@dataclass
class DraftSection:
    number: str | None
    title: str | None
    where: str
    rows: list[DraftRow] = field(default_factory=list)


@dataclass
class Annex:
    above: list[str] = field(default_factory=list)
    sections: list[DraftSection] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    is_found: bool = False
    """Whether there is a table of the form at all."""

    def say(self, severity: Severity, where: str, text: str, row_no: str | None = None) -> None:
        self.remarks.append(Remark(severity, where, text, row_no))


def read_annex(sheets: Iterable[Sheet]) -> Annex:
    """All tables with the header of an annex, one after the other: a table may be cut by pages."""
    annex = Annex()
    nearest: dict[str, int] = {}
    for sheet in sheets:
        found = _header(sheet.lines)
        if found is None:
            nearest = nearest or _nearly(sheet.lines)
            continue
        at, columns = found
        annex.is_found = True
        annex.above += [*sheet.above, *(_whole(line) for line in sheet.lines[:at])]
        if "partners" not in columns:
            annex.say(Severity.WARNING, sheet.lines[at].where, f"Bảng không có cột “{SHOWN['partners']}”.")
        for line in sheet.lines[at + 1 :]:
            _take(annex, line, columns)
    if not annex.is_found:
        missing = ", ".join(f"“{SHOWN[name]}”" for name in NEEDED if name not in nearest)
        why = f"thiếu cột {missing}" if nearest else "không có bảng nào có các cột " + ", ".join(SHOWN.values())
        annex.say(Severity.ERROR, "tệp", f"Không thấy bảng phân công nhiệm vụ: {why}.")
    elif not annex.sections and not annex.remarks:
        annex.say(Severity.ERROR, "tệp", "Bảng phân công nhiệm vụ không có dòng nào.")
    annex.above = [line for line in annex.above if line]
    return annex


# --- the header ---------------------------------------------------------------------------------------------


def _column(text: str) -> str | None:
    told = fold(text).strip(" .:*")
    exact = next((name for name, known in NAMES.items() if told in known), None)
    longer = next((name for name, known in NAMES.items() if any(told.startswith(f"{word} ") for word in known)), None)
    return exact or longer


def _named(line: Line) -> dict[str, int]:
    """Where each column stands, by the first cell of its name."""
    columns: dict[str, int] = {}
    for at, cell in enumerate(line.cells):
        if (name := _column(cell.text)) is not None:
            columns.setdefault(name, at)
    return columns


def _header(lines: Sequence[Line]) -> tuple[int, dict[str, int]] | None:
    for at, line in enumerate(lines[:200]):
        columns = _named(line)
        if all(name in columns for name in NEEDED):
            return at, columns
    return None


def _nearly(lines: Sequence[Line]) -> dict[str, int]:
    """Of a table that might have been meant: the columns that it has."""
    best = max((_named(line) for line in lines[:200]), key=len, default={})
    return best if len(best) >= 2 else {}


def _whole(line: Line) -> str:
    """A line above the header: its words once, however many cells it runs across."""
    return collapse(" ".join(dict.fromkeys(cell.text for cell in line.cells if cell.text)))


# --- the lines ----------------------------------------------------------------------------------------------


def _take(annex: Annex, line: Line, columns: dict[str, int]) -> None:
    cells = {name: line.cells[at] if at < len(line.cells) else Cell() for name, at in columns.items()}
    texts = {name: cell.text.strip() for name, cell in cells.items()}
    number = cells["number"]
    if not any(texts.values()) and number.numbering is None:
        return
    if len(_named(line)) >= len(NEEDED) or _counts_columns(line):
        return
    if number.is_below and annex.sections and annex.sections[-1].rows:
        _go_on(annex.sections[-1].rows[-1], cells)
        return
    one = texts["text"] if len({text for text in texts.values() if text}) == 1 else ""
    if one and (across := _SECTION_LINE.fullmatch(one)) and texts["number"] in ("", one):
        _begin(annex, across["number"], across["title"], line.where)
    elif section := _section_number(annex, number):
        _begin(annex, section, texts["text"], line.where)
        _unread(annex, line.where, texts)
    elif row := _row_number(annex, number):
        _add(annex, row, cells, line.where)
    elif not texts["number"] and annex.sections and annex.sections[-1].rows:
        last = annex.sections[-1].rows[-1]
        annex.say(Severity.WARNING, line.where, f"Dòng không có số thứ tự, được nối vào dòng {last.number}.")
        _go_on(last, cells)
    else:
        annex.say(Severity.ERROR, line.where, f"Không đọc được số thứ tự “{texts['number'][:30]}”.")


def _counts_columns(line: Line) -> bool:
    """The line under some headers: (1) (2) (3) …"""
    told = [cell.text.strip() for cell in line.cells if cell.text.strip()]
    counted = [int(text.strip("()")) for text in told if _COUNTED.fullmatch(text)]
    return len(told) >= 3 and counted == list(range(counted[0], counted[0] + len(told))) if counted else False


def _section_number(annex: Annex, cell: Cell) -> str | None:
    if cell.numbering in ("upperRoman", "upperLetter"):
        return _roman(len([each for each in annex.sections if each.number]) + 1)
    found = _SECTION.fullmatch(cell.text.strip())
    return found["number"] if found else None


def _row_number(annex: Annex, cell: Cell) -> str | None:
    rows = annex.sections[-1].rows if annex.sections else []
    if cell.numbering is not None:
        whole = [row for row in rows if row.number.isdigit()]
        return str(int(whole[-1].number) + 1 if whole else 1)
    text = cell.text.strip()
    if found := _ROW.fullmatch(text):
        return found["number"]
    if (found := _PART.fullmatch(text)) and rows:
        return f"{rows[-1].number.split('.')[0]}.{found['letter']}"
    return None


def _roman(number: int) -> str:
    told = ""
    for value, sign in _ROMAN:
        while number >= value:
            told, number = told + sign, number - value
    return told


def _begin(annex: Annex, number: str, title: str, where: str) -> None:
    title = collapse(title)
    if annex.sections and (annex.sections[-1].number, annex.sections[-1].title) == (number, title):
        return  # said again on the next page
    annex.sections.append(DraftSection(number, title or None, where))


def _unread(annex: Annex, where: str, texts: dict[str, str]) -> None:
    """A section's own line gives no task; what stands beside its title is not stored, and that is said."""
    beside = [SHOWN[name] for name in ("lead", "partners", "period") if texts.get(name, "") not in ("", texts["text"])]
    if beside:
        annex.say(Severity.WARNING, where, f"Dòng của mục có ghi {', '.join(beside)}; phần đó không được lấy.")


def _add(annex: Annex, number: str, cells: dict[str, Cell], where: str) -> None:
    if not annex.sections:
        annex.sections.append(DraftSection(None, None, where))
    row = DraftRow(number, where)
    _go_on(row, cells)
    annex.sections[-1].rows.append(row)


def _go_on(row: DraftRow, cells: dict[str, Cell]) -> None:
    """A line more of a row: what its merged cells repeat is taken once."""
    for name in ("text", "lead", "partners", "period"):
        told: list[str] = getattr(row, name)
        text = cells.get(name, Cell()).text.strip()
        if text and text not in told:
            told.append(text)


# --- what a row says ----------------------------------------------------------------------------------------


def values_of(row: DraftRow) -> dict[str, object]:
    """As a file of a programme says it; blank is left out, and the row says that it is incomplete."""
    values: dict[str, object] = {
        "number": row.number,
        "text": collapse(" ".join(row.text)) or None,
        "lead": "; ".join(_items(row.lead, bullets_only=True)) or None,
        "partners": _items(row.partners),
        "period": collapse(" ".join(row.period)) or None,
    }
    if blank_of(row):
        values["source_state"] = SourceCompleteness.INCOMPLETE_IN_SOURCE
    return values


def blank_of(row: DraftRow) -> list[str]:
    return [SHOWN[name] for name in ("text", "lead", "period") if not getattr(row, name)]


def _items(told: list[str], *, bullets_only: bool = False) -> list[str]:
    """The units that a cell names: by bullets, or by semicolons, or (of partners) by commas."""
    found: list[str] = []
    for text in told:
        pieces = _BULLET.split(text) if _BULLET.search(text) else [text]
        for piece in pieces:
            piece = collapse(piece)
            if bullets_only:
                found.append(piece)
            else:
                found += piece.split(";") if ";" in piece else piece.split(", ")
    cleaned = (piece.strip(" ;,").removesuffix(".").strip() for piece in found)
    return list(dict.fromkeys(piece for piece in cleaned if piece))
