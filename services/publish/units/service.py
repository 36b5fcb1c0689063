"""Use cases: the city hands on what it has approved, a unit adapts it as its own draft, or declines.

From there the draft is like any other of the unit: its editors adapt it, its spokesperson approves it, its channels
carry it. The city sees the state of it and not its words, until they are public.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import PublicationKind, PublicationState, Role, UnitKind
from libs.common.notifications import add_notification
from services.publish import domain
from services.publish.problems import NotYourUnit
from services.publish.resources import PublishResources
from services.publish.service import publications
from services.publish.units import carrying, queries
from services.publish.units.problems import (
    NotToBeSyndicated,
    OnlyTheCity,
    SyndicationNotFound,
    SyndicationSettled,
    UnitNotFound,
)
from services.publish.units.queries import Offered

P = PublicationState
APPROVED = (P.APPROVED, P.SCHEDULED, P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED)
UNDECIDED = (P.DRAFT, P.IN_REVIEW)
KEPT = ("title", "summary", "body", "language", "affects_rights", "story_id", "is_ai_made", "ai_label", "is_drill")
"""What a unit's draft begins with, besides the pictures. Channels and hour are the unit's own to choose."""


async def syndicate(
    session: AsyncSession,
    publication_id: UUID,
    unit_ids: Sequence[UUID],
    note: str,
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> int:
    """How many units got a draft; a unit that has one already keeps it."""
    source = await publications.require_locked(session, publication_id, who)
    if not who.has_within(source.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị có tin được chuyển tin.")
    today = now.astimezone(HANOI).date()
    units = await queries.units_on(session, [*unit_ids, source.unit_id], today)
    if units[source.unit_id].kind != UnitKind.CITY:
        raise OnlyTheCity()
    _require_syndicable(source)
    for unit_id in unit_ids:
        if unit_id not in units or unit_id == source.unit_id:
            raise UnitNotFound(f"Không có đơn vị {unit_id} vào ngày {today:%d/%m/%Y}.")
    wanted = set(unit_ids) - await queries.offered_to(session, publication_id)
    city = units[source.unit_id].name
    for unit_id in sorted(wanted):
        await _offer(session, source, units[unit_id], city, note, who, now, res)
    return len(wanted)


def _require_syndicable(source: m.Publication) -> None:
    if source.kind == PublicationKind.CORRECTION:
        raise NotToBeSyndicated("Cải chính đi theo quy trình cải chính, trên các kênh nơi tin sai xuất hiện.")
    if source.state not in APPROVED:
        raise NotToBeSyndicated("Thành phố phải duyệt tin trước khi chuyển cho đơn vị.")


async def _offer(
    session: AsyncSession,
    source: m.Publication,
    unit: m.OrganizationUnit,
    city: str,
    note: str,
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> None:
    fields: dict[str, Any] = {name: getattr(source, name) for name in KEPT}
    fields |= {"channel_ids": [], "source_note": source.source_note or f"Theo {city}"}
    fields |= {"media_ids": await carrying.carry(session, source.id, unit.id, who, now)}
    draft = await publications.draft_for(session, unit.id, fields, who, now, res)
    row = m.Syndication(
        id=new_id(now),
        publication_id=source.id,
        revision=source.revision,
        unit_id=unit.id,
        draft_id=draft.id,
        note=note,
        offered_by=who.person_id,
        offered_at=now,
    )
    session.add(row)
    await session.flush()
    facts = {"publication_id": str(source.id), "unit_id": str(unit.id), "draft_id": str(draft.id)}
    await _record(session, "syndication.offered", row.id, who, now, facts)
    asked = "Hãy biên tập cho phù hợp, chọn kênh của đơn vị và gửi duyệt; hoặc từ chối, nêu lý do."
    told = {
        "id": new_id(now),
        "kind": "syndication_offered",
        "role": Role.EDITOR,
        "unit_id": unit.id,
        "object_type": "publication",
        "object_id": draft.id,
        "subject": f"Tin thành phố chuyển về: {draft.title}",
        "body": f"{note}\n\n{asked}".strip(),
        "level": 0,
        "dedupe": f"syndication:{row.id}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, told)


async def decline(session: AsyncSession, syndication_id: UUID, reason: str, who: Principal, now: datetime) -> Offered:
    """The unit says no, and why; its draft is killed."""
    row = await queries.lock_syndication(session, syndication_id)
    if row is None or row.unit_id not in who.units(*publications.SEES):
        raise SyndicationNotFound(f"Không có tin chuyển {syndication_id} trong đơn vị của bạn.")
    if not who.has_within(row.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên, người phát ngôn của đơn vị được từ chối.")
    draft = await publications.require_locked(session, row.draft_id, who)
    if row.declined_at is not None or draft.state not in UNDECIDED:
        raise SyndicationSettled("Tin đã bị từ chối, đã duyệt hay đã đăng; tin đã duyệt thì rút như mọi tin khác.")
    row.declined_by, row.declined_at, row.declined_reason = who.person_id, now, reason
    draft.state, draft.updated_at = domain.moved(draft.state, P.KILLED), now
    await session.flush()
    await _record(session, "syndication.declined", row.id, who, now, {"draft_id": str(draft.id)})
    found = await queries.get_offered(session, syndication_id)
    assert found is not None
    return found


async def _record(
    session: AsyncSession, action: str, row: UUID, who: Principal, now: datetime, facts: dict[str, Any]
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="syndication",
        object_id=row,
        now=now,
        facts=facts,
    )
