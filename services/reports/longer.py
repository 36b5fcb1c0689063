"""What the reports of a week, a month, a quarter, half a year and a year share: the sections of the day over a longer
period, the main counts beside those of the period before, and what was said day by day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from libs.common.models.enums import Field
from libs.common.papers.content import Picture
from services.reports import labels, longer_queries
from services.reports.charts.curves import Point, draw_multiples, draw_volume
from services.reports.daily import gather_counts, gather_daily
from services.reports.domain import Period, iso
from services.reports.kinds.base import About, Data, Gather
from services.reports.periods import Cadence, period_name

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
CHANGE = "(kỳ này - kỳ trước) / kỳ trước x 100; trống khi không biết kỳ trước hoặc kỳ trước bằng 0"


class Longer:
    """A periodic report over more than a day; a kind names its title and its cadence."""

    title: ClassVar[str]
    cadence: ClassVar[Cadence]
    about: ClassVar[About | None] = None

    async def gather(self, gather: Gather) -> Data:
        data = await gather_daily(gather)
        since = await longer_queries.watched_since(gather.session)
        return {
            **data,
            "compared": await _compared(gather, data, since),
            "volume": await _volume(gather, since),
            "fields": await _fields(gather),
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
    earlier = gather.period.before()
    is_known = since is not None and since <= earlier.start
    counted = await gather_counts(replace(gather, period=earlier)) if is_known else None
    rows = [
        _row(gather, name, data[section][one], counted[section][one]["value"] if counted else None)
        for name, section, one in MAIN
    ]
    return {"from": iso(earlier.start), "to": iso(earlier.end), "rows": rows}


def _row(gather: Gather, name: str, now: Data, before: float | None) -> Data:
    earlier = f"{now['formula'].replace('trong kỳ', 'trong kỳ trước')}; trống khi chưa theo dõi nguồn nào từ đầu kỳ đó"
    return {
        "name": name,
        "now": now,
        "before": gather.count(before, now["source"], earlier, now["unit"]),
        "change": gather.count(change(now["value"], before), now["source"], CHANGE, "%"),
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
    counts = await longer_queries.items_by_day(gather.session, days)
    return _series(
        gather,
        days,
        values=_known(days, counts, since),
        source="contents (tiếp nhận)",
        formula="số mục tin gặp lần đầu trong mỗi 24 giờ tính từ đầu kỳ; trống trước khi theo dõi nguồn đầu tiên",
    )


async def _fields(gather: Gather) -> Data:
    days = days_of(gather.period)
    found: dict[str, dict[datetime, int]] = defaultdict(dict)
    for field, day, count in await longer_queries.fields_by_day(gather.session, gather.period):
        found[field][day] = int(count)
    since = await longer_queries.fields_since(gather.session)
    names = [field for field in Field if field.value in found]
    rows = [
        {
            "field": field.value,
            "name": labels.FIELDS[field],
            "values": _known(days, [found[field.value].get(day.start, 0) for day in days], since),
        }
        for field in names
    ]
    return _series(
        gather,
        days,
        rows=rows,
        source="series_points (phân loại)",
        formula="số mục tin đã phân loại vào lĩnh vực trong mỗi 24 giờ tính từ đầu kỳ; trống trước ngày có số đếm cũ "
        "nhất còn giữ",
    )


def _known(days: Sequence[Period], counts: Sequence[int], since: datetime | None) -> list[int | None]:
    """A day that ended before anything was counted is not 0 but unknown."""
    return [count if since and since < day.end else None for day, count in zip(days, counts, strict=True)]


def _series(gather: Gather, days: Sequence[Period], *, source: str, formula: str, **more: object) -> Data:
    return {
        "days": [iso(day.start) for day in days],
        "as_of": iso(gather.as_of),
        "source": source,
        "formula": formula,
        "unit": "mục tin",
        **more,
    }


def points_of(days: Sequence[str], values: Sequence[int | None]) -> list[Point]:
    return [Point(datetime.fromisoformat(day), value) for day, value in zip(days, values, strict=True)]
