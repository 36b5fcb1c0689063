"""Columns are as wide as their words need: rows stay low, words stay whole, the page is filled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.papers.content import Table, words
from libs.common.papers.faces import width_mm
from libs.common.papers.grid import PADDING_MM, column_widths

ROOM, SIZE = 165.0, 12.0
HEADS = ("Sự kiện (đơn vị)", "Tính từ", "Hạn (phút)", "Sau (phút)", "Tình trạng")
EVENT = "Lãnh đạo thành phố kiểm tra hiện trường vụ cháy nhà xưởng ở Thạch Thất và chỉ đạo khắc phục"


def table(*rows: tuple[str, ...], heads: tuple[str, ...] = HEADS) -> Table:
    return Table(heads, tuple(tuple(words(cell) for cell in row) for row in rows))


def test_long_words_of_one_column_get_the_room_that_figures_do_not_need() -> None:
    row = (EVENT, "lúc kết thúc, 07:00 24/11/2026", "45", "30,0", "Đúng hạn")
    first, since, *others = column_widths(table(row, row), ROOM, SIZE)
    assert first > 2 * max(others)
    assert first > since


def test_a_table_of_short_words_is_one_line_a_row() -> None:
    cells = ("Trang tin tổng hợp", "86", "1")
    heads = ("Nhóm nguồn", "Mục tin", "Nguồn có tin")
    widths = column_widths(table(cells, heads=heads), ROOM, SIZE)
    for head, cell, width in zip(heads, cells, widths, strict=True):
        inside = width - 2 * PADDING_MM
        assert width_mm(head, SIZE, bold=True) <= inside
        assert width_mm(cell, SIZE) <= inside


def test_told_shares_are_kept() -> None:
    told = Table(("A", "B"), ((words(EVENT), words("1")),), widths=(1, 3))
    assert column_widths(told, 160, SIZE) == [40, 120]


@pytest.mark.parametrize("cell", ["", "\n\n", "x" * 5000])
def test_strange_cells_leave_every_column_some_room(cell: str) -> None:
    widths = column_widths(table((cell, "1", "", "", "")), ROOM, SIZE)
    assert min(widths) > 2 * PADDING_MM


@given(st.lists(st.tuples(*[st.text("ab cđ\n", max_size=80)] * 3), max_size=6))
def test_the_page_is_filled_and_short_words_are_whole(rows: list[tuple[str, ...]]) -> None:
    widths = column_widths(table(*rows, heads=("Một", "Hai", "Ba")), ROOM, SIZE)
    assert sum(widths) == pytest.approx(ROOM)
    for at, width in enumerate(widths):
        longest = max((width_mm(word, SIZE) for row in rows for word in row[at].split()), default=0.0)
        assert width >= min(longest, ROOM / 4)
