"""The annex of a decision as the files a city has: the same table in Word and in Excel, and files that mean harm."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import docx
import openpyxl

from libs.common.programme_file import PROGRAMMES_DIR, ProgrammeFile, read_programme

HEADER = ("Stt", "Nội dung", "Đơn vị chủ trì", "Đơn vị phối hợp", "Thời gian thực hiện")
ABOVE = (
    "PHỤ LỤC",
    "PHÂN CÔNG NHIỆM VỤ TRIỂN KHAI ĐỀ ÁN “TĂNG CƯỜNG THÔNG TIN TÍCH CỰC TRÊN KHÔNG GIAN MẠNG GIAI ĐOẠN 2022 - 2025”",
    "(Kèm theo Quyết định số 3550/QĐ-UBND ngày 29/9/2022 của UBND thành phố Hà Nội)",
)
Lines = Sequence[Sequence[str]]
"""Five cells of a row; two of a section: its number and its title."""


def shipped() -> ProgrammeFile:
    return read_programme(PROGRAMMES_DIR / "3550-qd-ubnd-2022.yaml")


def lines_of(spec: ProgrammeFile) -> list[list[str]]:
    """As the decision prints them: `1.`, partners with semicolons, the years on a line of their own."""
    lines: list[list[str]] = []
    for section in spec.sections:
        lines.append([section.number or "", section.title or ""])
        for row in section.rows:
            period = (row.period or "").replace(" 2022-2025", "\n2022-2025")
            lines.append([f"{row.number}.", row.text or "", row.lead or "", "; ".join(row.partners), period])
    return lines


def as_docx(lines: Lines, header: Sequence[str] = HEADER, above: Sequence[str] = ABOVE) -> bytes:
    document = docx.Document()
    for text in above:
        document.add_paragraph(text)
    table = document.add_table(rows=0, cols=len(header))
    for line in (header, *lines):
        cells = table.add_row().cells
        for cell, text in zip(cells, line, strict=False):
            cell.text = text
        if len(line) == 2:
            cells[1].merge(cells[-1])
    return _docx(document)


def _docx(document: "docx.document.Document") -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_xlsx(lines: Lines, header: Sequence[str] = HEADER, above: Sequence[str] = ABOVE) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Phụ lục", 0)
    for text in above:
        sheet.append([text])
    for line in (header, *lines):
        sheet.append(list(line))
        if len(line) == 2:
            sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=2, end_column=len(header))
    return xlsx_of(book)


def xlsx_of(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_parts(data: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The same zip with parts added or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)
