"""The lines that the decree writes in one way only."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from libs.common.papers.content import Annex, Bullets, Emphasis, Note, Run, Table, Text, words
from libs.common.papers.wording import (
    annex_basis,
    annex_line,
    as_number,
    cell_text,
    clean,
    date_line,
    ended,
    number_line,
    recipient_lines,
    safe_link,
)
from tests.common.papers.samples import head

OPEN = "\u00a0" * 6
"""Room for a pen, that no printer folds into one space."""


@pytest.mark.mission("M33")
@pytest.mark.parametrize(
    ("number", "line"),
    [
        ("5", "Số: 05/BC-SVHTT"),
        ("05", "Số: 05/BC-SVHTT"),
        ("9", "Số: 09/BC-SVHTT"),
        ("10", "Số: 10/BC-SVHTT"),
        ("3550", "Số: 3550/BC-SVHTT"),
        ("12a", "Số: 12a/BC-SVHTT"),
        (None, f"Số: {OPEN}{OPEN[:2]}/BC-SVHTT"),
        ("9" * 5000, f"Số: {'9' * 5000}/BC-SVHTT"),
    ],
)
def test_numbers_below_ten_have_a_leading_zero(number: str | None, line: str) -> None:
    assert number_line(head(number=number)) == line


@pytest.mark.mission("M33")
@pytest.mark.parametrize(
    ("day", "line"),
    [
        (date(2026, 1, 1), "ngày 01 tháng 01 năm 2026"),
        (date(2026, 2, 9), "ngày 09 tháng 02 năm 2026"),
        (date(2026, 3, 10), "ngày 10 tháng 3 năm 2026"),
        (date(2026, 9, 2), "ngày 02 tháng 9 năm 2026"),
        (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
    ],
)
def test_days_below_ten_and_the_first_two_months_have_a_leading_zero(day: date, line: str) -> None:
    assert date_line("Hà Nội", day) == f"Hà Nội, {line}"


def test_what_is_not_known_yet_is_left_open() -> None:
    assert date_line("Hà Nội", None, 2026) == f"Hà Nội, ngày{OPEN}tháng{OPEN}năm 2026"
    assert date_line("Hà Nội", None) == f"Hà Nội, ngày{OPEN}tháng{OPEN}năm{OPEN}"
    assert number_line(head(number=None, symbol="")) == f"Số: {OPEN}{OPEN[:2]}"


@pytest.mark.mission("M33")
def test_recipients_end_with_semicolons_and_the_last_with_a_full_stop() -> None:
    assert recipient_lines(["Như trên;", "- UBND Thành phố", " ", "Lưu: VT."]) == [
        "- Như trên;",
        "- UBND Thành phố;",
        "- Lưu: VT.",
    ]
    assert recipient_lines([]) == []


@pytest.mark.mission("M33")
def test_annexes_are_numbered_where_there_are_several() -> None:
    assert annex_line(Annex("II", "Số liệu", ())) == "Phụ lục II"
    assert annex_line(Annex(None, "Số liệu", ())) == "Phụ lục"
    told = annex_basis(head()).replace("\u00a0", " ")
    assert told == "(Kèm theo Báo cáo số 05/BC-SVHTT ngày 05 tháng 02 năm 2026 của Sở Văn hóa và Thể thao)"


def test_the_text_ends_with_the_sign_of_its_end_once() -> None:
    for text in ("Xin báo cáo.", "Xin báo cáo", "Xin báo cáo./.", "Xin báo cáo; "):
        [last] = ended([Text(words(text))])
        assert isinstance(last, Text)
        assert "".join(run.text for run in last.runs) == "Xin báo cáo./."
    [listed] = ended([Bullets((words("một;"), words("hai;")))])
    assert isinstance(listed, Bullets)
    assert ["".join(run.text for run in item) for item in listed.items] == ["một;", "hai./."]
    assert ended([Note("Nguồn: x.")]) == ended([Note("Nguồn: x./.")]) == [Note("Nguồn: x./.")]
    table = Table(("A",), ((1,),))
    assert ended([table]) == [table]
    assert ended([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1.234.567"),
        (2.5, "2,5"),
        (Decimal("12.50"), "12,50"),
        (None, ""),
        (float("nan"), ""),
        (Decimal("NaN"), ""),
        (0, "0"),
        (date(2026, 2, 5), "05/02/2026"),
        (datetime(2026, 2, 5, 10, 0, tzinfo=UTC), "17:00 05/02/2026"),
        ("a\x00b", "ab"),
    ],
)
def test_values_are_written_as_vietnamese_writes_them(value: object, text: str) -> None:
    assert cell_text(value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.345", Decimal(12345)),
        ("2,5", Decimal("2.5")),
        ("0", Decimal(0)),
        ("-3", Decimal(-3)),
        ("93,3 %", Decimal("0.933")),
        ("05", None),
        ("1.22", None),
        ("12a", None),
        ("", None),
        ("9" * 16, None),
    ],
)
def test_a_printed_figure_is_a_number_again(text: str, number: Decimal | None) -> None:
    found = as_number(text)
    assert (found[0] if found else None) == number


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://hanoi.gov.vn/tin?a=1&b=2", "https://hanoi.gov.vn/tin?a=1&b=2"),
        ("mailto:a@hanoi.gov.vn", "mailto:a@hanoi.gov.vn"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("document:heading-1", None),
        ("#heading-1", None),
        ("http://[", None),
        ("https://a.vn/" + "x" * 3000, None),
        ("\u202ehttps://a.vn", "https://a.vn"),
    ],
)
def test_only_addresses_of_the_web_and_of_mail_are_links(link: str, kept: str | None) -> None:
    assert safe_link(link) == kept


def test_text_is_nfc_without_what_breaks_or_turns_it() -> None:
    assert clean("Ho\u0300a\x00 b\u202ec\ud800\ufffe\r\nd\te") == "Hòa bc\nd e"


def test_red_goes_with_a_word() -> None:
    assert Run("Quá hạn", emphasis=Emphasis.LATE).emphasis is Emphasis.LATE
    with pytest.raises(ValueError, match="printed grey"):
        Run("12", emphasis=Emphasis.LATE)
