"""Work only a person can do: opened once for each kind and delivery, done only with an address that shows it."""

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import Role, TaskState
from services.publish import queries
from services.publish.problems import TaskEvidenceNeeded, TaskNotFound


async def open_task(
    session: AsyncSession, kind: str, delivery: m.Delivery, title: str, now: datetime, link: str | None = None
) -> None:
    """Also tells the unit's spokespersons, once."""
    publication = await queries.get_publication(session, delivery.publication_id)
    assert publication is not None
    values = {
        "id": new_id(now),
        "kind": kind,
        "title": title,
        "link": link or delivery.platform_url,
        "delivery_id": delivery.id,
        "unit_id": publication.unit_id,
        "state": TaskState.OPEN,
        "created_at": now,
    }
    if await queries.add_task(session, values):
        await _tell(session, values, publication, now)


async def open_channel_task(session: AsyncSession, kind: str, channel: m.Channel, title: str, now: datetime) -> None:
    """One open task of a kind for each channel; the admins of its unit are told, once."""
    values = {
        "id": new_id(now),
        "kind": kind,
        "title": title,
        "link": None,
        "channel_id": channel.id,
        "unit_id": channel.unit_id,
        "state": TaskState.OPEN,
        "created_at": now,
    }
    if await queries.add_channel_task(session, values):
        await _notify(session, values, Role.ADMIN, f"Cần xử lý: {channel.name}", now)


async def _tell(session: AsyncSession, task: dict[str, object], publication: m.Publication, now: datetime) -> None:
    await _notify(session, task, Role.SPOKESPERSON, f"Cần xử lý: {publication.title}", now)


async def _notify(session: AsyncSession, task: dict[str, object], role: Role, subject: str, now: datetime) -> None:
    await queries.add_notification(
        session,
        {
            "id": new_id(now),
            "kind": f"task_{task['kind']}",
            "role": role,
            "unit_id": task["unit_id"],
            "object_type": "task",
            "object_id": task["id"],
            "subject": subject,
            "body": task["title"],
            "created_at": now,
            "sent_at": None,
        },
    )


async def finish_task(session: AsyncSession, task_id: UUID, evidence_url: str, who: Principal, now: datetime) -> m.Task:
    task = await queries.get_task(session, task_id)
    if task is None or task.unit_id not in who.units(Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN):
        raise TaskNotFound(f"Không có việc {task_id} trong đơn vị của bạn.")
    address = urlsplit(evidence_url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise TaskEvidenceNeeded("Hãy gửi địa chỉ (http, https) cho thấy việc đã làm.")
    task.state, task.evidence_url = TaskState.DONE, evidence_url
    task.done_by, task.done_at = who.person_id, now
    await audit.append(
        session,
        service="publish",
        action="task.done",
        actor_id=who.person_id,
        object_type="task",
        object_id=task.id,
        now=now,
    )
    return task
