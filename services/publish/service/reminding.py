"""Who waits for an approval is told, again after a while, and then those above: once for each revision and level."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from services.publish import approval_queries, domain
from services.publish.settings import WaitingSettings

Told = tuple[Role, UUID]


async def ask_for_approval(session: AsyncSession, publication: m.Publication, now: datetime) -> None:
    """At once: the unit's spokespersons; where it is urgent, those on duty in any unit."""
    body = f"Bản {publication.revision} đang chờ người phát ngôn duyệt."
    if publication.is_urgent:
        body = f"TIN KHẨN, cần hai người phát ngôn đang trực duyệt ngay. Lý do: {publication.urgent_reason}"
    await _tell(session, publication, 0, await _speaking(session, publication, now), body, now)


async def remind_waiting(session: AsyncSession, waits: WaitingSettings, now: datetime) -> int:
    """Everything in review that waits too long, each level once: how many reminders were given."""
    due = 0
    for publication, since in await approval_queries.list_waiting(session):
        level = domain.reminders_due(now - since, waits.reminders(publication.is_urgent))
        for each in range(1, level + 1):
            if await approval_queries.asked_at(session, _marker(publication, each)) is None:
                await remind(session, publication, each, now - since, now)
                due += 1
    return due


def _marker(publication: m.Publication, level: int) -> str:
    """The key of the one row of a reminder that goes to admins."""
    return dedupe(publication, level, Role.ADMIN, publication.unit_id)


async def remind(
    session: AsyncSession, publication: m.Publication, level: int, waited: timedelta, now: datetime
) -> None:
    told = set(await _speaking(session, publication, now))
    told.add((Role.ADMIN, publication.unit_id))
    if level > 1:
        above = await approval_queries.unit_above(session, publication.unit_id) or publication.unit_id
        told = {(Role.SPOKESPERSON, above), (Role.ADMIN, above)}
    minutes = int(waited.total_seconds() // 60)
    asked = f"{(now - waited).astimezone(HANOI):%H:%M ngày %d/%m}"
    body = f"Bản {publication.revision} chờ duyệt đã {minutes} phút (gửi duyệt lúc {asked})."
    await _tell(session, publication, level, sorted(told), body, now)


async def _speaking(session: AsyncSession, publication: m.Publication, now: datetime) -> list[Told]:
    units = {publication.unit_id}
    if publication.is_urgent:
        units |= {each.unit_id for each in await approval_queries.speakers(session, publication, now)}
    return [(Role.SPOKESPERSON, unit) for unit in sorted(units)]


async def _tell(
    session: AsyncSession, publication: m.Publication, level: int, told: Iterable[Told], body: str, now: datetime
) -> None:
    mark = "KHẨN, chờ duyệt" if publication.is_urgent else "Chờ duyệt"
    for role, unit_id in told:
        values = {
            "id": new_id(now),
            "kind": "approval_needed",
            "role": role,
            "unit_id": unit_id,
            "object_type": "publication",
            "object_id": publication.id,
            "subject": f"{mark if level == 0 else f'Nhắc lần {level}: {mark.lower()}'}: {publication.title}",
            "body": body,
            "level": level,
            "dedupe": _marker(publication, level) if role is Role.ADMIN else dedupe(publication, level, role, unit_id),
            "created_at": now,
            "sent_at": None,
        }
        await add_notification(session, values)


def dedupe(publication: m.Publication, level: int, role: Role, unit_id: UUID) -> str:
    """The key under which one unit's role was told of one revision at one level (of admins: for which unit)."""
    return f"{approval_queries.ASKED}:{publication.id}:{publication.revision}:{level}:{role}:{unit_id}"


async def escalates_at(
    session: AsyncSession, publication: m.Publication, waits: WaitingSettings, now: datetime
) -> datetime | None:
    """When the next ones are told, while it waits; None where all were."""
    key = dedupe(publication, 0, Role.SPOKESPERSON, publication.unit_id)
    asked = await approval_queries.asked_at(session, key)
    if asked is None:
        return None
    return next((asked + after for after in waits.reminders(publication.is_urgent) if asked + after > now), None)
