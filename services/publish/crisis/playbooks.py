"""Writing playbooks: before they are needed, by whoever answers for the unit's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish.crisis import problems as wrong
from services.publish.crisis import queries
from services.publish.service import composing
from services.publish.service.publications import SEES

KEEPS = (Role.SPOKESPERSON, Role.ADMIN)


async def write_playbook(session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime) -> m.Playbook:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_keeper(who, unit_id)
    fields["speaking_unit_id"] = fields.get("speaking_unit_id") or unit_id
    await _check(session, fields, unit_id)
    playbook = m.Playbook(
        id=new_id(now), unit_id=unit_id, created_by=who.person_id, created_at=now, updated_at=now, version=1, **fields
    )
    try:
        async with session.begin_nested():
            session.add(playbook)
    except IntegrityError as taken:
        raise _told(taken) from None
    await _audit(session, playbook, who, now, "playbook.written")
    return playbook


async def rewrite_playbook(
    session: AsyncSession, playbook_id: UUID, version: int, fields: dict[str, Any], who: Principal, now: datetime
) -> m.Playbook:
    playbook = seen(await queries.get_playbook(session, playbook_id, lock=True), playbook_id, who)
    _require_keeper(who, playbook.unit_id)
    if playbook.version != version:
        raise wrong.PlaybookChanged(f"Bạn sửa bản {version}, nhưng kịch bản đang ở bản {playbook.version}.")
    fields.pop("unit_id", None)
    fields["speaking_unit_id"] = fields.get("speaking_unit_id") or playbook.unit_id
    await _check(session, fields, playbook.unit_id)
    try:
        async with session.begin_nested():
            for name, value in fields.items():
                setattr(playbook, name, value)
            playbook.version, playbook.updated_at = version + 1, now
    except IntegrityError as taken:
        raise _told(taken) from None
    await _audit(session, playbook, who, now, "playbook.rewritten")
    return playbook


def seen(found: m.Playbook | None, playbook_id: UUID, who: Principal) -> m.Playbook:
    if found is None or found.unit_id not in who.units(*SEES):
        raise wrong.PlaybookNotFound(f"Không có kịch bản {playbook_id} trong đơn vị của bạn.")
    return found


def _require_keeper(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, *KEEPS):
        raise wrong.NotKeeperOfUnit("Kịch bản do người phát ngôn hoặc quản trị viên của đơn vị lập.")


async def _check(session: AsyncSession, fields: Mapping[str, Any], unit_id: UUID) -> None:
    """Everything that it will need is there now, and not only on the day itself."""
    await composing.chosen_channels(session, fields["channel_ids"], unit_id)
    named = {fields["speaking_unit_id"], *fields["approving_units"]}
    named |= {UUID(str(step["unit_id"])) for step in fields["checklist"] if step.get("unit_id")}
    if unknown := named - await queries.units_there(session, named):
        raise wrong.PlaybookNotUsable(f"Không có đơn vị: {', '.join(sorted(map(str, unknown)))}.")


def _told(error: IntegrityError) -> Exception:
    if "uq_playbooks_unit_id_name" in str(error.orig):
        return wrong.PlaybookExists("Hãy đặt tên khác, hoặc sửa kịch bản đã có.")
    return error


async def _audit(session: AsyncSession, playbook: m.Playbook, who: Principal, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="playbook",
        object_id=playbook.id,
        now=now,
        facts={"unit_id": str(playbook.unit_id), "version": playbook.version},
    )
