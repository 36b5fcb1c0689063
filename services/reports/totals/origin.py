"""What a figure says of itself where its period is read from totals. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.reports.domain import iso
from services.reports.totals.rules import Cover

TOTALS = "daily_totals (báo cáo)"


@dataclass(frozen=True)
class Origin:
    source: str
    formula: str
    as_of: datetime


def origin(cover: Cover, source: str, formula: str, now: datetime) -> Origin:
    """`source` and `formula`: of the figure where it is read from the rows, at `now`.

    From totals alone it is as of their latest count: days of which no rows are kept any more were counted before.
    """
    if cover.missing:
        formula = f"{formula}; chưa gồm {cover.missing_days} ngày không có số đếm"
    if not cover.days:
        return Origin(source, formula, now)
    rest = ", ngày chưa đếm đọc thẳng" if cover.raw else ""
    return Origin(f"{TOTALS} từ {source}{rest}", formula, now if cover.raw else max(cover.days.values()))


def coverage(cover: Cover) -> dict[str, Any]:
    """How many days of the period come from totals, between which instants they were counted, and which spans nobody
    knows any more."""
    counted = sorted(cover.days.values())
    return {
        "counted_days": len(counted),
        "counted_from": iso(counted[0]) if counted else None,
        "counted_to": iso(counted[-1]) if counted else None,
        "missing_days": cover.missing_days,
        "missing": [{"from": iso(span.start), "to": iso(span.end)} for span in cover.missing],
    }
