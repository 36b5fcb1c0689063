"""The produced PDF: its words, its face, its pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_uint, c_ushort, cast, create_string_buffer
from dataclasses import replace
from io import BytesIO
from typing import Any

import pypdfium2
import pypdfium2.raw as raw
import pytest
from PIL import Image

from libs.common.papers.content import Heading, Picture, Run, Table, Text, words
from libs.common.papers.pdf import to_pdf
from tests.common.papers.samples import PROSE, chart, paper, weekly

MM = 72 / 25.4


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    document = pypdfium2.PdfDocument(data)
    try:
        yield document
    finally:
        document.close()


def pages_of(data: bytes) -> list[str]:
    with opened(data) as document:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


def text_of(data: bytes) -> str:
    """As one line, so that where a line broke does not matter."""
    return " ".join(" ".join(pages_of(data)).split())


@pytest.fixture(scope="module")
def weekly_pdf() -> bytes:
    return to_pdf(weekly())


@pytest.mark.mission("M33")
def test_the_paper_says_the_same_as_its_docx(weekly_pdf: bytes) -> None:
    text = text_of(weekly_pdf)
    for wanted in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "SỞ VĂN HÓA VÀ THỂ THAO",
        "Số: 05/BC-SVHTT",
        "Hà Nội, ngày 05 tháng 02 năm 2026",
        PROSE,
        "12.345",
        "Hình 1. Số mục tin theo ngày trong tuần",
        "sai sự thật./.",
        "- Lưu: VT, TTBC (02).",
        "KT. GIÁM ĐỐC",
        "Nguyễn Văn An",
        "DANH SÁCH NHIỆM VỤ ĐƯỢC GIAO",
    ):
        assert wanted in text


@pytest.mark.mission("M33")
def test_pages_are_numbered_from_two_and_annexes_apart(weekly_pdf: bytes) -> None:
    firsts = [page.split("\n")[0] for page in pages_of(weekly_pdf)]
    numbers = [int(line) if line.isdigit() else None for line in firsts]
    assert numbers == [None, 2, 3, None, 2, 3, 4, None]
    with opened(weekly_pdf) as document:
        sizes = [tuple(round(side / MM) for side in page.get_size()) for page in document]
    assert sizes == [(210, 297)] * 7 + [(297, 210)]


@pytest.mark.mission("M33")
def test_words_and_tables_stay_within_the_margins(weekly_pdf: bytes) -> None:
    with opened(weekly_pdf) as document:
        for page in document:
            width, height = page.get_size()
            for thing in page.get_objects():
                left, low, right, high = thing.get_bounds()
                if right <= left and high <= low:
                    continue
                assert left >= 30 * MM - 1
                assert right <= width - 15 * MM + 1
                assert low >= 5 * MM
                assert high <= height - 9 * MM


@pytest.mark.mission("M33")
def test_only_the_embedded_face_is_used(weekly_pdf: bytes) -> None:
    named = set(re.findall(rb"/BaseFont /([^ \n/]+)", weekly_pdf))
    assert named
    assert all(re.fullmatch(rb"[A-Z]{6}\+LiberationSerif[-\w]*", name) for name in named), named
    assert weekly_pdf.count(b"/FontFile2") == len(set(re.findall(rb"/FontFile2 (\d+)", weekly_pdf))) == len(named)
    assert len(weekly_pdf) < 400_000, "subset, not whole"


def test_a_screen_reader_is_told_the_title_the_language_and_the_pictures(weekly_pdf: bytes) -> None:
    assert b"/Lang (vi-VN)" in weekly_pdf
    assert b"/DisplayDocTitle true" in weekly_pdf
    with opened(weekly_pdf) as document:
        told = document.get_metadata_dict()
        outline = [bookmark.get_title() for bookmark in document.get_toc()]
    assert told["Title"].startswith("BÁO CÁO Kết quả")
    assert told["Author"] == "Sở Văn hóa và Thể thao"
    assert told["CreationDate"].startswith("D:20260205")
    assert outline == [
        "I. TÌNH HÌNH CHUNG",
        "1. Tin đã thu nhận",
        "a) Việc cần làm ngay",
        "2. Diễn biến",
        "II. KIẾN NGHỊ",
    ]


def test_a_table_repeats_its_head_and_keeps_its_order_over_pages() -> None:
    rows = tuple((at, f"Hàng {at}", at * 1000) for at in range(1, 201))
    pages = pages_of(to_pdf(paper(Table(("TT", "Tên hàng", "Số"), rows), closing=None)))
    assert len(pages) >= 4
    assert all("Tên hàng" in page for page in pages)
    shown = [int(line.split()[2]) for page in pages for line in page.split("\n") if " Hàng " in line]
    assert shown == list(range(1, 201)), "each once, in order"


def test_the_signature_is_never_alone_on_a_page() -> None:
    for count in range(1, 16):
        blocks = [Text(words(f"Đoạn {at}. {PROSE[:200]}")) for at in range(count)]
        last = pages_of(to_pdf(paper(*blocks)))[-1]
        assert f"Đoạn {count - 1}." in last
        assert "Nguyễn Văn An" in last
        assert "Nơi nhận" in last


def test_a_heading_is_never_the_last_of_a_page() -> None:
    table = Table(("Loại", "Trả lời trong kỳ"), ((1, 2), (3, 4)), caption="Bảng tên")
    for block in (table, replace(table, caption=None), chart(), Text(words(PROSE))):
        for count in range(26, 34):
            lines = [Text(words(f"Dòng {at}")) for at in range(count)]
            pages = pages_of(to_pdf(paper(*lines, Heading(1, "I. ĐẦU MỤC"), Heading(2, "1. Mục con"), block)))
            assert not any(page.rstrip().endswith(("ĐẦU MỤC", "Mục con", "Bảng tên")) for page in pages)


def test_links_lead_where_they_say_and_nowhere_else() -> None:
    runs = (Run("tốt ", link="https://hanoi.gov.vn/a?b=1&c=<2>"), Run("xấu", link="javascript:alert(1)"))
    made = to_pdf(paper(Text(runs)))
    assert b"https://hanoi.gov.vn/a?b=1&c=<2>" in made
    assert b"javascript" not in made


def test_a_picture_taller_than_a_page_is_made_to_fit() -> None:
    stored = BytesIO()
    Image.new("L", (100, 5000), 200).save(stored, "PNG")
    made = to_pdf(paper(Picture(stored.getvalue(), None, "cột cao", "Hình 2", 150), chart()))
    with opened(made) as document:
        assert len(document) == 3


@pytest.mark.mission("M21")
def test_what_is_late_is_dark_red_and_bold(weekly_pdf: bytes) -> None:
    with opened(weekly_pdf) as document:
        words = [told for page in document for told in inked(page, (0xC0, 0, 0))]
    assert "".join(word for word, _ in words).split() == ["Quá", "hạn"]
    assert all("Bold" in face for _, face in words)


def inked(page: Any, ink: tuple[int, int, int]) -> Iterator[tuple[str, str]]:
    """(words, typeface) of what is printed in that ink."""
    held = page.get_textpage()
    for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        parts = [c_uint() for _ in range(4)]
        raw.FPDFPageObj_GetFillColor(one.raw, *map(byref, parts))
        if tuple(part.value for part in parts[:3]) == ink:
            yield _words(one.raw, held.raw), _face(one.raw)


def _words(text: Any, held: Any) -> str:
    long = raw.FPDFTextObj_GetText(text, held, None, 0)
    stored = create_string_buffer(long)
    raw.FPDFTextObj_GetText(text, held, cast(stored, POINTER(c_ushort)), long)
    return stored.raw.decode("utf-16-le").rstrip("\0")


def _face(text: Any) -> str:
    name = create_string_buffer(100)
    raw.FPDFFont_GetBaseFontName(raw.FPDFTextObj_GetFont(text), name, 100)
    return name.value.decode()


def test_a_paper_without_anything_is_still_a_paper() -> None:
    assert "BÁO CÁO" in text_of(to_pdf(paper(closing=None)))
