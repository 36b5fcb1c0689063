"""Suggests a playbook where an alert asks for one, and tells of steps that are past their time."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.jobs import JobContext, Jobs
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from services.publish.crisis import queries
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
SUGGESTED_FOR = timedelta(days=1)
"""How old an alert may be that still suggests something."""


@jobs.every(seconds=10)
async def suggest_playbooks(ctx: Context) -> int:
    """The alerts are read where they are written; each suggests a playbook once."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        for playbook_id, alert_id in await queries.suggest(session, now - SUGGESTED_FOR, now):
            await _tell_of_suggestion(session, playbook_id, alert_id, now)
    return 0


async def _tell_of_suggestion(session: AsyncSession, playbook_id: UUID, alert_id: UUID, now: datetime) -> None:
    playbook, alert = await queries.get_playbook(session, playbook_id), await queries.get_alert(session, alert_id)
    assert playbook is not None
    assert alert is not None
    values = {
        "id": new_id(now),
        "kind": "playbook_suggested",
        "role": Role.SPOKESPERSON,
        "unit_id": playbook.unit_id,
        "object_type": "playbook",
        "object_id": playbook.id,
        "subject": f"Gợi ý kịch bản “{playbook.name}”: {alert.title}",
        "body": "Một cảnh báo khớp với kịch bản. Hãy xem và quyết định có mở tình huống hay không.",
        "dedupe": f"playbook_suggested:{playbook_id}:{alert_id}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, values)


@jobs.every(seconds=30)
async def flag_overdue_steps(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        for step in await queries.overdue_steps(session, now):
            await add_notification(session, _overdue(step, now))
    return 0


def _overdue(step: m.Task, now: datetime) -> dict[str, object]:
    assert step.due_at is not None
    return {
        "id": new_id(now),
        "kind": "step_overdue",
        "role": step.role,
        "unit_id": step.unit_id,
        "object_type": "task",
        "object_id": step.id,
        "subject": f"{step.title} (quá hạn)",
        "body": f"Việc này phải xong lúc {step.due_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}.",
        "dedupe": f"step_overdue:{step.id}",
        "created_at": now,
        "sent_at": None,
    }
