"""Feedback by place, month by month: counted once when a month of the city's reports is over, and never again.

Everything that leaves the house by place is made of these cells (open data, reports on feedback), so that no two
publications can be subtracted from each other; see `libs.common.small_counts`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.models import PlaceMonth
from libs.common.small_counts import publishable
from services.reports.domain import Period
from services.reports.open_data import queries
from services.reports.periods import Cadence, CutOffs, last_period

Cells = list[dict[str, Any]]
MOST_MONTHS = 120
"""How far back months are made up for."""
NO_WARD = ("", "Chưa rõ địa bàn")
NO_UNIT = ("", "Chưa giao, hoặc đơn vị không còn hoạt động")


async def freeze_closed_months(session: AsyncSession, cut: CutOffs, now: datetime) -> int:
    """How many were frozen. A month that overlaps a frozen one, as after a change of the cut-off, is left out."""
    first = await queries.first_case_at(session)
    if first is None:
        return 0
    frozen = await queries.frozen_periods(session)
    missing = [each for each in closed_months(cut, first, now) if not any(_overlap(each, one) for one in frozen)]
    for period in missing:
        await queries.add_month(session, await _count(session, period, now))
    return len(missing)


def closed_months(cut: CutOffs, first: datetime, now: datetime) -> Iterable[Period]:
    period = last_period(Cadence.MONTHLY, cut, now)
    for _ in range(MOST_MONTHS):
        if period.end <= first:
            return
        yield period
        period = last_period(Cadence.MONTHLY, cut, period.start)


def _overlap(one: Period, other: Period) -> bool:
    return one.start < other.end and other.start < one.end


async def _count(session: AsyncSession, period: Period, now: datetime) -> PlaceMonth:
    last_day = (period.end - timedelta(microseconds=1)).astimezone(HANOI).date()
    wards = await queries.wards_on(session, last_day)
    units = await queries.units_on(session, last_day)
    return PlaceMonth(
        period_from=period.start,
        period_to=period.end,
        frozen_at=now,
        wards=cells_of(wards, await queries.cases_by_ward(session, period), NO_WARD),
        units=cells_of(units, await queries.cases_by_unit(session, period), NO_UNIT, wards),
    )


def cells_of(
    names: Mapping[str, str],
    counted: Mapping[str, int],
    rest: tuple[str, str],
    places: Collection[str] | None = None,
) -> Cells:
    """[{code, name, cases}] of everything in `names` (code → name) and, as `rest`, of what is of none of them.

    `places`: codes of those that are a place, where not all are. The others are departments: their cases are listed one
    by one by Open311 already, so the sum of the places is known, and the rule counts on that.
    """
    counts = dict.fromkeys([*names, rest[0]], 0)
    for code, count in counted.items():
        counts[code if code in names else rest[0]] += count
    told = {**names, rest[0]: rest[1]}
    held = publishable({code: n for code, n in counts.items() if places is None or code in places or code == rest[0]})
    return [{"code": code, "name": told[code], "cases": held.get(code, counts[code])} for code in told]


@dataclass(frozen=True)
class Places:
    """By place over one or more frozen months."""

    wards: Cells
    units: Cells


async def places_of(session: AsyncSession, period: Period) -> Places | None:
    """What may be said of a period; None where it is not made of whole frozen months."""
    months = await queries.months_within(session, period)
    edges = [period.start, *(month.period_to for month in months)]
    if not months or [month.period_from for month in months] != edges[:-1] or edges[-1] != period.end:
        return None
    return Places(summed([month.wards for month in months]), summed([month.units for month in months]))


def summed(months: Sequence[Cells]) -> Cells:
    """Cells added over months; None where one of them is held back."""
    found: dict[str, dict[str, Any]] = {}
    missing = {cell["code"] for month in months for cell in month if cell["cases"] is None}
    for cell in (cell for month in months for cell in month):
        kept = found.setdefault(cell["code"], {**cell, "cases": 0})
        kept["name"] = cell["name"]
        kept["cases"] = None if cell["code"] in missing else kept["cases"] + cell["cases"]
    return list(found.values())
