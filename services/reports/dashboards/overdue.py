"""What is past its time, the longest first, with who has to act. Words of citizens are not quoted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from libs.common import activities
from libs.common import models as m
from libs.common.activities import Told, measure
from libs.common.clock import HANOI
from libs.common.label_names import KINDS
from libs.common.models.enums import Role, TextKind
from libs.common.models.feedback import DataRequestKind
from libs.common.units import load_stored_register
from services.reports.daily import quoted
from services.reports.dashboards import overdue_queries as queries
from services.reports.dashboards.parts import SHOWN, Look, actor
from services.reports.dashboards.schemas import ItemKind, OverdueFigures, OverdueItem, OverdueOut
from services.reports.dashboards.sight import CASE_READERS
from services.reports.issuing.access import READERS
from services.reports.programmes.views import leads_of, standing_of, today_of

EMPTY = "Không có việc nào quá hạn trong đơn vị của bạn."
REQUESTS = {DataRequestKind.ACCESS: "xem dữ liệu", DataRequestKind.ERASURE: "xóa dữ liệu"}
COUNTED: Mapping[str, tuple[ItemKind, str, str, str]] = {
    "data_requests": (
        ItemKind.DATA_REQUEST,
        "data_requests (tiếp nhận)",
        "số yêu cầu về dữ liệu cá nhân đã quá hạn trả lời",
        "yêu cầu",
    ),
    "tasks": (ItemKind.TASK, "tasks (đăng tin)", "số việc chưa xong đã quá giờ, không kể diễn tập", "việc"),
    "assignments": (
        ItemKind.ASSIGNMENT,
        "assignments, assignment_progress (báo cáo)",
        "số dòng quá hạn của các chương trình đang thực hiện",
        "nhiệm vụ",
    ),
    "activities": (
        ItemKind.ACTIVITY,
        "agenda_events (đăng tin)",
        f"số hoạt động của {queries.LOOKED_BACK.days} ngày qua đã quá giờ đưa tin",
        "hoạt động",
    ),
    "deliveries": (
        ItemKind.DELIVERY,
        "watchdog_alerts, deliveries (đăng tin)",
        "số bài đến giờ mà chuông báo động chưa thấy trên kênh, không kể diễn tập",
        "bài",
    ),
    "takedowns": (
        ItemKind.TAKEDOWN,
        "watchdog_alerts, takedowns (đăng tin)",
        "số lượt gỡ, đính chính quá lâu chưa xong trên mọi kênh, không kể diễn tập",
        "lượt",
    ),
}
"""Figure → which items it counts, where they are read, how, in what."""
Items = list[OverdueItem]


async def overdue(look: Look) -> OverdueOut:
    late = await look.tried(_late_cases(look))
    count, cases = late or (None, None)
    watched = await look.tried(_watched(look))
    parts = {
        ItemKind.DATA_REQUEST: await look.tried(_data_requests(look)),
        ItemKind.TASK: await look.tried(_tasks(look)),
        ItemKind.ASSIGNMENT: await look.tried(_assignments(look)),
        ItemKind.ACTIVITY: await look.tried(_activities(look)),
        ItemKind.DELIVERY: _only(watched, ItemKind.DELIVERY),
        ItemKind.TAKEDOWN: _only(watched, ItemKind.TAKEDOWN),
    }
    items = [item for part in (cases, *parts.values()) for item in part or ()]
    items.sort(key=lambda item: (item.due_at, str(item.id)))
    note = None if items or count else EMPTY
    return OverdueOut(as_of=look.as_of, note=note, figures=_figures(look, count, parts), items=items[:SHOWN])


def _figures(look: Look, cases: int | None, parts: Mapping[ItemKind, Items | None]) -> OverdueFigures:
    late = "số phản ánh chưa trả lời và đã quá hạn tiếp nhận hoặc quá hạn xử lý"
    return OverdueFigures(
        feedback_cases=look.figure(cases, "feedback_cases (tiếp nhận)", late, "phản ánh"),
        **{
            name: look.figure(_real(parts[kind]), source, formula, unit)
            for name, (kind, source, formula, unit) in COUNTED.items()
        },
    )


def _real(items: Items | None) -> int | None:
    return None if items is None else sum(not item.is_drill for item in items)


def _only(items: Items | None, kind: ItemKind) -> Items | None:
    return None if items is None else [item for item in items if item.kind is kind]


# --- reports of citizens ------------------------------------------------------------------------------------


async def _late_cases(look: Look) -> tuple[int, Items]:
    """How many there are, and the first of those that the caller may read."""
    sight = look.sight
    counted, read = sight.cases_of(*READERS), sight.cases_of(*CASE_READERS)
    rows = await queries.cases(look.session, counted, read, look.as_of, SHOWN)
    return (rows[0].cases if rows else 0), [_case(row) for row in rows if row.is_readable]


def _case(row: Row[Any]) -> OverdueItem:
    return OverdueItem(
        kind=ItemKind.FEEDBACK_CASE,
        id=row.id,
        title=f"{row.reference}: {KINDS[TextKind(row.kind)]}",
        unit=row.unit,
        since=row.since,
        due_at=row.due_at,
        who=actor(Role.FEEDBACK_OFFICER, row.unit),
        href=f"/api/ingest/v1/feedback-cases/{row.id}",
    )


async def _data_requests(look: Look) -> Items:
    rows = await queries.data_requests(look.session, look.sight.cases_of(*CASE_READERS), look.as_of)
    return [
        OverdueItem(
            kind=ItemKind.DATA_REQUEST,
            id=row.id,
            title=f"{row.reference}: yêu cầu {REQUESTS[DataRequestKind(row.kind)]}",
            unit=row.unit,
            since=row.since,
            due_at=row.due_at,
            who=actor(Role.FEEDBACK_OFFICER, row.unit),
            href="/api/ingest/v1/data-requests",
        )
        for row in rows
    ]


# --- the newsroom -------------------------------------------------------------------------------------------


async def _tasks(look: Look) -> Items:
    rows = await queries.tasks(look.session, look.sight.units, look.as_of)
    return [
        OverdueItem(
            kind=ItemKind.TASK,
            id=row.id,
            title=quoted(row.title),
            unit=row.unit,
            is_drill=row.is_drill,
            since=row.since,
            due_at=row.due_at,
            who=actor(Role(row.role or Role.EDITOR), row.unit),
            href=f"/api/publish/v1/situations/{row.situation_id}" if row.situation_id else "/api/publish/v1/tasks",
        )
        for row in rows
    ]


async def _activities(look: Look) -> Items:
    rows = await queries.untold(look.session, look.sight.units, look.as_of)
    measured = ((row.event, measure(row.activity, look.as_of), unit) for row, unit in rows)
    return [_activity(event, told, unit) for event, told, unit in measured if told.told is Told.OVERDUE]


def _activity(event: m.AgendaEvent, told: activities.Measured, unit: str) -> OverdueItem:
    return OverdueItem(
        kind=ItemKind.ACTIVITY,
        id=event.id,
        title=quoted(event.title),
        unit=unit,
        since=told.counted_from,
        due_at=told.due_at,
        who=actor(Role.EDITOR, unit),
        href=f"/api/publish/v1/agenda/events/{event.id}",
    )


async def _watched(look: Look) -> Items:
    return [_seen_late(row) for row in await queries.watched(look.session, look.sight.units)]


def _seen_late(row: Row[Any]) -> OverdueItem:
    is_delivery = row.kind == "delivery_overdue"
    title = quoted(row.title)
    return OverdueItem(
        kind=ItemKind.DELIVERY if is_delivery else ItemKind.TAKEDOWN,
        id=row.id,
        title=f"{title} ({row.channel})" if is_delivery else title,
        unit=row.unit,
        is_drill=row.is_drill,
        since=row.since,
        due_at=row.since,
        who=actor(Role.SPOKESPERSON, row.unit),
        href=f"/api/publish/v1/publications/{row.publication_id}"
        if is_delivery
        else f"/api/publish/v1/takedowns/{row.id}",
    )


# --- programmes ---------------------------------------------------------------------------------------------


async def _assignments(look: Look) -> Items:
    """Of all programmes for who works in the city; else those that one of the caller's units leads."""
    today = today_of(look.as_of)
    late = [
        (row, programme, standing.due_on)
        for row, programme, reported_at in await queries.running_rows(look.session)
        if (standing := standing_of(programme, row, reported_at, today)).is_overdue
    ]
    if late and not look.sight.is_city:
        late = list(await _led_here(look, late, today))
    return [_assignment(*each) for each in late]


Late = tuple[m.Assignment, m.Programme, date]


async def _led_here(look: Look, late: Sequence[Late], today: date) -> Iterable[Late]:
    register = await load_stored_register(look.session)
    return [
        each
        for each in late
        if look.sight.codes & {unit.code for unit in leads_of(each[0].lead, each[0].lead_unit_code, today, register)}
    ]


def _assignment(row: m.Assignment, programme: m.Programme, due_on: date) -> OverdueItem:
    end = datetime.combine(due_on + timedelta(days=1), time(), HANOI)
    return OverdueItem(
        kind=ItemKind.ASSIGNMENT,
        id=row.id,
        title=f"{programme.number}, dòng {row.row_no}: {quoted(row.text or '(nguồn để trống)')}",
        unit=row.lead,
        since=end,
        due_at=end,
        who=actor(Role.EDITOR, row.lead),
        href=f"/api/reports/v1/programmes/{programme.id}",
    )
