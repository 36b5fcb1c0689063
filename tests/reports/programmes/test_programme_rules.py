"""The pure rules of programmes, by tables of cases."""

from datetime import date

import pytest

from services.reports.programmes.rules import is_overdue


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
        ("ended", date(1999, 1, 1), "in_progress", False),
        ("draft", date(2025, 12, 31), "open", False),
    ],
)
def test_only_a_running_programme_is_ever_late(programme: str, ends: date, row: str, late: bool) -> None:
    found = is_overdue(programme_state=programme, period_to=ends, row_state=row, today=date(2026, 11, 24))
    assert found is late
