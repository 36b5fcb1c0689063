import unicodedata

import pytest

from services.publish import measure

HOA = "Hà Nội hòa bình"


@pytest.mark.mission("M29")
def test_vietnamese_counts_the_same_in_nfc_and_nfd() -> None:
    decomposed = unicodedata.normalize("NFD", HOA)
    assert len(decomposed) > len(HOA)
    assert measure.graphemes(decomposed) == measure.graphemes(HOA) == 15
    assert measure.utf8_bytes(decomposed) == measure.utf8_bytes(HOA) == len(HOA.encode())


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "graphemes", "utf16", "utf8"),
    [
        ("đường", 5, 5, 9),
        ("👨‍👩‍👧‍👦", 1, 11, 25),
        ("🇻🇳", 1, 4, 8),
        ("Ổ gà", 4, 4, 7),
    ],
)
def test_each_platforms_unit(text: str, graphemes: int, utf16: int, utf8: int) -> None:
    assert measure.graphemes(text) == graphemes
    assert measure.utf16_units(text) == utf16
    assert measure.utf8_bytes(text) == utf8


def test_shortening_cuts_at_a_word_and_says_so() -> None:
    text = "Điều chỉnh lộ trình xe buýt số 32 từ ngày mồng một tháng mười hai"
    short = measure.shorten(text, 30)
    assert short == "Điều chỉnh lộ trình xe buýt…"
    assert measure.graphemes(short) <= 30


@pytest.mark.parametrize("size", range(2, 80, 7))
def test_shortened_text_fits_whatever_is_counted(size: int) -> None:
    text = "Người dân phường Hoàn Kiếm 👨‍👩‍👧‍👦 được hỗ trợ tiền điện, nước trong ba tháng cuối năm nay"
    for count in (measure.graphemes, measure.utf16_units, measure.utf8_bytes):
        short = measure.shorten(text, size, count)
        assert count(short) <= size
        assert measure.shorten(short, size, count) == short


def test_what_fits_is_left_alone() -> None:
    assert measure.shorten("  Thông báo  ", 20) == "Thông báo"
