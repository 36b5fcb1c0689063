"""Work only a person can do: one task of a kind for each delivery, channel or publication; done in finishing.py."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role, TaskState
from libs.common.notifications import add_notification
from services.publish import queries, takedown_queries


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
    task_id = await queries.add_task(session, values)
    if task_id is not None:
        await _tell(session, {**values, "id": task_id}, publication, now)


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


async def open_publication_task(
    session: AsyncSession, kind: str, publication: m.Publication, title: str, now: datetime
) -> None:
    """One open task of a kind for each publication; whoever calls holds a lock, so that two do not open it at once."""
    if await takedown_queries.has_open_task(session, publication.id, kind):
        return
    await add_publication_task(session, kind, publication, title, now)


async def add_publication_task(
    session: AsyncSession, kind: str, publication: m.Publication, title: str, now: datetime
) -> UUID:
    """One more task of a publication; its spokespersons are told."""
    task = m.Task(
        id=new_id(now),
        kind=kind,
        title=title,
        link=None,
        publication_id=publication.id,
        unit_id=publication.unit_id,
        state=TaskState.OPEN,
        created_at=now,
    )
    session.add(task)
    await session.flush()
    told: dict[str, object] = {"id": task.id, "kind": kind, "title": title, "unit_id": task.unit_id}
    await _tell(session, told, publication, now)
    return task.id


async def open_partner_task(
    session: AsyncSession, kind: str, unit_id: UUID, link: str, title: str, now: datetime
) -> None:
    """One open task of a kind for each partner's page; the unit's admins are told. Whoever calls holds the partner."""
    if await queries.has_open_task_about(session, kind, unit_id, link):
        return
    task = m.Task(
        id=new_id(now), kind=kind, title=title, link=link, unit_id=unit_id, state=TaskState.OPEN, created_at=now
    )
    session.add(task)
    await session.flush()
    told: dict[str, object] = {"id": task.id, "kind": kind, "title": title, "unit_id": unit_id}
    await _notify(session, told, Role.ADMIN, title, now)


async def _tell(session: AsyncSession, task: dict[str, object], publication: m.Publication, now: datetime) -> None:
    await _notify(session, task, Role.SPOKESPERSON, f"Cần xử lý: {publication.title}", now)


async def _notify(session: AsyncSession, task: dict[str, object], role: Role, subject: str, now: datetime) -> None:
    await add_notification(
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
