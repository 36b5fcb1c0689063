"""The time of a programme's row, read from the words of an annex."""

import unicodedata
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.models.programmes import Recurrence
from libs.common.programme_periods import STEPS, Timing, due_days, parse_period
from libs.common.text import unmark

BEGINS, ENDS = date(2022, 9, 29), date(2025, 12, 31)


def read(words: str) -> Timing | None:
    return parse_period(words, BEGINS, ENDS)


@pytest.mark.mission("M32")
@pytest.mark.parametrize(
    ("words", "starts", "due"),
    [
        ("Thường xuyên 2022-2025", "2022-01-01", "2025-12-31"),
        ("Thường xuyên\n2022 – 2025", "2022-01-01", "2025-12-31"),
        ("Thường xuyên", "2022-09-29", "2025-12-31"),
        ("Hằng ngày, 2023-2024", "2023-01-01", "2024-12-31"),
        ("Năm 2023", "2023-01-01", "2023-12-31"),
        ("Giai đoạn 2023 - 2025", "2023-01-01", "2025-12-31"),
        ("Từ năm 2023 đến năm 2024", "2023-01-01", "2024-12-31"),
        ("Từ năm 2023", "2023-01-01", "2025-12-31"),
        ("Năm 2023 và các năm tiếp theo", "2023-01-01", "2025-12-31"),
        ("Đến hết năm 2024", "2022-09-29", "2024-12-31"),
        ("Quý II/2023", "2023-04-01", "2023-06-30"),
        ("Quý IV năm 2022", "2022-10-01", "2022-12-31"),
        ("Quý I, II/2023", "2023-01-01", "2023-06-30"),
        ("Quý III/2022 - Quý II/2023", "2022-07-01", "2023-06-30"),
        ("Tháng 2/2024", "2024-02-01", "2024-02-29"),
        ("Tháng 6 - 12/2023", "2023-06-01", "2023-12-31"),
        ("từ tháng 6 đến tháng 8 năm 2023", "2023-06-01", "2023-08-31"),
        ("6 tháng đầu năm 2023", "2023-01-01", "2023-06-30"),
        ("Trước ngày 30/6/2023", "2022-09-29", "2023-06-29"),
        ("Xong trước tháng 6/2023", "2022-09-29", "2023-05-31"),
        ("Ngày 15 tháng 10 năm 2022", "2022-09-29", "2022-10-15"),
        ("Từ 01/01/2023 đến 31/03/2023", "2023-01-01", "2023-03-31"),
    ],
)
def test_a_time_that_comes_once(words: str, starts: str, due: str) -> None:
    assert read(words) == Timing(date.fromisoformat(starts), date.fromisoformat(due))


@pytest.mark.mission("M32")
@pytest.mark.parametrize(
    ("words", "every", "first", "count"),
    [
        ("Tháng 12 hằng năm", Recurrence.YEAR, "2022-12-31", 4),
        ("Tháng 6 hàng năm", Recurrence.YEAR, "2023-06-30", 3),
        ("Trước ngày 15/12 hằng năm", Recurrence.YEAR, "2022-12-14", 4),
        ("Quý IV hằng năm, 2023-2024", Recurrence.YEAR, "2023-12-31", 2),
        ("Hằng năm", Recurrence.YEAR, "2022-12-31", 4),
        ("Định kỳ 6 tháng", Recurrence.HALF, "2022-12-31", 7),
        ("Hằng quý", Recurrence.QUARTER, "2022-09-30", 14),
        ("Ngày 25 hằng tháng", Recurrence.MONTH, "2022-10-25", 39),
        ("Trước ngày 5 hàng tháng", Recurrence.MONTH, "2022-10-04", 39),
    ],
)
def test_a_time_that_comes_again(words: str, every: Recurrence, first: str, count: int) -> None:
    found = read(words)
    assert found is not None
    days = list(due_days(found))
    assert (found.every, days[0], len(days)) == (every, date.fromisoformat(first), count)


@pytest.mark.parametrize(
    "words", ["", "Theo yêu cầu", "Quý II", "Ngày 31/2/2023", "Tháng 13/2023", "Quý V/2023", "2025-2022", "?"]
)
def test_what_says_no_time_gives_none(words: str) -> None:
    assert read(words) is None


def test_a_quarter_without_a_year_is_of_a_programme_of_one_year() -> None:
    found = parse_period("Quý II", date(2026, 1, 1), date(2026, 12, 31))
    assert found == Timing(date(2026, 4, 1), date(2026, 6, 30))


def test_the_last_of_a_month_stays_the_last() -> None:
    found = parse_period("Hằng tháng", date(2024, 1, 1), date(2024, 12, 31))
    assert found is not None
    assert all((day + timedelta(days=1)).day == 1 for day in due_days(found))


# --- properties ---------------------------------------------------------------------------------------------

years = st.integers(2000, 2090)
programmes = st.tuples(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 4000)).map(
    lambda told: (told[0], told[0] + timedelta(days=told[1]))
)
pieces = st.sampled_from(
    ["Thường xuyên", "Hằng năm", "hàng quý", "tháng", "Quý", "IV", "năm", "2023", "2025", "-", "/", "12", "31", "trước",
     "ngày", "6 tháng", "đầu", "đến hết", "từ", ",", "hằng tháng", "2/2024", "30/2/2023", "các năm tiếp theo"]
)  # fmt: skip
anything = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=8).map(" ".join))


@given(anything, programmes)
def test_whatever_is_written_the_days_are_in_order(words: str, programme: tuple[date, date]) -> None:
    found = parse_period(words, *programme)
    if found is None:
        return
    days = list(due_days(found))
    assert days[0] == found.due_on
    assert found.starts_on <= found.due_on
    assert all(first < second for first, second in pairwise(days))
    if found.every is None:
        assert len(days) == 1
    else:
        assert found.until_on is not None
        assert days[-1] <= found.until_on
        months = [(day.year * 12 + day.month) for day in days]
        assert {second - first for first, second in pairwise(months)} <= {STEPS[found.every]}


@given(anything, programmes)
def test_marks_forms_and_spaces_make_no_difference(words: str, programme: tuple[date, date]) -> None:
    plain = parse_period(words, *programme)
    assert parse_period(unicodedata.normalize("NFD", words), *programme) == plain
    assert parse_period(f"  {unmark(words)}\n", *programme) == plain


@given(years, st.integers(0, 20))
def test_years_are_read_as_they_are_written(first: int, more: int) -> None:
    last = first + more
    whole = Timing(date(first, 1, 1), date(last, 12, 31))
    for words in (f"Thường xuyên {first}-{last}", f"Giai đoạn {first} – {last}", f"từ năm {first} đến năm {last}"):
        assert parse_period(words, BEGINS, ENDS) == whole


@given(years, st.integers(1, 12))
def test_months_and_quarters_are_read_as_they_are_written(year: int, month: int) -> None:
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    for words in (f"Tháng {month}/{year}", f"tháng {month:02d} năm {year}", f"{month}/{year}"):
        assert read(words) == Timing(date(year, month, 1), last)
    quarter = (month + 2) // 3
    found = read(f"Quý {('I', 'II', 'III', 'IV')[quarter - 1]}/{year}")
    assert found is not None
    assert (found.starts_on, found.due_on.month) == (date(year, 3 * quarter - 2, 1), 3 * quarter)


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)))
def test_days_are_read_as_they_are_written(day: date) -> None:
    for words in (
        f"{day:%d/%m/%Y}",
        f"ngày {day.day}/{day.month}/{day.year}",
        f"ngày {day:%d} tháng {day:%m} năm {day:%Y}",
    ):
        found = read(words)
        assert found is not None
        assert found.due_on == day
    before = read(f"Trước ngày {day:%d/%m/%Y}")
    assert before is not None
    assert before.due_on == day - timedelta(days=1)
