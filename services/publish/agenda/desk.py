"""Work at the events desk: kinds with their first posts, what told of which activity, and what is late."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.activities import Row
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish import domain
from services.publish import queries as publish_queries
from services.publish.agenda import problems as wrong
from services.publish.agenda import queries
from services.publish.agenda.queries import Asked
from services.publish.filling import fill
from services.publish.resources import PublishResources
from services.publish.service import publications
from services.publish.service.publications import SEES

WORKS = (Role.EDITOR, Role.SPOKESPERSON)
WIDEST = timedelta(days=366)


def require_desk(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, *WORKS):
        raise wrong.NotAtThisDesk("Bàn sự kiện do biên tập viên và người phát ngôn của đơn vị trực.")


def asked_for(
    who: Principal, since: datetime, until: datetime, unit_id: UUID | None, is_late: bool | None = None
) -> Asked:
    units = frozenset(who.units(*SEES))
    if unit_id is not None:
        units &= {unit_id}
    if not timedelta(0) < until - since <= WIDEST:
        raise wrong.RangeRefused("Khoảng từ from đến to dài nhất 366 ngày, và to phải sau from.")
    return Asked(units, since, until, is_late)


async def write_kind(
    session: AsyncSession, kind_id: UUID | None, fields: dict[str, Any], who: Principal, now: datetime
) -> m.AgendaKind:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    try:
        async with session.begin_nested():
            if kind_id is None:
                require_desk(who, unit_id)
                kind = m.AgendaKind(id=new_id(now), unit_id=unit_id, created_by=who.person_id, created_at=now)
                session.add(kind)
            else:
                kind = await _require_kind(session, kind_id, who)
            for name, value in fields.items():
                setattr(kind, name, value)
            kind.updated_at = now
    except IntegrityError as error:
        if "uq_agenda_kinds_unit_id_name" not in str(error.orig):
            raise
        raise wrong.AgendaKindExists("Hãy đặt tên khác, hoặc sửa loại đã có.") from None
    await _audit(session, "agenda_kind", kind.id, "agenda_kind.written", who, now)
    return kind


async def _require_kind(session: AsyncSession, kind_id: UUID, who: Principal) -> m.AgendaKind:
    kind = await queries.get_kind(session, kind_id, lock=True)
    if kind is None or kind.unit_id not in who.units(*SEES):
        raise wrong.AgendaKindNotFound(f"Không có loại hoạt động {kind_id} trong đơn vị của bạn.")
    require_desk(who, kind.unit_id)
    return kind


async def require_event(session: AsyncSession, event_id: UUID, who: Principal) -> Row:
    row = await queries.get_event(session, event_id)
    if row is None or row.event.unit_id not in who.units(*SEES):
        raise wrong.AgendaEventNotFound(f"Không có hoạt động {event_id} trong đơn vị của bạn.")
    return row


async def _locked(session: AsyncSession, event_id: UUID, who: Principal) -> m.AgendaEvent:
    event = await queries.lock_event(session, event_id)
    if event is None or event.unit_id not in who.units(*SEES):
        raise wrong.AgendaEventNotFound(f"Không có hoạt động {event_id} trong đơn vị của bạn.")
    require_desk(who, event.unit_id)
    return event


async def set_kind(session: AsyncSession, event_id: UUID, kind_id: UUID | None, who: Principal, now: datetime) -> Row:
    event = await _locked(session, event_id, who)
    if kind_id is not None and (await _require_kind(session, kind_id, who)).unit_id != event.unit_id:
        raise wrong.AgendaKindNotFound("Loại hoạt động này thuộc đơn vị khác.")
    event.kind_id, event.updated_at = kind_id, now
    await session.flush()
    return await require_event(session, event_id, who)


async def link_publication(
    session: AsyncSession, event_id: UUID, publication_id: UUID | None, who: Principal, now: datetime
) -> Row:
    """Which publication told of it; None takes the link away."""
    event = await _locked(session, event_id, who)
    if publication_id is not None:
        publication = await publish_queries.get_publication(session, publication_id)
        if publication is None or publication.unit_id != event.unit_id or publication.is_drill:
            raise wrong.NotTellable("Chỉ gắn được tin thật của chính đơn vị.")
    _link(event, publication_id, who, now)
    await session.flush()
    action = "agenda_event.linked" if publication_id else "agenda_event.unlinked"
    await _audit(session, "agenda_event", event.id, action, who, now)
    return await require_event(session, event_id, who)


async def draft_post(
    session: AsyncSession,
    event_id: UUID,
    channel_ids: list[UUID],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    """The first post from the template of its kind, as a draft that an editor has to finish; linked at once."""
    event = await _locked(session, event_id, who)
    if event.publication_id is not None:
        raise wrong.AlreadyTold(f"Đã gắn với tin {event.publication_id}.")
    kind = await queries.get_kind(session, event.kind_id) if event.kind_id else None
    if kind is None:
        raise wrong.NoTemplate("Hãy chọn loại hoạt động trước.")
    values = await _values(session, event)
    fields = {
        "unit_id": event.unit_id,
        "title": fill(kind.post_title, values)[:200],
        "summary": "",
        "body": "\n\n".join([domain.AUTO_DRAFT, fill(kind.post_body, values)]),
        "channel_ids": channel_ids,
    }
    publication = await publications.create_publication(session, fields, who, now, res)
    _link(event, publication.id, who, now)
    await session.flush()
    await _audit(session, "agenda_event", event.id, "agenda_event.drafted", who, now)
    return publication


def _link(event: m.AgendaEvent, publication_id: UUID | None, who: Principal, now: datetime) -> None:
    event.publication_id = publication_id
    event.linked_by, event.linked_at = (who.person_id, now) if publication_id else (None, None)
    event.updated_at = now


async def _values(session: AsyncSession, event: m.AgendaEvent) -> dict[str, str]:
    starts, ends = event.starts_at.astimezone(HANOI), event.ends_at.astimezone(HANOI)
    values = {
        "ten": event.title,
        "dia_diem": event.place,
        "ngay": f"{starts:%d/%m/%Y}",
        "gio": None if event.is_all_day else f"{starts:%H:%M}",
        "gio_ket_thuc": None if event.is_all_day else f"{ends:%H:%M}",
        "don_vi": await publish_queries.unit_name(session, event.unit_id),
    }
    return {name: value for name, value in values.items() if value}


async def _audit(
    session: AsyncSession, object_type: str, object_id: UUID, action: str, who: Principal, now: datetime
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type=object_type,
        object_id=object_id,
        now=now,
    )
