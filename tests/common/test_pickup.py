"""What a text shares with ours, by its own words: figures and names that say something, and whether that is enough."""

from datetime import UTC, datetime

import pytest

from libs.common.figures import told_figures
from libs.common.pickup import Version, names, shared

pytestmark = pytest.mark.mission("M20")
AT = datetime(2026, 11, 24, 5, tzinfo=UTC)


def version(text: str, title: str = "") -> Version:
    return Version(title, text, AT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Cấp nước cho 12.000 hộ dân từ 5h30, giá 45%", ["12.000 hộ dân", "5h30", "45%"]),
        ("Năm 2026 có 3 phường và 1 xã", []),
        ("", []),
    ],
)
def test_a_figure_that_says_something_has_two_digits_and_is_no_year(text: str, told: list[str]) -> None:
    assert sorted(told_figures(text).values()) == sorted(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sự cố tuyến ống D600 đường Trần Phú, phường Hà Đông.", ["D600", "Trần Phú", "Hà Đông"]),
        ("ông Nguyễn Văn Mẫu (Giám đốc) nói", ["Nguyễn Văn Mẫu"]),
        ("Tại Hà Nội, Việt Nam, trời mưa. Theo Công ty nước sạch", []),
        ("Công ty đã xong. Người dân vui", []),
    ],
)
def test_a_name_has_two_words_or_is_a_code(text: str, told: list[str]) -> None:
    assert [written for _, written in names(text)] == told


@pytest.mark.parametrize(
    ("theirs", "is_enough"),
    [
        ("Đường Trần Phú: 12.000 hộ dân mất nước, 40 công nhân sửa", True),
        ("Đường Trần Phú: 12.000 hộ dân mất nước", False),
        ("Cổng Thành phố cho biết 12.000 hộ dân mất nước", True),
        ("Cổng thành phố cho biết nước đã về", False),
        ("Mất nước ở Trần Phú, Kiến Hưng, Dương Nội", False),
    ],
)
def test_a_rewrite_shares_a_figure_and_more_or_names_its_source(theirs: str, is_enough: bool) -> None:
    ours = version("Trên đường Trần Phú, 12.000 hộ dân tại Kiến Hưng, Dương Nội mất nước; 40 công nhân đang sửa")
    assert shared(ours, version(theirs), "Cổng thành phố").is_enough is is_enough
