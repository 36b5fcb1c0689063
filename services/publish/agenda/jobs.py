"""Warns the desk, once, of an activity that is past its time and was not told of."""

from libs.common.activities import measure
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.jobs import JobContext, Jobs
from libs.common.models.enums import Role
from services.publish import queries as publish_queries
from services.publish.agenda import queries
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]


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
            await publish_queries.add_notification(session, values)
            event.warned_at = now
    return 0
