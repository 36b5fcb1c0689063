"""The tables of a paper as a workbook: numbers are numbers, texts are never formulas."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from libs.common.papers.content import ABOVE, Annex, Heading, Paper, Table, words
from libs.common.papers.xlsx import to_xlsx
from tests.common.papers.samples import PROSE, head, paper, weekly

FORMULAS = ('=HYPERLINK("http://x";"bấm")', "+84 24 3825", "-1+1", "@SUM(A1)", " =1+1", "\t=1", "=1+1")


def opened(told: Paper) -> Any:
    return load_workbook(BytesIO(to_xlsx(told)))


@pytest.mark.mission("M33")
def test_there_is_a_sheet_for_each_table_and_one_that_tells_of_the_paper() -> None:
    book = opened(weekly())
    names = ["Tin đã thu nhận trong tuần", "Phụ lục I Danh sách nhiệm vụ", "Phụ lục II Chiến dịch và chỉ", "Ghi chú"]
    assert book.sheetnames == names
    notes = {row[0].value: row[1].value for row in book["Ghi chú"].iter_rows()}
    assert notes["Cơ quan"] == "Sở Văn hóa và Thể thao"
    assert notes["Số, ký hiệu"] == "05/BC-SVHTT"
    assert notes["Nơi và ngày"] == "Hà Nội, ngày 05 tháng 02 năm 2026"
    assert "không phải bằng 0" in notes["Số liệu trống"]


@pytest.mark.mission("M33")
def test_numbers_are_numbers_and_what_is_not_known_is_blank() -> None:
    rows = (
        (1, 12345, Decimal("2.50"), words("1.018"), "93,3 %", date(2026, 2, 5), datetime(2026, 2, 5, 10, tzinfo=UTC)),
        (2, None, float("nan"), words("12", bold=True), "100 %", None, None),
    )
    sheet = opened(paper(Table(("TT", "A", "B", "C", "D", "E", "F"), rows))).worksheets[0]
    first, second = ([cell.value for cell in row] for row in sheet.iter_rows(min_row=2))
    assert first == [1, 12345, 2.5, 1018, 0.933, datetime(2026, 2, 5), datetime(2026, 2, 5, 17)]
    assert second == [2, None, None, 12, 1, None, None]
    formats = [cell.number_format for cell in sheet[2]]
    assert formats == ["#,##0", "#,##0", "#,##0.00", "#,##0", "0.0%", "dd/mm/yyyy", "dd/mm/yyyy hh:mm"]
    assert sheet["D3"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G3"


def test_words_in_a_column_of_words_stay_words() -> None:
    sheet = opened(paper(Table(("Đường dây nóng", "Mã"), (("1022", "05"), ("Không có", "12a"))))).worksheets[0]
    assert [cell.value for cell in sheet[2]] == ["1022", "05"]


def test_what_goes_on_from_above_is_told_in_each_row() -> None:
    sheet = opened(weekly())["Phụ lục II Chiến dịch và chỉ"]
    assert [row[1].value for row in sheet.iter_rows(min_row=2, max_row=3)] == ["Dịch vụ công trực tuyến"] * 2


@pytest.mark.mission("M33")
def test_no_text_is_a_formula() -> None:
    rows = tuple((text, words(text), 1) for text in FORMULAS)
    told = paper(Table((FORMULAS[0], "=B", "C"), rows, caption="=1+1"), head=head(agency="=1+1", subject="@x"))
    data = to_xlsx(told)
    book = load_workbook(BytesIO(data))
    for sheet in book.worksheets:
        assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    texts = [cell for row in book.worksheets[0].iter_rows(min_row=2, max_col=2) for cell in row]
    assert all(cell.quotePrefix for cell in texts), "still a text when somebody edits the cell"
    with ZipFile(BytesIO(data)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert all(b"<f>" not in part and b"<f " not in part for part in sheets)


def test_names_of_sheets_are_ones_that_a_spreadsheet_takes() -> None:
    table = Table(("A",), ((1,),))
    names = ("Bảng 2: a[b]:*?/\\c", "'", "History", "Ghi chú", "x" * 90, "X" * 90, "x" * 90, "")
    blocks = [block for name in names for block in (Heading(1, name), table)]
    made = opened(paper(*blocks, annexes=(Annex(None, PROSE, (table,)),))).sheetnames
    assert made[:4] == ["a b c", "Bảng", "History (2)", "Ghi chú"]
    assert len({name.casefold() for name in made}) == len(made) == 10
    assert max(map(len, made)) <= 31


def test_a_paper_without_tables_says_so() -> None:
    [sheet] = opened(paper()).worksheets
    assert "Văn bản này không có bảng nào." in [row[1].value for row in sheet.iter_rows()]


def test_a_cell_takes_what_a_spreadsheet_can_hold() -> None:
    sheet = opened(paper(Table(("A", "B"), (("x" * 40_000, "a\x00\x0bb"),)))).worksheets[0]
    assert len(sheet["A2"].value) == 32_767
    assert sheet["B2"].value == "ab"
    assert opened(paper(Table(("A",), ((ABOVE,),)))).worksheets[0]["A2"].value is None
