"""What the reports of a week, a month, a quarter, half a year and a year share: the sections of the day over a longer
period, the main counts beside those of the period before, and what was said day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from libs.common.label_names import FIELDS
from libs.common.models.enums import Field
from libs.common.models.totals import Measure
from libs.common.papers.content import Picture
from services.reports import longer_queries
from services.reports.charts.curves import Point, draw_multiples, draw_volume
from services.reports.daily import gather_counts, gather_daily
from services.reports.domain import Period, iso
from services.reports.kinds.base import About, Data, Gather
from services.reports.periods import Cadence, period_name
from services.reports.totals import reading
from services.reports.totals.origin import coverage, origin
from services.reports.totals.rules import is_midnight

DAY = timedelta(days=1)
MAIN = (
    ("Mục tin", "items", "total"),
    ("Câu chuyện", "stories", "count"),
    ("Mục tin đã phân loại", "kinds", "classified"),
    ("Phản ánh nhận được", "feedback", "opened"),
    ("Phản ánh được trả lời", "feedback", "answered"),
    ("Tuyên bố mới mở", "claims", "opened"),
    ("Bài xác nhận nhắc lại một tuyên bố", "claims", "confirmed_matches"),
    ("Bản đính chính đã đăng", "claims", "corrections"),
)
"""What is compared: (name, section, figure). Only what a period has for good; what waits now has no before."""
CHANGE = "(kỳ này - kỳ trước) / kỳ trước x 100; trống khi một kỳ không biết đủ hoặc kỳ trước bằng 0"
UNKNOWN = "trống khi chưa theo dõi nguồn nào từ đầu kỳ đó hoặc có ngày không có số đếm"
BLANK = "trống trước khi theo dõi nguồn đầu tiên và khi ngày không có số đếm"


class Longer:
    """A periodic report over more than a day; a kind names its title and its cadence."""

    title: ClassVar[str]
    cadence: ClassVar[Cadence]
    about: ClassVar[About | None] = None

    async def gather(self, gather: Gather) -> Data:
        gather = await gather.covered()
        data = await gather_daily(gather)
        since = await longer_queries.watched_since(gather.session)
        volume = await _volume(gather, since)
        return {
            **data,
            "coverage": coverage(gather.read_by),
            "compared": await _compared(gather, data, since),
            "volume": volume,
            "fields": await _fields(gather, volume["values"]),
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Thông tin trên không gian mạng {period_name(self.cadence, period)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        volume, fields = data["volume"], data["fields"]
        rows = [(row["name"], points_of(fields["days"], row["values"])) for row in fields["rows"]]
        return {
            "volume": draw_volume(
                points_of(volume["days"], volume["values"]), what="Số mục tin mỗi ngày", unit=volume["unit"]
            ),
            "fields": draw_multiples(rows, what="Số mục tin mỗi ngày", unit=fields["unit"]),
        }


async def _compared(gather: Gather, data: Data, since: datetime | None) -> Data:
    period = gather.period.before()
    earlier = await replace(gather, period=period).covered()
    counted = await gather_counts(earlier)
    is_known = since is not None and since <= period.start and not earlier.read_by.missing
    rows = [_row(gather, name, data[section][one], counted[section][one], is_known) for name, section, one in MAIN]
    return {"from": iso(period.start), "to": iso(period.end), "rows": rows}


def _row(gather: Gather, name: str, now: Data, then: Data, is_known: bool) -> Data:
    before = then["value"] if is_known else None
    formula = f"{then['formula'].replace('trong kỳ', 'trong kỳ trước')}; {UNKNOWN}"
    is_whole = not gather.read_by.missing
    return {
        "name": name,
        "now": now,
        "before": {**then, "value": before, "formula": formula},
        "change": gather.count(change(now["value"], before) if is_whole else None, now["source"], CHANGE, "%"),
    }


def change(now: float | None, before: float | None) -> float | None:
    """In percent of what was before, to one decimal."""
    return percent(now - before, before) if now is not None and before is not None else None


def percent(part: float, whole: float) -> float | None:
    """To one decimal; nothing of nothing is no share."""
    return round(part / whole * 100, 1) if whole else None


def days_of(period: Period) -> list[Period]:
    """Days of 24 hours from the period's start; the last one ends with it."""
    days, start = [], period.start
    while start < period.end:
        days.append(Period(start, min(start + DAY, period.end)))
        start += DAY
    return days


async def _volume(gather: Gather, since: datetime | None) -> Data:
    days = days_of(gather.period)
    counts = await reading.counts_by_span(gather.session, gather.read_by, Measure.ITEMS, days)
    return _series(
        gather,
        days,
        values=known_days(days, [None if one is None else sum(one.values()) for one in counts], since),
        source="contents (tiếp nhận)",
        formula=f"số mục tin gặp lần đầu trong mỗi 24 giờ tính từ đầu kỳ; {BLANK}",
    )


async def _fields(gather: Gather, volume: Sequence[int | None]) -> Data:
    days = days_of(gather.period)
    counts = await reading.counts_by_span(gather.session, gather.read_by, Measure.FIELDS, days)
    known = [
        None if arrived is None or (arrived and not found) else found
        for found, arrived in zip(counts, volume, strict=True)
    ]
    rows = [
        {
            "field": field.value,
            "name": FIELDS[field],
            "values": [None if one is None else one.get(field, 0) for one in known],
        }
        for field in Field
        if any(field in one for one in counts if one)
    ]
    return _series(
        gather,
        days,
        rows=rows,
        source="annotations (phân loại)",
        formula=f"số mục tin gặp trong mỗi 24 giờ tính từ đầu kỳ đã phân loại vào lĩnh vực; {BLANK}, "
        "hoặc chưa mục tin nào của ngày được phân loại",
    )


def known_days(days: Sequence[Period], counts: Sequence[int | None], since: datetime | None) -> list[int | None]:
    """A day that ended before anything was counted is not 0 but unknown."""
    return [count if since and since < day.end else None for day, count in zip(days, counts, strict=True)]


def _series(gather: Gather, days: Sequence[Period], *, source: str, formula: str, **more: object) -> Data:
    cover = gather.read_by
    if not is_midnight(gather.period.start):
        cover = replace(cover, days={})  # days that begin at noon are in no totals
    told = origin(replace(cover, missing=()), source, formula, gather.as_of)
    return {
        "days": [iso(day.start) for day in days],
        "as_of": iso(told.as_of),
        "source": told.source,
        "formula": told.formula,
        "unit": "mục tin",
        **more,
    }


def points_of(days: Sequence[str], values: Sequence[int | None]) -> list[Point]:
    return [Point(datetime.fromisoformat(day), value) for day, value in zip(days, values, strict=True)]
