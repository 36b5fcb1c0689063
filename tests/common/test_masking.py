"""What is personal in a citizen's text is masked; what merely looks like a number is not."""
# ruff: noqa: E501 - tables of cases

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.masking import ACCOUNT, EMAIL, ID_NUMBER, PHONE, mask_personal_data


@pytest.mark.parametrize(
    "written",
    [
        "0912345678", "0912 345 678", "0912.345.678", "091-234-5678", "(0912) 345 678", "+84 912 345 678",
        "+84912345678", "(+84) 912345678", "84912345678", "0084912345678", "0 9 1 2 3 4 5 6 7 8", "024 3825 3536",
        "(024) 3825 3536", "02438253536", "+84 24 3825 3536", "01691234567", "0912\u00a0345\u00a0678",
    ],
)  # fmt: skip
def test_phone_numbers_are_masked(written: str) -> None:
    assert mask_personal_data(f"Gọi cho tôi: {written}, cảm ơn.") == f"Gọi cho tôi: {PHONE}, cảm ơn."


def test_two_numbers_side_by_side_are_both_masked() -> None:
    for between in ("/", " - ", ", ", " ", " hoặc "):
        masked = mask_personal_data(f"SĐT 0912345678{between}0987654321")
        assert masked.count(PHONE) == 2
        assert "0987654321" not in masked


@pytest.mark.parametrize(
    "written", ["nguyen.van.a@gmail.com", "a+b@x.vn", "ten_toi-1@mail.hanoi.gov.vn", "ten @gmail.com"]
)
def test_addresses_are_masked(written: str) -> None:
    assert mask_personal_data(f"Thư về {written}.") == f"Thư về {EMAIL}."


@pytest.mark.parametrize(
    "text",
    [
        "CCCD 001099012345",
        "số căn cước công dân: 001 099 012 345",
        "CMND số 012345678",
        "chứng minh nhân dân 012 345 678",
        "hộ chiếu C1234567",
        "001099012345",
    ],
)
def test_identity_numbers_are_masked(text: str) -> None:
    masked = mask_personal_data(text)
    assert ID_NUMBER in masked
    assert not any(letter.isdigit() for letter in masked)


@pytest.mark.parametrize(
    "text",
    [
        "Dự án 76.950.000 đồng",
        "tổng 1.234.567.890 đồng, trả 500.000.000",
        "84.912.345.678 đồng",
        "ngày 24/11/2026, 24.11.2026 và 24-11-2026",
        "QL1A, QL 32, đường 70, Quốc lộ 5 km 12",
        "giai đoạn 2020-2025, năm 2020 2021 2022",
        "số tiền 1234567890 đồng",
        "gọi 1022, 113, 114, 115, 111 hay 18008108",
        "tổng đài 1900 1234, 19001234, 1800 5777",
        "tọa độ 21.028511, 105.804817",
        "phường 12, tổ 5, ngõ 123/45/6",
        "Nghị quyết 1656/NQ-UBTVQH15, Quyết định 3550/QĐ-UBND",
        "từ 2.500.000-3.000.000 đồng",
        "chỉ số PM2.5 là 150.2, cao 12,5%",
        "@toàn_dân hãy xem",
    ],
)
def test_what_only_looks_like_a_number_stays(text: str) -> None:
    assert mask_personal_data(text) == text


def test_published_numbers_of_agencies_stay_when_listed() -> None:
    allow = frozenset({"02438253536", "tiepdan@hanoi.gov.vn"})
    text = "Trực ban 024 3825 3536, thư tiepdan@hanoi.gov.vn, riêng tôi 0912345678"
    assert mask_personal_data(text, allow) == text.replace("0912345678", PHONE)


def test_masking_twice_changes_nothing() -> None:
    once = mask_personal_data("Tôi là An, 0912345678, an@x.vn, CCCD 001099012345")
    assert mask_personal_data(once) == once


# --- written so as not to be found --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "０９１２３４５６７８", "𝟎𝟗𝟏𝟐 𝟑𝟒𝟓 𝟔𝟕𝟖", "٠٩١٢٣٤٥٦٧٨", "⓪⑨①②③④⑤⑥⑦⑧", "0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "0\u200b912\u200b345\u200b678",
        "0912\u00ad345\u00ad678", "0912–345–678", "0912 - 345 - 678", "0912_345_678", "0912/345/678", "0912,345,678",
        "0912 . 345 . 678", "0912\u2009345\u3000678", "0.9.1.2.3.4.5.6.7.8", "0912*345*678", "O912345678", "o9l2 345 678",
        "09I2345678", "+84-912-345-678", "(+84)0912345678", "＋84 912 345 678", "0̶9̶1̶2̶3̶4̶5̶6̶7̶8̶", "84.0912.345.678",
        "không chín một hai ba bốn năm sáu bảy tám", "Không, chín, một, hai, ba, bốn, năm, sáu, bẩy, tám",
        "khong chin mot hai ba bon nam sau bay tam",
    ],
)  # fmt: skip
def test_a_phone_number_in_disguise_is_masked(written: str) -> None:
    assert mask_personal_data(f"Gọi cho mình: {written} nhé") == f"Gọi cho mình: {PHONE} nhé"


@pytest.mark.parametrize(
    "text", ["sđt0912345678", "LH,0912345678", "số.0912345678", "0912345678nhé", "1900 0912345678"]
)
def test_a_phone_number_without_room_around_it_is_masked(text: str) -> None:
    assert PHONE in mask_personal_data(text)
    assert "345678" not in mask_personal_data(text)


@pytest.mark.parametrize("between", [",", "/", " ", ";", " và ", "\n", "–", " 24/11/2026 "])
def test_numbers_in_a_row_are_each_masked(between: str) -> None:
    masked = mask_personal_data(between.join(["0912345678", "0987 654 321", "02438253536", "+84912345678"]))
    assert not {"345678", "654", "321", "3825"} & set(masked.replace(PHONE, " ").split())
    assert masked.count(PHONE) == 4


@pytest.mark.parametrize(
    "written",
    [
        "ten＠gmail.com", "ten@gmail,com", "ten@gmail . com", "ten (at) gmail.com", "ten[at]gmail[dot]com", "t.en a còng gmail.com",
        "ten a còng gmail chấm com", "ten@\u200bgmail.com", "a" * 80 + "@gmail.com", "ten@a.b.c.d.e.f.vn", "tên.tôi@thư.vn",
    ],
)  # fmt: skip
def test_an_address_in_disguise_is_masked(written: str) -> None:
    assert mask_personal_data(f"Thư về {written} nhé") == f"Thư về {EMAIL} nhé"


@pytest.mark.parametrize(
    "text",
    [
        "CCCD: ００１０９９０１２３４５", "cccd 001.099.012.345", "can cuoc so 001-099-012-345", "số định danh 0010 9901 2345",
        "ho chieu C1234567", "chung minh thu 012 345 678",
    ],
)  # fmt: skip
def test_an_identity_number_in_disguise_is_masked(text: str) -> None:
    masked = mask_personal_data(text)
    assert ID_NUMBER in masked
    assert not any(letter.isdecimal() for letter in masked)


@pytest.mark.parametrize(
    "text", ["STK 19034567890123 ngân hàng A", "số tài khoản: 0011 0043 21987", "tk ngân hàng 105868999"]
)
def test_an_account_is_masked(text: str) -> None:
    masked = mask_personal_data(text)
    assert ACCOUNT in masked
    assert not any(letter.isdigit() for letter in masked)


@pytest.mark.parametrize(
    "text",
    [
        "03/12/2025 08:30, 03-12-2025 08:30, 03.12.2025 10 giờ", "2026-11-24 08:00:00", "08:30 03/12/2025",
        "tọa độ 21.0285, 105.8048", "gọi 1022, 113, 114", "biển số 30A-123.45 và 29-B1 234.56", "tổng đài 1900 1234 hoặc 1800 5777",
        "550e8400-e29b-41d4-a716-446655440000", "0193a1b2-0901-7123-95ab-0123456789ab", "giá 1.250.000 - 3.500.000 đồng",
        "từ 84.912.345.678 đồng", "điểm 8,5 9,0 7,25", "Nghị định 123/2020/NĐ-CP ngày 19/10/2020", "số 1.234.567 lượt xem",
        "không ba, không năm thì sao", "một hai ba bốn năm sáu bảy tám chín mười", "vòng đua 24 giờ 2025-2026", "@toàn_dân (at) chỗ này",
        "công ty còng lưng", "100m² đất, 30 m2 nhà", "ISBN 978-604-1-12345-6", "1/2/3/4/5/6/7/8",
    ],
)  # fmt: skip
def test_what_is_not_personal_stays_in_every_form(text: str) -> None:
    assert mask_personal_data(text) == text


_SCRIPTS = [0x30, 0xFF10, 0x0660, 0x0966, 0x1D7CE, 0x1D7EC]
_BETWEEN = ["", " ", ".", "-", " - ", "\u200b", "\u00a0", "–", "_", "/", "·", "\u2009", "\ufeff", "  ", ") "]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["0912345678", "0398765432", "02438253536", "01691234567"]),
    st.lists(st.tuples(st.sampled_from(_SCRIPTS), st.sampled_from(_BETWEEN)), min_size=11, max_size=11),
    st.sampled_from(["", "Gọi ", "sđt:", "mình,", "(", "24/11/2026 "]),
    st.sampled_from(["", ".", " nhé", ", cảm ơn", "!"]),
)
def test_no_mixture_of_digits_and_separators_hides_a_phone_number(
    number: str, disguise: list[tuple[int, str]], before: str, after: str
) -> None:
    written = "".join(chr(zero + int(digit)) + sep for digit, (zero, sep) in zip(number, disguise, strict=False))
    masked = mask_personal_data(before + written.rstrip(" -–_/·.)") + after)
    left = [letter for letter in masked.removeprefix(before) if unicodedata.category(letter) == "Nd"]
    assert len(left) < 3, masked


def test_a_long_text_of_digits_is_masked_in_time() -> None:
    for text in (
        "0912 " * 40_000,
        "1" * 200_000,
        "1.234." * 30_000,
        "a@" * 100_000,
        "không " * 30_000,
        "(+" * 100_000,
        "0,1 " * 50_000,
    ):
        assert mask_personal_data(text) is not None
