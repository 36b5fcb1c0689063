"""The produced DOCX, measured part by part against Nghị định 30/2020/NĐ-CP, annex I."""

from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph
from lxml import etree

from libs.common.papers.content import Annex, Bullets, Heading, Paper, Run, Table, Text, words
from libs.common.papers.docx import to_docx
from libs.common.papers.faces import width_mm
from tests.common.papers.samples import chart, closing, head, paper, weekly

OPEN = "\u00a0" * 6


def opened(told: Paper) -> Any:
    return Document(BytesIO(to_docx(told)))


def lines_of(made: Any) -> list[Any]:
    """All paragraphs in the order of the document, those of tables too."""
    return [Paragraph(element, made) for element in made.element.body.iter(qn("w:p"))]


def line(made: Any, text: str) -> Any:
    [found] = [one for one in lines_of(made) if one.text == text]
    return found


def look(one: Any) -> tuple[str, float, bool, bool]:
    """Face, size, bold, italic as they come from the run, its style and the style that this is made from."""

    def told(name: str) -> Any:
        style, value = one.style, getattr(one.runs[0].font, name)
        while value is None and style is not None:
            style, value = style.base_style, getattr(style.font, name)
        return value

    return told("name"), told("size").pt, bool(told("bold")), bool(told("italic"))


def shape(one: Any, name: str) -> Any:
    style, value = one.style, getattr(one.paragraph_format, name)
    while value is None and style is not None:
        value, style = getattr(style.paragraph_format, name), style.base_style
    return value


def rule_below(one: Any) -> float:
    """Millimetres of the rule in the paragraph after this one, within what holds both."""
    after = one._p.getnext()
    assert after.find(f".//{qn('w:pBdr')}/{qn('w:bottom')}").get(qn("w:val")) == "single", "a solid line"
    indent = after.find(f".//{qn('w:ind')}")
    left, right = int(indent.get(qn("w:left"))), int(indent.get(qn("w:right")))
    assert left == right, "in the middle"
    held = one._p.getparent().find(f"{qn('w:tcPr')}/{qn('w:tcW')}")
    room = int(held.get(qn("w:w"))) if held is not None else round(165 * 1440 / 25.4)
    return (room - left - right) * 25.4 / 1440


@pytest.fixture(scope="module")
def made() -> Any:
    return opened(weekly())


@pytest.mark.mission("M33")
def test_the_page_is_a4_within_the_margins_of_the_decree(made: Any) -> None:
    for section in made.sections:
        across = section.orientation == WD_ORIENT.LANDSCAPE
        size = (round(section.page_width.mm), round(section.page_height.mm))
        assert size == ((297, 210) if across else (210, 297))
        assert 20 <= round(section.top_margin.mm, 1) <= 25
        assert 20 <= round(section.bottom_margin.mm, 1) <= 25
        assert 30 <= round(section.left_margin.mm, 1) <= 35
        assert 15 <= round(section.right_margin.mm, 1) <= 20


@pytest.mark.mission("M33")
@pytest.mark.parametrize(
    ("text", "sizes", "bold", "italic", "align"),
    [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", (12, 13), True, False, ALIGN.CENTER),
        ("Độc lập - Tự do - Hạnh phúc", (13, 14), True, False, ALIGN.CENTER),
        ("ỦY BAN NHÂN DÂN", (12, 13), False, False, ALIGN.CENTER),
        ("SỞ VĂN HÓA VÀ THỂ THAO", (12, 13), True, False, ALIGN.CENTER),
        ("Số: 05/BC-SVHTT", (13, 13), False, False, ALIGN.CENTER),
        ("Hà Nội, ngày 05 tháng 02 năm 2026", (13, 14), False, True, ALIGN.CENTER),
        ("BÁO CÁO", (13, 14), True, False, ALIGN.CENTER),
        ("Kết quả thông tin, tuyên truyền trên", (13, 14), True, False, ALIGN.CENTER),
        ("I. TÌNH HÌNH CHUNG", (13, 14), True, False, ALIGN.JUSTIFY),
        ("Theo Báo Hà Nội mới, số người quan tâm tăng.", (13, 14), False, False, ALIGN.JUSTIFY),
        ("Nơi nhận:", (12, 12), True, True, ALIGN.LEFT),
        ("- Thường trực Thành ủy;", (11, 11), False, False, ALIGN.LEFT),
        ("- Lưu: VT, TTBC (02).", (11, 11), False, False, ALIGN.LEFT),
        ("KT. GIÁM ĐỐC", (13, 14), True, False, ALIGN.CENTER),
        ("PHÓ GIÁM ĐỐC", (13, 14), True, False, ALIGN.CENTER),
        ("Nguyễn Văn An", (13, 14), True, False, ALIGN.CENTER),
        ("Phụ lục I", (14, 14), True, False, ALIGN.CENTER),
        ("DANH SÁCH NHIỆM VỤ ĐƯỢC GIAO", (13, 14), True, False, ALIGN.CENTER),
    ],
)
def test_each_part_has_the_face_size_and_place_of_the_decree(
    made: Any, text: str, sizes: tuple[float, float], bold: bool, italic: bool, align: ALIGN
) -> None:
    one = line(made, text)
    face, size, is_bold, is_italic = look(one)
    assert face == "Times New Roman"
    assert sizes[0] <= size <= sizes[1]
    assert (is_bold, is_italic) == (bold, italic)
    assert shape(one, "alignment") == align


@pytest.mark.mission("M33")
def test_the_rules_are_as_long_as_the_decree_says(made: Any) -> None:
    motto = width_mm("Độc lập - Tự do - Hạnh phúc", 13, bold=True)
    assert rule_below(line(made, "Độc lập - Tự do - Hạnh phúc")) == pytest.approx(motto, abs=0.5), (
        "as long as the words"
    )
    agency = width_mm("SỞ VĂN HÓA VÀ THỂ THAO", 13, bold=True)
    assert agency / 3 <= rule_below(line(made, "SỞ VĂN HÓA VÀ THỂ THAO")) <= agency / 2
    subject = width_mm("không gian mạng tuần 5 năm 2026", 14, bold=True)
    assert subject / 3 <= rule_below(line(made, "không gian mạng tuần 5 năm 2026")) <= subject / 2


@pytest.mark.mission("M33")
def test_the_text_is_set_as_the_decree_says(made: Any) -> None:
    one = line(made, "Theo Báo Hà Nội mới, số người quan tâm tăng.")
    assert 10 <= round(shape(one, "first_line_indent").mm, 1) <= 12.7
    assert 1 <= shape(one, "line_spacing") <= 1.5
    assert shape(one, "space_after") >= Pt(6)


@pytest.mark.mission("M33")
def test_the_page_number_stands_in_the_upper_margin_and_not_on_the_first_page(made: Any) -> None:
    first, *annexes = made.sections
    [number] = first.header.paragraphs
    field = number._p.find(qn("w:fldSimple"))
    assert field.get(qn("w:instr")).strip() == "PAGE"
    assert number.style.font.size in (Pt(13), Pt(14))
    assert number.style.paragraph_format.alignment == ALIGN.CENTER
    assert first.header_distance + Pt(14) < first.top_margin
    assert first.different_first_page_header_footer is True
    assert first.first_page_header.paragraphs[0]._p.find(qn("w:fldSimple")) is None
    for section in annexes:
        assert section.header.is_linked_to_previous
        assert section.different_first_page_header_footer is True
        numbering = section._sectPr.find(qn("w:pgNumType"))
        assert numbering.get(qn("w:start")) == "1", "each annex counts its own pages"
    assert first._sectPr.find(qn("w:pgNumType")) is None


@pytest.mark.mission("M33")
def test_annexes_begin_a_page_and_lie_across_where_they_are_wide(made: Any) -> None:
    assert [section.orientation for section in made.sections] == [
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
    ]
    assert "Phụ lục II" in [one.text for one in lines_of(made)]


@pytest.mark.mission("M33")
def test_a_table_repeats_its_head_keeps_its_rows_whole_and_fits_its_page(made: Any) -> None:
    figures, tasks, campaigns = (made.tables[at] for at in (1, 3, 4))
    for table, room in ((figures, 165), (tasks, 165), (campaigns, 252)):
        assert table.rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
        assert all(row._tr.find(f".//{qn('w:cantSplit')}") is not None for row in table.rows)
        assert sum(column.width for column in table.columns) <= Mm(room + 0.2)
    assert [cell.text for cell in figures.rows[1].cells] == [
        "1",
        "Báo chí trung ương và Hà Nội",
        "12.345",
        "48",
        "93,3 %",
    ]
    assert figures.rows[3].cells[2].text == "", "what is not known is blank, not 0"
    assert {cell.text for cell in figures.rows[4].cells} == {"Tổng số"}, "runs across"
    assert campaigns.cell(2, 1).text == "Dịch vụ công trực tuyến", "one cell of two rows"
    [late] = figures.rows[5].cells[4].paragraphs[0].runs
    assert (late.style.name, late.bold) == ("Trễ hạn", True), "bold of its own, so that grey print reads it"
    assert (late.style.font.bold, str(late.style.font.color.rgb)) == (True, "C00000")


def test_a_picture_is_told_in_words_and_fits(made: Any) -> None:
    [shown] = made.inline_shapes
    assert shown._inline.docPr.get("descr") == chart().alt
    assert shown.width == Mm(150)
    tall = opened(paper(replace(chart(), width_mm=5000)))
    assert tall.inline_shapes[0].width <= Mm(165)


def test_links_lead_where_they_say_and_nowhere_else() -> None:
    runs = (Run("tốt", link="https://hanoi.gov.vn"), Run("xấu", link="javascript:alert(1)"))
    made = opened(paper(Text(runs)))
    assert [rel.target_ref for rel in made.part.rels.values() if rel.is_external] == ["https://hanoi.gov.vn"]
    assert "tốtxấu./." in [one.text for one in lines_of(made)]


def test_the_last_words_stay_with_the_signature() -> None:
    made = opened(paper(Text(words("Một.")), Text(words("Xin báo cáo."))))
    assert line(made, "Xin báo cáo./.").paragraph_format.keep_with_next
    assert made.tables[-1].rows[0]._tr.find(f".//{qn('w:cantSplit')}") is not None


def test_a_short_table_stays_with_the_signature_and_a_long_one_need_not() -> None:
    def kept(count: int) -> set[bool]:
        made = opened(paper(Table(("TT", "A"), tuple((at, "x") for at in range(count)))))
        lines = [one for row in made.tables[1].rows[1:] for cell in row.cells for one in cell.paragraphs]
        return {bool(one.paragraph_format.keep_with_next) for one in lines}

    assert kept(15) == {True}
    assert kept(16) == {False}


def test_what_is_not_known_yet_is_left_open() -> None:
    made = opened(paper(head=head(authority=None, number=None, date=None, year=2026), closing=closing(signer=None)))
    told = [one.text for one in lines_of(made)]
    assert f"Số: {OPEN}{OPEN[:2]}/BC-SVHTT" in told
    assert f"Hà Nội, ngày{OPEN}tháng{OPEN}năm 2026" in told
    assert "ỦY BAN NHÂN DÂN" not in told


def test_the_file_tells_of_itself_by_the_papers_day(made: Any) -> None:
    told = made.core_properties
    assert told.title.startswith("BÁO CÁO Kết quả thông tin")
    assert (told.author, told.language, told.last_modified_by) == ("Sở Văn hóa và Thể thao", "vi-VN", "")
    assert f"{told.created:%Y-%m-%d} {told.modified:%Y-%m-%d}" == "2026-02-05 2026-02-05"
    with ZipFile(BytesIO(to_docx(weekly()))) as parts:
        assert {one.date_time for one in parts.infolist()} == {(2026, 2, 5, 0, 0, 0)}


def test_the_parts_of_each_element_stand_in_the_order_of_the_standard() -> None:
    """Word refuses a file whose properties are out of order; the schema's order of those that are written here."""
    orders = {
        "pPr": "pStyle keepNext keepLines pBdr spacing ind jc sectPr",
        "tblPr": "tblStyle tblW jc tblBorders tblLayout tblCellMar tblLook tblCaption",
        "tcPr": "tcW gridSpan vMerge vAlign",
        "rPr": "rStyle rFonts b i color sz lang",
        "sectPr": "headerReference footerReference type pgSz pgMar pgNumType cols titlePg docGrid",
    }
    tree = etree.fromstring(ZipFile(BytesIO(to_docx(weekly()))).read("word/document.xml"))
    for name, order in orders.items():
        for element in tree.iter(qn(f"w:{name}")):
            held = [order.split().index(etree.QName(child).localname) for child in element]
            assert held == sorted(held), etree.tostring(element)


def test_a_line_with_an_address_is_not_stretched() -> None:
    told, plain = "Đã đăng: https://tin.example.vn/tin/cau-tu-lien", "Đã đăng trên mọi kênh"
    made = opened(paper(Text(words(told)), Bullets((words(told), words(plain)))))
    shapes = {one.text: one.paragraph_format.alignment for one in lines_of(made)}
    assert shapes[told] == shapes[f"- {told}"] == ALIGN.LEFT
    assert shapes[f"- {plain}./."] is None, "as its style has it: to both edges"


def test_headings_are_headings_to_a_word_processor() -> None:
    made = opened(paper(Heading(1, "I. MỘT"), Heading(2, "1. Hai"), Heading(9, "a) Ba"), Heading(0, "II. BỐN")))
    names = {one.text: one.style.name for one in lines_of(made)}
    assert [names[text] for text in ("I. MỘT", "1. Hai", "a) Ba", "II. BỐN")] == [
        f"Heading {level}" for level in (1, 2, 3, 1)
    ]


def test_an_annex_alone_has_no_number() -> None:
    made = opened(paper(annexes=(Annex(None, "Số liệu", (Table(("A",), ((1,),)),)),)))
    assert "Phụ lục" in [one.text for one in lines_of(made)]
