"""Who leads a row is told before it falls due, and once when it is late; an ended programme raises nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from libs.common.units import load_stored_register
from services.reports.programmes import queries
from services.reports.programmes.views import ProgrammeView, RowView, owner_units, today_of, unit_ids, view_of

SHOWN = 200
"""Letters of a task that a letter quotes."""


@dataclass(frozen=True)
class News:
    kind: str
    words: str
    with_owner: bool
    """The owner of the programme is told too."""


async def tell_due(session: AsyncSession, remind_days: int, now: datetime) -> int:
    """How many were told. Each row once for each due day, before it and after it, however many workers ask."""
    register, today, told = await load_stored_register(session), today_of(now), 0
    for programme, owner in await queries.running_programmes(session):
        view = await view_of(session, programme, owner, register, now)
        for row in view.rows:
            if (news := news_of(row, remind_days, today)) is not None:
                told += await _tell(session, view, row, news, now)
    return told


def news_of(row: RowView, remind_days: int, today: date) -> News | None:
    """What is to be said of a row today, if anything."""
    due = row.standing.due_on
    if row.standing.is_overdue:
        return News("assignment_overdue", f"Quá hạn từ {due:%d/%m/%Y}", True)
    left = row.standing.days_left(today)
    if row.standing.is_waiting and 0 <= left <= remind_days:
        return News("assignment_due", f"Đến hạn ngày {due:%d/%m/%Y}, còn {left} ngày", False)
    return None


async def _tell(session: AsyncSession, view: ProgrammeView, row: RowView, news: News, now: datetime) -> int:
    today = today_of(now)
    leads = await unit_ids(session, row.leads, today)
    owners = await owner_units(session, view.owner, now) if news.with_owner or not leads else set()
    told = 0
    for place, units in (("lead", leads or owners), ("owner", owners - leads if leads else set())):
        for unit in sorted(units):
            told += await add_notification(session, _values(view, row, news, (place, unit), now))
    return told


def _values(view: ProgrammeView, row: RowView, news: News, to: tuple[str, UUID], now: datetime) -> dict[str, object]:
    place, unit = to
    number, programme = row.row.row_no, view.programme
    task = " ".join((row.row.text or "(nguồn để trống)").split())
    quoted = task if len(task) <= SHOWN else f"{task[: SHOWN - 1]}…"
    body = (
        f"{news.words}: dòng {number} của {programme.number} ({programme.title}).\n\n"
        f"Nhiệm vụ: {quoted}\nĐơn vị chủ trì: {row.row.lead or 'chưa rõ'}\nThời gian: {row.row.period or 'chưa rõ'}\n\n"
        "Hãy ghi tiến độ của dòng này trong sổ chương trình."
    )
    return {
        "id": new_id(now),
        "kind": news.kind,
        "role": Role.EDITOR.value,
        "unit_id": unit,
        "object_type": "assignment",
        "object_id": row.row.id,
        "subject": f"{news.words}: dòng {number}, {programme.number}",
        "body": body,
        "level": 0,
        "dedupe": f"{news.kind}:{row.row.id}:{row.standing.due_on.isoformat()}:{place}:{unit}",
        "created_at": now,
        "sent_at": None,
    }
