"""The pure rules of programmes, by tables of cases."""

from datetime import date
from typing import Any

import pytest

from services.reports.programmes.rules import Facts, standing

BEGAN, TODAY = date(2020, 1, 1), date(2026, 11, 24)


def facts(programme: str = "running", ends: date = date(2030, 12, 31), row: str = "open", **more: Any) -> Facts:
    return Facts(programme_state=programme, period_from=BEGAN, period_to=ends, state=row, **more)


@pytest.mark.mission("M32")
@pytest.mark.parametrize(
    ("programme", "ends", "row", "late"),
    [
        ("running", date(2026, 11, 23), "open", True),
        ("running", date(2026, 11, 23), "in_progress", True),
        ("running", date(2026, 11, 23), "done", False),
        ("running", date(2026, 11, 24), "open", False),
        ("running", date(2030, 12, 31), "open", False),
        ("ended", date(2025, 12, 31), "open", False),
        ("ended", date(2019, 1, 1), "in_progress", False),
        ("draft", date(2025, 12, 31), "open", False),
    ],
)
def test_only_a_running_programme_is_ever_late(programme: str, ends: date, row: str, late: bool) -> None:
    assert standing(facts(programme, ends, row), TODAY).is_overdue is late


@pytest.mark.mission("M32")
def test_a_row_has_a_day_of_its_own_before_the_programme_has() -> None:
    early = standing(facts(due_on=date(2026, 6, 30)), TODAY)
    assert (early.due_on, early.is_overdue) == (date(2026, 6, 30), True)
    assert not standing(facts(due_on=date(2026, 6, 30), is_withdrawn=True), TODAY).is_overdue
    assert not standing(facts(due_on=date(2026, 12, 31), row="done"), TODAY).is_waiting


QUARTERLY: dict[str, Any] = {
    "starts_on": date(2026, 1, 1),
    "due_on": date(2026, 3, 31),
    "every": "quarter",
    "until_on": date(2026, 12, 31),
}


@pytest.mark.mission("M32")
@pytest.mark.parametrize(
    ("reported", "due", "late", "waits"),
    [
        (None, date(2026, 9, 30), True, True),
        (date(2026, 6, 30), date(2026, 9, 30), True, True),
        (date(2026, 7, 1), date(2026, 12, 31), False, True),  # in the third turn
        (date(2026, 10, 5), date(2026, 12, 31), False, False),  # late, and so already in the fourth
    ],
)
def test_a_row_that_falls_due_again_waits_for_a_word_in_each_turn(
    reported: date | None, due: date, late: bool, waits: bool
) -> None:
    found = standing(facts(reported_on=reported, **QUARTERLY), TODAY)
    assert (found.due_on, found.is_overdue, found.is_waiting) == (due, late, waits)


@pytest.mark.mission("M32")
def test_after_its_last_turn_a_row_waits_for_nothing_more() -> None:
    found = standing(facts(reported_on=date(2027, 1, 5), **QUARTERLY), date(2027, 6, 1))
    assert (found.due_on, found.is_overdue, found.is_waiting) == (date(2026, 12, 31), False, False)
