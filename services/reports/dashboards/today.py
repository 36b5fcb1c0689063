"""The day so far: what came in, what is said back, what waits, and what goes on or comes today."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from libs.common.clock import midnight
from libs.common.models.enums import Role
from services.reports.daily import quoted
from services.reports.dashboards import today_queries as queries
from services.reports.dashboards.parts import SHOWN, Look, actor
from services.reports.dashboards.schemas import FigureOut, ItemKind, TodayFigures, TodayItem, TodayOut
from services.reports.domain import known_part
from services.reports.issuing.access import READERS

HREFS = {
    ItemKind.SITUATION: "/api/publish/v1/situations/{}",
    ItemKind.PAUSE: "/api/publish/v1/pauses/{}",
    ItemKind.PUBLICATION: "/api/publish/v1/publications/{}",
    ItemKind.ACTIVITY: "/api/publish/v1/agenda/events/{}",
}
EMPTY = "Hôm nay chưa có tình huống, bài hẹn giờ hay hoạt động nào trong đơn vị của bạn."


async def today(look: Look) -> TodayOut:
    since = midnight(look.as_of)
    until = since + queries.DAY
    units = look.sight.units
    rows = await look.tried(queries.going_on(look.session, units, look.as_of, until, SHOWN))
    return TodayOut(
        as_of=look.as_of,
        note=None if rows else EMPTY,
        since=since,
        figures=TodayFigures(
            **await _arrivals(look, since),
            **await _signals(look),
            **await _feedback(look, since),
            **await _announced(look, since, until),
        ),
        items=[_item(row) for row in rows or ()],
    )


async def _arrivals(look: Look, since: datetime) -> dict[str, FigureOut]:
    came = await look.tried(queries.arrived(look.session, since, look.as_of))
    done = await look.tried(queries.labelled(look.session, since))
    items = came.items if came else None
    is_watched = came and came.watched_since and came.watched_since <= since - 7 * queries.DAY
    usual = round(came.before / 7, 1) if came and is_watched else None
    classified = known_part(done.classified, done=done.classified, of=items or 0) if done else None
    stories = known_part(done.stories, done=done.grouped, of=items or 0) if done else None
    contents = "contents (tiếp nhận)"
    return {
        "items": look.figure(items, contents, "số mục tin gặp lần đầu từ 0 giờ hôm nay", "mục tin"),
        "items_usual": look.figure(
            usual, contents, "trung bình cùng khoảng giờ của 7 ngày trước; trống khi theo dõi chưa đủ 7 ngày", "mục tin"
        ),
        "classified": look.figure(
            classified,
            "annotations (phân loại)",
            "số mục tin từ 0 giờ hôm nay đã được phân loại; trống khi chưa mục tin nào được phân loại",
            "mục tin",
        ),
        "stories": look.figure(
            stories,
            "story_items (phân loại)",
            "số câu chuyện có mục tin từ 0 giờ hôm nay; trống khi chưa mục tin nào được xếp vào câu chuyện",
            "câu chuyện",
        ),
    }


async def _signals(look: Look) -> dict[str, FigureOut]:
    found = await look.tried(queries.signals(look.session, look.sight.units, is_city=look.sight.is_city))
    is_counted = found is not None and found.counted is not None
    return {
        "bursts": look.figure(
            found.bursts if found and is_counted else None,
            "bursts (phân loại)",
            "số đợt tăng bất thường đang diễn ra; trống khi chưa mục tin nào được đếm",
            "đợt tăng",
            found.counted if found else None,
        ),
        "alerts": look.figure(
            found.alerts if found else None,
            "alerts (phân loại)",
            "số cảnh báo chưa ai nhận, của thành phố và của đơn vị bạn",
            "cảnh báo",
        ),
    }


async def _feedback(look: Look, since: datetime) -> dict[str, FigureOut]:
    seen = look.sight.cases_of(*READERS)
    found = await look.tried(queries.feedback(look.session, seen, since))
    cases = "feedback_cases (tiếp nhận)"
    where = "mọi đơn vị" if seen is None else "đơn vị của bạn"
    return {
        "feedback_received": look.figure(
            found.received if found else None, cases, f"số phản ánh nhận từ 0 giờ hôm nay, {where}", "phản ánh"
        ),
        "feedback_answered": look.figure(
            found.answered if found else None,
            "case_events (tiếp nhận)",
            f"số phản ánh có bước trả lời từ 0 giờ hôm nay, {where}",
            "phản ánh",
        ),
        "feedback_waiting": look.figure(
            found.waiting if found else None, cases, f"số phản ánh chưa trả lời, {where}", "phản ánh"
        ),
    }


async def _announced(look: Look, since: datetime, until: datetime) -> dict[str, FigureOut]:
    sight, source = look.sight, "publications (đăng tin)"
    out = await look.tried(queries.published(look.session, sight.units, since, is_city=sight.is_city))
    next_ = await look.tried(queries.ahead(look.session, sight.units, look.as_of, until))
    where = "mọi đơn vị" if sight.is_city else "đơn vị của bạn"
    mine = "đơn vị của bạn, không kể diễn tập"
    return {
        "published": look.figure(
            out.published if out else None, source, f"số bài lên kênh đầu tiên từ 0 giờ hôm nay, {where}", "bài"
        ),
        "corrections": look.figure(
            out.corrections if out else None, source, f"trong đó là bản đính chính, {where}", "bản đính chính"
        ),
        "scheduled": look.figure(
            next_.scheduled if next_ else None, source, f"số bài đã duyệt, hẹn giờ đến hết hôm nay, {mine}", "bài"
        ),
        "approvals": look.figure(next_.approvals if next_ else None, source, f"số bài chờ duyệt, {mine}", "bài"),
        "tasks": look.figure(
            next_.tasks if next_ else None, "tasks (đăng tin)", f"số việc cần người làm chưa xong, {mine}", "việc"
        ),
    }


def _item(row: Row[Any]) -> TodayItem:
    kind = ItemKind(row.kind)
    return TodayItem(
        kind=kind,
        id=row.id,
        title=_paused(row.unit) if kind is ItemKind.PAUSE else quoted(row.title),
        unit=row.unit,
        is_drill=row.is_drill,
        since=row.since,
        at=row.at,
        who=actor(Role.SPOKESPERSON, row.unit) if kind in (ItemKind.PAUSE, ItemKind.SITUATION) else None,
        href=HREFS[kind].format(row.id),
    )


def _paused(unit: str | None) -> str:
    return f"Đang tạm dừng đăng tin của {unit or 'mọi đơn vị'}"
