"""The section “Sự kiện chỉ đạo, điều hành”: how many minutes passed from each activity to the first official post.

What is late carries the word TRỄ in the data itself, so that no format can leave it out; papers print it dark red and
bold (`mark:late`), Markdown bold.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.activities import Measured, Row, Told, figures, measure
from libs.common.masking import mask_personal_data
from libs.common.models.agenda import MeasuredFrom
from services.reports import events_queries as queries
from services.reports.domain import Period, clip, figure, iso

Data = dict[str, Any]
LATE = "TRỄ"
SOURCE = "agenda_events, agenda_kinds, deliveries (bàn sự kiện, đăng tin)"
MINUTES = "giờ thấy bài chính thức đầu tiên - mốc tính của sự kiện; trống khi chưa thấy bài nào, âm khi bài có trước"
BEHIND = "số phút quá hạn, đến bài chính thức đầu tiên hoặc, khi chưa có bài, đến lúc chốt số liệu"
NAMED = 50
"""Activities that are named at most; those that are late come before the others."""
BASE = {MeasuredFrom.START: "bắt đầu", MeasuredFrom.END: "kết thúc"}
STATES = {
    Told.CANCELLED: "Đã hủy",
    Told.NO_HOUR: "Cả ngày, không có giờ để tính",
    Told.AHEAD: "Chưa kết thúc",
    Told.WAITING: "Đang chờ tin, còn trong hạn",
    Told.IN_TIME: "Đúng hạn",
    Told.LATE: f"{LATE}: đã có tin, sau hạn",
    Told.OVERDUE: f"{LATE}: quá hạn, chưa có tin",
}


async def gather_events(session: AsyncSession, period: Period, as_of: datetime) -> Data:
    """Figures of the period's activities, and each of them that was not cancelled."""
    found = [(row, unit, measure(row.activity, as_of)) for row, unit in await queries.activities(session, period)]
    shown = [each for each in found if each[2].told is not Told.CANCELLED]
    shown.sort(key=lambda each: not each[2].is_late)
    return {
        "as_of": iso(as_of),
        "source": SOURCE,
        "late_mark": LATE,
        "counts": _counts([measured for *_, measured in found], as_of),
        "named": [_named(row, unit, measured, as_of) for row, unit, measured in shown[:NAMED]],
        "not_named": max(len(shown) - NAMED, 0),
    }


def _counts(measured: Sequence[Measured], as_of: datetime) -> Data:
    told = figures(measured)

    def count(value: float | None, formula: str, unit: str = "sự kiện") -> Data:
        return figure(value, as_of=as_of, source=SOURCE, formula=formula, unit=unit)

    return {
        "activities": count(told.activities, "số sự kiện diễn ra hoặc đến hạn có tin trong kỳ, kể cả đã hủy"),
        "counted": count(told.counted, "số sự kiện có giờ, không hủy, đã đến mốc tính hoặc đã có tin"),
        "in_time": count(told.in_time, "bài chính thức đầu tiên được thấy trong hạn của loại sự kiện"),
        "late": count(told.late, "bài chính thức đầu tiên được thấy sau hạn"),
        "overdue": count(told.overdue, "quá hạn mà chưa thấy bài chính thức nào tại lúc chốt số liệu"),
        "waiting": count(told.waiting, "chưa có tin, còn trong hạn tại lúc chốt số liệu"),
        "median_minutes": count(
            told.median_minutes, "trung vị số phút từ sự kiện đến bài đầu tiên; trống khi chưa có bài nào", "phút"
        ),
        "share_in_time": count(
            None if told.share_in_time is None else round(100 * told.share_in_time, 2),
            "đúng hạn ÷ (đúng hạn + trễ + quá hạn chưa có tin) × 100; trống khi chưa sự kiện nào đến hạn",
            "%",
        ),
    }


def _named(row: Row, unit: str, measured: Measured, as_of: datetime) -> Data:
    event = row.event
    behind = ((row.first_post_at or as_of) - measured.due_at).total_seconds() / 60 if measured.is_late else None
    return {
        "title": clip(mask_personal_data(event.title)),
        "place": clip(mask_personal_data(event.place)) if event.place else None,
        "unit": unit,
        "kind": row.kind.name if row.kind else None,
        "starts_at": iso(event.starts_at),
        "counted_from": iso(measured.counted_from),
        "counted_from_name": BASE[measured.measured_from],
        "due_at": iso(measured.due_at),
        "target_minutes": measured.target_minutes,
        "first_post_at": iso(row.first_post_at),
        "told": measured.told.value,
        "told_name": STATES[measured.told],
        "is_late": measured.is_late,
        "minutes": figure(measured.minutes, as_of=as_of, source=SOURCE, formula=MINUTES, unit="phút"),
        "minutes_behind": figure(
            None if behind is None else round(behind, 1),
            as_of=as_of,
            source=SOURCE,
            formula=BEHIND,
            unit="phút",
        ),
    }
