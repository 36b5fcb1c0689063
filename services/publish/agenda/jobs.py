"""The loops of the desk: read calendars that are due; warn, once, of an activity past its time and not told of."""

import asyncio

from libs.common import telemetry
from libs.common.activities import measure
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.jobs import JobContext, Jobs
from libs.common.models import AgendaCalendar
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from services.publish.agenda import calendars, queries
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
AT_ONCE = 4


@jobs.every(seconds=10)
async def poll_calendars(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        claimed = await calendars.claim_due(session, ctx.clock.now(), AT_ONCE)
    await asyncio.gather(*(_poll(ctx, each) for each in claimed))
    return len(claimed)


async def _poll(ctx: Context, claimed: AgendaCalendar) -> None:
    answer = await calendars.ask(claimed, ctx.resources, ctx.clock.now())
    async with ctx.db.transaction() as session:
        is_ours = await calendars.record(session, claimed, answer, ctx.clock.now())
    telemetry.count("lantoa.agenda.polls", outcome=answer.outcome if is_ours else "too_late")


@jobs.every(seconds=60)
async def warn_of_late_activities(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        for row in await queries.list_unwarned(session, now):
            event, measured = row.event, measure(row.activity, now)
            since = f"{measured.counted_from.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
            values = {
                "id": new_id(now),
                "kind": "activity_late",
                "role": Role.EDITOR,
                "unit_id": event.unit_id,
                "object_type": "agenda_event",
                "object_id": event.id,
                "subject": f"Chưa có tin về hoạt động: {event.title}",
                "body": f"Quá {measured.target_minutes} phút kể từ {since} mà chưa thấy bài chính thức nào.",
                "dedupe": f"activity_late:{event.id}:{measured.due_at.isoformat()}",
                "created_at": now,
                "sent_at": None,
            }
            await add_notification(session, values)
            event.warned_at = now
    return 0
