"""What is personal in a citizen's text is masked; what merely looks like a number is not."""

import pytest

from libs.common.masking import EMAIL, ID_NUMBER, PHONE, mask_personal_data


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
