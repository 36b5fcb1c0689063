"""A decision's annex from YAML, DOCX and XLSX: the same rows; what is wrong is told with its place; harm is refused."""

import io
from collections.abc import Callable
from datetime import date

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from libs.common.models.enums import ProgrammeState
from libs.common.programme_file import Row
from services.reports.programmes.importing.grid import FileRefused, Severity
from services.reports.programmes.importing.reading import FileFormat, FileRead, Given, read_file
from tests.reports.programmes.annexes import (
    ABOVE,
    HEADER,
    Lines,
    as_docx,
    as_xlsx,
    lines_of,
    part,
    shipped,
    with_parts,
    xlsx_of,
)

TODAY = date(2026, 11, 24)
OWNED = Given(owner_unit="HN-STTTT")
Writer = Callable[..., bytes]
FORMS = pytest.mark.parametrize("write", [as_docx, as_xlsx], ids=["docx", "xlsx"])
TASK = ["1", "Việc một", "Sở Y tế", "Sở Nội vụ", "Quý II/2023"]
SECTION = ["I", "Phần một"]


def read(data: bytes, given: Given = OWNED) -> FileRead:
    return read_file(data, given, TODAY)


def rows_of(found: FileRead) -> dict[str, Row]:
    assert found.programme is not None, found.remarks
    return {number: row for number, _, row in found.programme.numbered_rows()}


def bare(row: Row) -> Row:
    """Without the rules of evidence, which no decision prints."""
    return row.model_copy(update={"evidence": None})


@pytest.mark.mission("M32")
def test_word_and_excel_give_the_rows_that_are_shipped() -> None:
    spec, lines = shipped(), lines_of(shipped())
    word, excel = read(as_docx(lines)), read(as_xlsx(lines))
    assert (word.format, excel.format) == (FileFormat.DOCX, FileFormat.XLSX)
    assert rows_of(word) == rows_of(excel)
    assert word.programme == excel.programme
    assert rows_of(word) == {number: bare(row) for number, _, row in spec.numbered_rows()}
    assert word.programme is not None
    assert [section.title for section in word.programme.sections] == [section.title for section in spec.sections]


@pytest.mark.mission("M32")
@FORMS
def test_what_stands_above_the_table_is_the_decisions_own(write: Writer) -> None:
    found = read(write(lines_of(shipped()))).programme
    assert found is not None
    assert (found.number, found.issued_on, found.owner_unit) == ("3550/QĐ-UBND", date(2022, 9, 29), "HN-STTTT")
    assert (found.period.begins, found.period.ends) == (date(2022, 9, 29), date(2025, 12, 31))
    assert (found.state, found.title) == (ProgrammeState.ENDED, shipped().title.upper())
    told = Given(owner_unit="HN-SKHCN", title="Tên khác", state=ProgrammeState.DRAFT, period_to=date(2027, 1, 1))
    changed = read(write(lines_of(shipped())), told).programme
    assert changed is not None
    assert (changed.title, changed.state, changed.period.ends) == ("Tên khác", "draft", date(2027, 1, 1))


@pytest.mark.mission("M32")
@FORMS
def test_the_row_that_the_source_breaks_off_is_kept_blank_and_said(write: Writer) -> None:
    found = read(write(lines_of(shipped())))
    broken = rows_of(found)["II.1"]
    assert (broken.source_state, broken.text, broken.lead, broken.period) == ("incomplete_in_source", None, None, None)
    (remark,) = found.remarks
    assert (remark.severity, remark.row_no) == (Severity.WARNING, "II.1")
    assert remark.where == found.where["II.1"]
    assert "Nguồn để trống Nội dung, Đơn vị chủ trì, Thời gian thực hiện" in remark.text


@FORMS
def test_columns_are_known_by_their_names_in_any_order(write: Writer) -> None:
    header = ("TT", "Thời hạn hoàn thành", "Nội dung công việc", "Cơ quan phối hợp", "Cơ quan, đơn vị chủ trì")
    lines = [SECTION, ["(1)", "(2)", "(3)", "(4)", "(5)"], ["1", "Quý II/2023", "Việc một", "Sở Nội vụ", "Sở Y tế"]]
    row = rows_of(read(write(lines, header)))["I.1"]
    assert (row.text, row.lead, row.partners, row.period) == ("Việc một", "Sở Y tế", ("Sở Nội vụ",), "Quý II/2023")


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        ([TASK, ["2)", *TASK[1:]]], ["1", "2"]),  # no sections at all
        ([["A.", "Phần"], TASK, ["a)", *TASK[1:]], ["b)", *TASK[1:]]], ["A.1", "A.1.a", "A.1.b"]),
        ([["I", "Một"], TASK, ["II", "Hai"], ["1.1", *TASK[1:]]], ["I.1", "II.1.1"]),
        ([["I", "Một"], TASK, HEADER, ["I", "Một"], ["2", *TASK[1:]]], ["I.1", "I.2"]),  # said again on a new page
    ],
)
@FORMS
def test_rows_are_numbered_as_annexes_number_them(write: Writer, lines: Lines, numbers: list[str]) -> None:
    assert list(rows_of(read(write(lines)))) == numbers


def test_cells_that_are_merged_downwards_count_for_each_row_in_word() -> None:
    document = docx.Document(io.BytesIO(as_docx([SECTION, TASK, ["2", "Việc hai", "", "Sở Du lịch", ""]])))
    table = document.tables[0]
    for column in (2, 4):
        table.cell(2, column).merge(table.cell(3, column))
        table.cell(2, column).text = TASK[column]
    out = io.BytesIO()
    document.save(out)
    rows = rows_of(read(out.getvalue()))
    assert [(row.lead, row.period) for row in rows.values()] == [("Sở Y tế", "Quý II/2023")] * 2


def test_cells_that_are_merged_downwards_count_for_each_row_in_excel() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx([SECTION, TASK, ["2", "Việc hai", "", "Sở Du lịch", ""]])))
    first = len(ABOVE) + 3
    book["Phụ lục"].merge_cells(f"C{first}:C{first + 1}")
    book["Phụ lục"].merge_cells(f"E{first}:E{first + 1}")
    rows = rows_of(read(xlsx_of(book)))
    assert [(row.lead, row.period) for row in rows.values()] == [("Sở Y tế", "Quý II/2023")] * 2


def test_numbers_that_word_counts_by_itself_are_counted() -> None:
    document = docx.Document(io.BytesIO(as_docx([["", "Phần một"], ["", *TASK[1:]], ["", *TASK[1:]]])))
    numbering = document.part.numbering_part.element
    for number, form in (("901", "upperRoman"), ("902", "decimal")):
        abstract, level, kind = (OxmlElement(name) for name in ("w:abstractNum", "w:lvl", "w:numFmt"))
        abstract.set(qn("w:abstractNumId"), number)
        level.set(qn("w:ilvl"), "0")
        kind.set(qn("w:val"), form)
        level.append(kind)
        abstract.append(level)
        numbering.insert(0, abstract)
        numbering.add_num(int(number))
    ids = {each.abstractNumId.val: each.numId for each in numbering.num_lst}
    for line, of in zip(document.tables[0].rows[1:], (901, 902, 902), strict=True):
        line.cells[0].paragraphs[0]._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = ids[of]
    out = io.BytesIO()
    document.save(out)
    assert list(rows_of(read(out.getvalue()))) == ["I.1", "I.2"]


def test_what_was_struck_out_while_tracked_is_not_read() -> None:
    data = as_docx([SECTION, TASK])
    xml = part(data, "word/document.xml").decode()
    struck = "<w:del w:id='1' w:author='x'><w:r><w:delText>cũ </w:delText><w:t>cũ </w:t></w:r></w:del>"
    changed = xml.replace("<w:r><w:t>Việc một", f"{struck}<w:r><w:t>Việc một")
    assert changed != xml
    row = rows_of(read(with_parts(data, {"word/document.xml": changed.encode()})))["I.1"]
    assert row.text == "Việc một"


def test_a_day_that_excel_holds_as_a_date_is_a_day() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx([SECTION, TASK])))
    book["Phụ lục"].cell(len(ABOVE) + 3, 5).value = date(2023, 6, 30)
    assert rows_of(read(xlsx_of(book)))["I.1"].period == "30/06/2023"


# --- what is wrong ------------------------------------------------------------------------------------------


@pytest.mark.mission("M32")
@pytest.mark.parametrize(
    ("lines", "line", "told"),
    [
        ([SECTION, TASK, ["*", *TASK[1:]]], 4, "Không đọc được số thứ tự “*”"),
        ([["", "Việc", "Sở Y tế", "", "2023"]], 2, "Không đọc được số thứ tự “”"),
        ([SECTION, TASK, TASK], 0, "dòng I.1 có hai lần"),
    ],
)
@FORMS
def test_a_wrong_line_is_told_with_its_place(write: Writer, lines: Lines, line: int, told: str) -> None:
    found = read(write(lines))
    assert found.programme is None
    (error,) = found.errors
    assert told in error.text
    number = line + len(ABOVE) if line and write is as_xlsx else line
    assert error.where.endswith(f"dòng {number}" if line else "tệp")


@pytest.mark.mission("M32")
@FORMS
def test_a_file_without_the_table_says_which_column_it_lacks(write: Writer) -> None:
    (error,) = read(write([TASK], ("Stt", "Nội dung", "Đơn vị chủ trì", "Phối hợp", "Ghi chú"))).errors
    assert error.text == "Không thấy bảng phân công nhiệm vụ: thiếu cột “Thời gian thực hiện”."
    (other,) = read(write([TASK], ("a", "b", "c", "d", "e"))).errors
    assert "không có bảng nào có các cột Stt, Nội dung" in other.text


@FORMS
def test_what_the_file_does_not_say_of_the_decision_must_be_given(write: Writer) -> None:
    errors = [each.text for each in read(write([SECTION, TASK], above=()), Given()).errors]
    assert [text.split()[-1].strip(".") for text in errors] == [
        "number", "title", "issued_on", "period_from", "period_to", "owner_unit",
    ]  # fmt: skip


@FORMS
def test_a_line_without_a_number_goes_on_from_the_one_above_and_that_is_said(write: Writer) -> None:
    found = read(write([SECTION, TASK, ["", "và việc nữa", "", "Sở Du lịch", ""]]))
    row = rows_of(found)["I.1"]
    assert (row.text, row.partners) == ("Việc một và việc nữa", ("Sở Nội vụ", "Sở Du lịch"))
    assert ["được nối vào dòng 1" in each.text for each in found.remarks] == [True]


def test_a_yaml_file_says_all_of_it_by_itself() -> None:
    text = "number: 1\ntitle: [\n"
    (error,) = read(text.encode(), Given()).errors
    assert error.where.startswith("dòng ")
    assert any("hãy sửa trong tệp" in each.text for each in read(text.encode(), OWNED).errors)


# --- what means harm ----------------------------------------------------------------------------------------

DOCUMENT, SHEET, TYPES = "word/document.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"
DTD = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
TEMPLATE = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
    b'Target="https://xau.example/a.dotm" TargetMode="External"/></Relationships>'
)


def harmful() -> dict[str, tuple[bytes, str]]:
    word, excel = as_docx([SECTION, TASK]), as_xlsx([SECTION, TASK])
    document, sheet, types = part(word, DOCUMENT), part(excel, SHEET), part(word, TYPES)
    cells = b"".join(b'<row r="9"><c r="A9"><v>%d</v></c></row>' % (n * 7919**2 % 10**9) for n in range(20_001))
    large = sheet.replace(b"</sheetData>", cells + b"</sheetData>")
    far = sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')
    merged = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    wide = sheet[: sheet.index(b"<mergeCells")] + merged + sheet[sheet.index(b"</mergeCells>") + 13 :]
    return {
        "bomb": (with_parts(word, {"word/media/anh.xml": b"\0" * 60_000_000}), "bung ra quá lớn"),
        "tight": (with_parts(excel, {"xl/sharedStrings.xml": b" " * 20_000_000}), "bung ra quá lớn"),
        "many": (with_parts(word, {f"word/{n}.xml": b"<a/>" for n in range(600)}), "bung ra quá lớn"),
        "macro": (with_parts(word, {"word/vbaProject.bin": b"x"}), "macro"),
        "macro type": (with_parts(word, {TYPES: types.replace(b"main+xml", b"macroEnabled.main+xml")}), "macro"),
        "old macro": (with_parts(excel, {"xl/macrosheets/sheet1.xml": b"<a/>"}), "macro"),
        "object": (with_parts(word, {"word/embeddings/oleObject1.bin": b"x"}), "đối tượng nhúng"),
        "entities": (with_parts(word, {DOCUMENT: DTD + b"<w>&b;</w>"}), "thực thể XML"),
        "entities in a sheet": (with_parts(excel, {SHEET: DTD + b"<w>&b;</w>"}), "thực thể XML"),
        "utf-16": (with_parts(word, {DOCUMENT: "<!DOCTYPE w><w/>".encode("utf-16")}), "UTF-8"),
        "template": (with_parts(word, {"word/_rels/settings.xml.rels": TEMPLATE}), "ở nơi khác"),
        "huge table": (with_parts(word, {DOCUMENT: document.replace(b"<w:tc>", b"<w:tc>" * 2000)}), "Bảng quá lớn"),
        "huge sheet": (with_parts(excel, {SHEET: large}), "Bảng quá lớn"),
        "far row": (with_parts(excel, {SHEET: far}), "hơn 5000 dòng"),
        "merged whole": (with_parts(excel, {SHEET: wide}), "ô gộp"),
        "not xml": (with_parts(word, {DOCUMENT: b"<w:document"}), "không phải XML"),
        "broken zip": (word[: len(word) // 2], "không mở được"),
        "other zip": (with_parts(word, {}).replace(b"word/document.xml", b"word/dokument.xml"), "không phải DOCX"),
        "old office": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, ".doc, .xls"),
        "picture": (b"\x89PNG\r\n\x1a\n\xff\xfe", "không phải DOCX, XLSX hay YAML"),
    }


@pytest.mark.mission("M32")
@pytest.mark.parametrize("name", list(harmful()))
def test_a_file_that_means_harm_is_refused_before_it_is_unpacked_or_believed(name: str) -> None:
    data, told = harmful()[name]
    with pytest.raises(FileRefused, match=told):
        read(data)


def test_a_yaml_file_that_refers_to_itself_is_refused() -> None:
    laughs = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))
    assert "không nhận chỗ dẫn lại" in read(laughs.encode(), Given()).errors[0].text
    assert read(b"[" * 50_000, Given()).errors
    assert "dài hơn" in read(b"a: " + b"x" * 600_000, Given()).errors[0].text


def test_a_link_in_the_text_is_no_harm() -> None:
    link = TEMPLATE.replace(b"attachedTemplate", b"hyperlink")
    data = with_parts(as_docx([SECTION, TASK]), {"word/_rels/footnotes.xml.rels": link})
    assert list(rows_of(read(data))) == ["I.1"]
