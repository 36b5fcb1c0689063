"""One form for Vietnamese text: composition, marks, tone placement, tokens."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.text import canonical_tone, collapse, fold, nfc, unmark, words


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Đường Hoà Bình", "duong hoa binh"),
        ("NGƯỜI DÂN phản ánh", "nguoi dan phan anh"),
        ("  thủ\n đô\tHà  Nội ", "thu do ha noi"),
        ("“Ngập úng” – kéo dài…", '"ngap ung" - keo dai.'),
        ("Ngập ở Mỹ Đình 🚨", "ngap o my dinh 🚨"),
        ("Façade Łódź 北京", "facade łodz 北京"),
        ("ha noi 2025", "ha noi 2025"),
        ("", ""),
    ],
)
def test_fold_removes_case_and_marks(written: str, folded: str) -> None:
    assert fold(written) == folded
    assert fold(unicodedata.normalize("NFD", written)) == folded


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("hoà", "hòa"),
        ("hòa", "hòa"),
        ("Hoà Bình", "Hòa Bình"),
        ("TOÀ NHÀ", "TÒA NHÀ"),
        ("khoẻ", "khỏe"),
        ("thuý", "thúy"),
        ("thuỷ lợi", "thủy lợi"),
        ("uỷ ban", "ủy ban"),
        ("quý", "quý"),
        ("qúy", "quý"),
        ("hoàn", "hoàn"),
        ("hòan", "hoàn"),
        ("ngòai", "ngoài"),
        ("khuỷu", "khuỷu"),
        ("loà xoà", "lòa xòa"),
    ],
)
def test_canonical_tone_has_one_placement(written: str, canonical: str) -> None:
    assert canonical_tone(written) == canonical
    assert canonical_tone(unicodedata.normalize("NFD", written)) == canonical


def test_words_and_collapse() -> None:
    assert words("Xã Đông Anh: 1.200 hộ, email_a") == ["Xã", "Đông", "Anh", "1", "200", "hộ", "email", "a"]
    assert collapse(" a \n b\u00a0c ") == "a b c"
    assert nfc("Ha\u0300") == "Hà"


@given(st.text(alphabet=st.characters(max_codepoint=0x1EFF, exclude_categories=["Cs"])))
def test_fold_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert canonical_tone(canonical_tone(text)) == canonical_tone(text)


@given(st.text(alphabet="aàáảãạăằâấeéêềiìoóôồơờuúưừyýỳđ AĐÊbcd.,“”–\n"))
def test_both_paths_fold_alike(text: str) -> None:
    assert unmark(text + "🚨") == unmark(text) + "🚨"


@pytest.mark.parametrize("marks", ["\u0301", "\u0315\u0300", "\u0345\u0334", "\U0001d165\u0300"])
def test_a_letter_with_a_hundred_thousand_marks_is_put_in_order_at_once(marks: str) -> None:
    """Which took half a minute, in the processor and not to be interrupted."""
    letter = nfc("Hà Nội " * 300 + "a" + marks * 100_000 + "b")
    assert letter.startswith("Hà Nội ")
    assert len(letter) < 2200
    assert unicodedata.is_normalized("NFC", letter)
    assert nfc(letter) == letter
    assert len(unmark("a" + "".join(sorted(marks)) * 100_000)) < 200


@pytest.mark.parametrize(
    "many", ["e\u0323\u0302" * 5000, "漢字" * 5000, "\U0001f3d9\ufe0f" * 5000, "a\u0300\u0301" * 5000]
)
def test_long_texts_of_real_letters_are_only_composed(many: str) -> None:
    assert nfc(many) == unicodedata.normalize("NFC", many)
