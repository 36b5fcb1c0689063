"""Bytes of a CSV or XLSX file to rows of texts, bounded in every way: a workbook is a zip of XML, written by anybody.

No formula is ever worked out: of a cell with one, the value that was saved with it is read.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from libs.common.text import nfc
from services.ingest.imports.problems import FileNotReadable
from services.ingest.legacy import decode_legacy

MAX_ROWS = 10_000
MAX_COLUMNS = 100
MAX_CELL = 100_000
"""Letters of a cell; the rest is cut off."""
SCANNED_ROWS = 20_000
"""Rows that are looked at, the blank ones among them counted."""
PARTS, UNPACKED, RATIO = 500, 64 * 1024**2, 200
"""Of a workbook: files in it, bytes of all of them unpacked, and how many times larger one may become."""
SMALL = 1024**2
"""A part of no more bytes may be packed as tightly as it likes: sheets of blank cells are."""
_ZIP = b"PK\x03\x04"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows`: number of the row in the file, counted from 1 as a spreadsheet shows it, and its cells. `form`: what was
    read, for the person who sent it: `xlsx`, or the encoding and delimiter of a CSV."""

    form: str
    header: list[str]
    rows: list[tuple[int, list[str]]]


def read_sheet(data: bytes) -> Sheet:
    """The first sheet of a workbook, or the table of a CSV. Raises FileNotReadable, and nothing else."""
    try:
        form, rows = _workbook(data) if data.startswith(_ZIP) else _csv(data)
        return _sheet(form, rows)
    except FileNotReadable:
        raise
    except (csv.Error, UnicodeError) as error:
        raise FileNotReadable("Không phải tệp CSV hợp lệ.") from error
    except Exception as error:  # what reads a workbook raises whatever it stumbles over
        raise FileNotReadable("Không phải tệp XLSX hợp lệ.") from error


def _sheet(form: str, rows: Iterator[list[str]]) -> Sheet:
    header: list[str] | None = None
    kept: list[tuple[int, list[str]]] = []
    for number, row in enumerate(rows, 1):
        if number > SCANNED_ROWS or len(kept) > MAX_ROWS:
            raise FileNotReadable(f"Mỗi tệp có nhiều nhất {MAX_ROWS} dòng dữ liệu.")
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = row
        else:
            kept.append((number, row))
    if header is None or not kept:
        raise FileNotReadable("Tệp cần có dòng tiêu đề và ít nhất một dòng dữ liệu.")
    if len(kept) > MAX_ROWS:
        raise FileNotReadable(f"Mỗi tệp có nhiều nhất {MAX_ROWS} dòng dữ liệu.")
    return Sheet(form, header, kept)


# --- CSV ----------------------------------------------------------------------------------------------------


def _csv(data: bytes) -> tuple[str, Iterator[list[str]]]:
    encoding, text = decode(data)
    line = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    shown = "tab" if delimiter == "\t" else delimiter
    return f"csv {encoding} {shown}", (_cells(row[:MAX_COLUMNS]) for row in reader)


def decode(data: bytes) -> tuple[str, str]:
    """The encoding and the text, NFC: Unicode by its mark or by its form, else as Vietnamese was written before."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return name, nfc(data.decode(name))
    try:
        return "utf-8", nfc(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    old = decode_legacy(data, ["cp1258"])
    return ("legacy", old) if old is not None else ("windows-1258", nfc(data.decode("cp1258", "replace")))


# --- XLSX ---------------------------------------------------------------------------------------------------


def _workbook(data: bytes) -> tuple[str, Iterator[list[str]]]:
    _check_zip(data)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what a file says of its own size need not be true
    rows = sheet.iter_rows(max_row=SCANNED_ROWS + 1, max_col=MAX_COLUMNS, values_only=True)
    return "xlsx", (_cells(row) for row in rows)


def _check_zip(data: bytes) -> None:
    """By the directory, which is also what bounds the reading: zipfile unpacks no more of a part than it names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, InvalidFileException, NotImplementedError, ValueError) as error:
        raise FileNotReadable("Không phải tệp XLSX hợp lệ.") from error
    is_bomb = (
        len(parts) > PARTS
        or sum(part.file_size for part in parts) > UNPACKED
        or any(part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1) for part in parts)
    )
    if is_bomb:
        raise FileNotReadable("Tệp nén bung ra quá lớn.")
    if any(part.flag_bits & 1 for part in parts):
        raise FileNotReadable("Tệp có mật khẩu.")


def _cells(row: Sequence[Any]) -> list[str]:
    """The row without the blank cells at its end."""
    cells = [_cell(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(value: Any) -> str:
    """A cell as a text; a date in ISO form, a whole number without a point."""
    match value:
        case None:
            return ""
        case str():
            return nfc(value[:MAX_CELL])
        case datetime() | date() | time():
            return value.isoformat()
        case bool():
            return "có" if value else "không"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return str(value)[:MAX_CELL]
