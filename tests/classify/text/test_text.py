"""Language, sentences, chat spelling and mentions, on lines as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.sentences import sentences
from libs.common.text import unmark
from services.classify.text.language import Language, identify, is_syllable
from services.classify.text.mentions import dates, quantities
from services.classify.text.spelling import chat_share, normalise
from services.classify.text.streets import streets

VIETNAMESE = [
    "Đường Nguyễn Trãi sáng nay tắc cứng từ 7h, đề nghị phân luồng lại",
    "Công ty nước thông báo tạm ngừng cấp nước tại phường Hà Đông",
    "bài này hay quá",
    "mất điện 3 tiếng rồi ạ, gọi tổng đài ko ai nghe máy",
    "Man City thua Liverpool 1-2 trên sân nhà, HLV Guardiola nói gì?",
    "HÀ NỘI MƯA TO, NGẬP HẾT ĐƯỜNG",
]


@pytest.mark.parametrize("line", VIETNAMESE)
def test_vietnamese_is_known_with_and_without_its_marks(line: str) -> None:
    assert identify(line) == Language("vi")
    assert identify(unmark(line)).code == "vi"
    assert not identify(unmark(line)).marked


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("The city has announced a new bus route in the old quarter", "en"),
        ("How to get to the airport by bus?", "en"),
        ("今天河内下雨", "zh"),
        ("하노이 날씨가 좋아요", "ko"),
        ("Погода в Ханое сегодня", "ru"),
        ("bonjour à tous, la ville a annoncé hier", "und"),
        ("Jdjd dnxncbc hgjk", "und"),
        ("🥰🥰🥰", "und"),
        ("", "und"),
        ("0900 000 111", "und"),
    ],
)
def test_other_languages_and_noise_are_not_taken_for_it(line: str, code: str) -> None:
    assert identify(line).code == code


def test_syllables_are_known_by_their_build() -> None:
    assert all(map(is_syllable, "nghiêng khuya quýt giường ngoằn xoong oẳn yêu Thuỷ".split()))
    assert not any(map(is_syllable, "street wifi jazz plastic Liverpool".split()))


@given(st.text(max_size=300))
def test_nothing_written_makes_them_fail(text: str) -> None:
    identify(text)
    normalise(text)
    dates(text)
    quantities(text)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = (
        "TP. Hà Nội vừa họp với PGS. TS. Nguyễn V. A. về giá nước 7.500 đồng/m3. Ông nói: “Sẽ sửa ngay!” "
        "Còn dân thì... chờ.\nBao giờ xong?"
    )
    assert sentences(text) == [
        "TP. Hà Nội vừa họp với PGS. TS. Nguyễn V. A. về giá nước 7.500 đồng/m3.",
        "Ông nói: “Sẽ sửa ngay!”",
        "Còn dân thì... chờ.",
        "Bao giờ xong?",
    ]


def test_chat_spelling_is_written_out_and_noise_is_dropped() -> None:
    assert normalise("mn ơi đg này tắc quáaaa 😭😭 ko ai dc đi :(( xem https://vnexpress.net/a nhé") == (
        "mọi người ơi đường này tắc quá không ai được đi xem ‹link› nhé"
    )
    assert normalise("Hoà bình, thuý") == "Hòa bình, thúy"
    assert chat_share("ko dc vs mn") == 1.0
    assert chat_share("") == 0.0


def test_days_are_named_as_the_press_and_people_name_them() -> None:
    text = (
        "Sáng 5/11, từ ngày 20 tháng 10 năm 2025 đến 01/11/2025; hôm 3-2; tỉ số 2-1, giá 3.5, mục 1.2, "
        "ngày 31/2, 2026-03-04"
    )
    assert [one.iso for one in dates(text)] == ["--11-05", "2025-10-20", "2025-11-01", "--02-03", "2026-03-04"]


def test_quantities_have_their_unit_and_scale() -> None:
    found = {
        (one.value, one.unit) for one in quantities("12.000 hộ dân, 1,5 triệu đồng, 80 mm, 300 nghìn tỷ đồng, 25%, 7k")
    }
    assert found == {
        (Decimal(12000), "household"),
        (Decimal("1500000.0"), "VND"),
        (Decimal(80), "mm"),
        (Decimal(300) * 10**12, "VND"),
        (Decimal(25), "%"),
        (Decimal(7000), ""),
    }


def test_numbers_of_people_are_no_quantities() -> None:
    assert quantities("CCCD 001099012345 người, gọi 0900000111 xe") == []


def test_streets_are_known_by_the_word_before_them() -> None:
    text = "Kẹt ở đường Nguyễn Trãi, ngõ 82 Dịch Vọng Hậu và phố Huế; ông Trần Phú kể; duong lang ha; đường Hoà Bình xa"
    assert streets(text) == ["Nguyễn Trãi", "Dịch Vọng Hậu", "Huế", "Láng Hạ", "Hòa Bình"]
    assert streets("đường dây nóng, phố xá đông vui, đường lang thang") == []
