"""What people do with schedules and their recipients. Each change has a row in the audit log, without a name in it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models import ReportRecipient, ReportSchedule
from libs.common.models.sending import Cadence, RecipientState
from services.reports.issuing.access import MAKERS
from services.reports.kinds import KINDS
from services.reports.kinds.base import Restricted, id_of
from services.reports.sending import problems as wrong
from services.reports.sending import queries
from services.reports.service import SOURCE


async def make_schedule(
    session: AsyncSession, values: Mapping[str, Any], unit_id: UUID, *, is_on: bool, who: Principal, now: datetime
) -> ReportSchedule:
    """Raises ScheduleNotPossible, AboutNotFound, NotScheduleKeeper."""
    require_keeper(unit_id, who)
    schedule = ReportSchedule(
        **values,
        id=new_id(now),
        unit_id=unit_id,
        owner_id=who.person_id,
        on_since=now if is_on else None,
        version=1,
        created_at=now,
        updated_at=now,
    )
    require_possible(schedule)
    session.add(schedule)
    await session.flush()
    await _note(session, schedule, "report_schedule.made", who, now, {"kind": schedule.kind})
    return schedule


async def change_schedule(
    session: AsyncSession,
    schedule_id: UUID,
    values: Mapping[str, Any],
    *,
    based_on: int,
    is_on: bool | None,
    who: Principal,
    now: datetime,
) -> ReportSchedule:
    """Turned on again, it reports what ends from now on. Raises ScheduleChanged, ScheduleNotPossible, …"""
    schedule = await _lock(session, schedule_id, who)
    if schedule.version != based_on:
        raise wrong.ScheduleChanged(f"Bản mới nhất là {schedule.version}, bạn đang sửa bản {based_on}.")
    for name, value in values.items():
        setattr(schedule, name, value)
    if is_on is not None:
        schedule.on_since = (schedule.on_since or now) if is_on else None
    require_possible(schedule)
    schedule.version += 1
    schedule.updated_at = now
    await session.flush()
    facts = {"version": schedule.version, "is_on": schedule.on_since is not None, "changed": sorted(values)}
    await _note(session, schedule, "report_schedule.changed", who, now, facts)
    return schedule


def require_possible(schedule: ReportSchedule) -> None:
    """A periodic kind in its own periods; one about a thing as often as is wanted; none that is for some eyes only.

    Raises ScheduleNotPossible, AboutNotFound.
    """
    kind = KINDS.get(schedule.kind)
    if isinstance(kind(), Restricted):
        raise wrong.ScheduleNotPossible("Loại báo cáo này chỉ dành cho người có thẩm quyền, không gửi theo lịch.")
    if (kind.about is None) != (schedule.about is None):
        raise wrong.ScheduleNotPossible("Báo cáo định kỳ không nhận `about`; báo cáo theo đối tượng cần `about`.")
    if kind.about is not None:
        id_of(schedule.about)
    elif kind.cadence != Cadence(schedule.cadence):
        raise wrong.ScheduleNotPossible(f"Loại báo cáo này có kỳ riêng: {kind.cadence}.")


async def require_schedule(session: AsyncSession, schedule_id: UUID) -> ReportSchedule:
    schedule = await queries.get_schedule(session, schedule_id)
    if schedule is None:
        raise wrong.ScheduleNotFound(f"Mã lịch: {schedule_id}.")
    return schedule


# --- recipients ---------------------------------------------------------------------------------------------


async def list_recipients(session: AsyncSession, schedule_id: UUID, who: Principal) -> list[ReportRecipient]:
    """In the order in which they are printed; their addresses are for the people of the schedule's unit."""
    require_keeper((await require_schedule(session, schedule_id)).unit_id, who)
    return list(await queries.recipients_of(session, schedule_id))


async def add_recipient(
    session: AsyncSession,
    schedule_id: UUID,
    *,
    name: str,
    email: str,
    position: int | None,
    who: Principal,
    now: datetime,
) -> ReportRecipient:
    """Last in the list where no place is said. Raises RecipientExists."""
    schedule = await _lock(session, schedule_id, who)
    there = await queries.recipients_of(session, schedule_id)
    recipient = ReportRecipient(
        id=new_id(now),
        schedule_id=schedule_id,
        position=max((each.position for each in there), default=0) + 1 if position is None else position,
        name=name,
        email=email,
        state=RecipientState.ACTIVE.value,
        created_at=now,
        updated_at=now,
    )
    session.add(recipient)
    await _kept(session)
    await _note_recipient(session, schedule, recipient, "report_recipient.added", who, now)
    return recipient


async def change_recipient(
    session: AsyncSession, recipient_id: UUID, values: Mapping[str, Any], *, who: Principal, now: datetime
) -> ReportRecipient:
    """Another address is not flagged any more. Raises RecipientNotFound, RecipientExists."""
    schedule, recipient = await _locked(session, recipient_id, who)
    if values.get("email", recipient.email) != recipient.email:
        recipient.state, recipient.trouble = RecipientState.ACTIVE.value, None
    for name, value in values.items():
        setattr(recipient, name, value)
    recipient.updated_at = now
    await _kept(session)
    await _note_recipient(session, schedule, recipient, "report_recipient.changed", who, now)
    return recipient


async def remove_recipient(session: AsyncSession, recipient_id: UUID, *, who: Principal, now: datetime) -> None:
    """Off the list and off the papers that are not signed yet; what was sent stays told."""
    schedule, recipient = await _locked(session, recipient_id, who)
    recipient.state, recipient.trouble, recipient.updated_at = RecipientState.REMOVED.value, None, now
    await session.flush()
    await _note_recipient(session, schedule, recipient, "report_recipient.removed", who, now)


async def clear_flag(session: AsyncSession, recipient_id: UUID, *, who: Principal, now: datetime) -> ReportRecipient:
    """Somebody looked: the address is good. Raises NotFlagged."""
    schedule, recipient = await _locked(session, recipient_id, who)
    if recipient.state != RecipientState.FLAGGED:
        raise wrong.NotFlagged(f"Nơi nhận: {recipient.name}.")
    recipient.state, recipient.trouble, recipient.updated_at = RecipientState.ACTIVE.value, None, now
    await session.flush()
    await _note_recipient(session, schedule, recipient, "report_recipient.cleared", who, now)
    return recipient


def require_keeper(unit_id: UUID, who: Principal) -> None:
    """Raises NotScheduleKeeper: people of the schedule's own unit keep it."""
    if not who.has_within(unit_id, *MAKERS):
        raise wrong.NotScheduleKeeper("Cần vai trò biên tập viên, người phát ngôn hoặc quản trị trong đơn vị giữ lịch.")


async def _lock(session: AsyncSession, schedule_id: UUID, who: Principal) -> ReportSchedule:
    schedule = await queries.lock_schedule(session, schedule_id)
    if schedule is None:
        raise wrong.ScheduleNotFound(f"Mã lịch: {schedule_id}.")
    require_keeper(schedule.unit_id, who)
    return schedule


async def _locked(session: AsyncSession, recipient_id: UUID, who: Principal) -> tuple[ReportSchedule, ReportRecipient]:
    """Who is still on the list. The schedule is locked first: no report of it is signed meanwhile."""
    schedule = await queries.schedule_of_recipient(session, recipient_id)
    recipient = await queries.lock_recipient(session, recipient_id)
    if schedule is None or recipient is None or recipient.state == RecipientState.REMOVED:
        raise wrong.RecipientNotFound(f"Mã nơi nhận: {recipient_id}.")
    require_keeper(schedule.unit_id, who)
    return schedule, recipient


async def _kept(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise wrong.RecipientExists("Mỗi địa chỉ chỉ đứng một lần trong một lịch.") from error


async def _note_recipient(
    session: AsyncSession,
    schedule: ReportSchedule,
    recipient: ReportRecipient,
    action: str,
    who: Principal,
    now: datetime,
) -> None:
    await _note(session, schedule, action, who, now, {"recipient_id": str(recipient.id)})


async def _note(
    session: AsyncSession, schedule: ReportSchedule, action: str, who: Principal, now: datetime, facts: dict[str, Any]
) -> None:
    await audit.append(
        session,
        service=SOURCE,
        action=action,
        actor_id=who.person_id,
        object_type="report_schedule",
        object_id=schedule.id,
        now=now,
        facts=facts,
    )
