"""Who works here, what they may do where, and until when. A token proves identity only; all else stands here.

The database holds the same rules (`granted_by_an_admin`, `one_shift_at_a_time`); here they get a clear answer.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.errors import Problem
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish import people_problems as wrong
from services.publish import people_queries as queries

# --- people -------------------------------------------------------------------------------------------------


async def register_person(session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime) -> m.Person:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_admin(who, unit_id)
    person = m.Person(id=new_id(now), unit_id=unit_id, is_active=True, created_at=now, **fields)
    await _store(session, person, wrong.PersonExists("Mã đăng nhập này đã thuộc về một người."))
    await _audit(session, "person", person.id, "person.registered", who, now, {"unit_id": str(unit_id)})
    return person


async def change_person(
    session: AsyncSession, person_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.Person:
    person = await queries.get_person(session, person_id, lock=True)
    if person is None:
        raise wrong.PersonNotFound(f"Không có người mang mã {person_id}.")
    _require_admin(who, person.unit_id)
    if changes.get("is_active") is False and person.id == who.person_id:
        raise wrong.OwnAccount("Hãy nhờ một quản trị viên khác của đơn vị.")
    for name, value in changes.items():
        setattr(person, name, value)
    # which fields, never what stood or stands in them
    await _audit(session, "person", person.id, "person.changed", who, now, {"fields": sorted(changes)})
    return person


async def read_person(session: AsyncSession, person_id: UUID, who: Principal) -> m.Person:
    """Of one's own units, or somebody with a role there; others are looked up by their subject."""
    if not await queries.is_person_of(session, person_id, who.units(Role.ADMIN)):
        raise wrong.PersonNotFound("Không có người này trong đơn vị của bạn.")
    person = await queries.get_person(session, person_id)
    assert person is not None
    return person


# --- roles --------------------------------------------------------------------------------------------------


async def grant_role(
    session: AsyncSession, person_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.RoleGrant:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_admin(who, unit_id)
    if person_id == who.person_id:
        raise wrong.GrantToOneself("Vai trò phải do một quản trị viên khác của đơn vị giao.")
    person = await queries.get_person(session, person_id)
    if person is None:
        raise wrong.PersonNotFound(f"Không có người mang mã {person_id}.")
    if not person.is_active:
        raise wrong.PersonInactive("Hãy cho người này hoạt động lại trước khi giao vai trò.")
    valid_from = fields.pop("valid_from", None) or now
    if valid_from < now or (fields["valid_to"] is not None and fields["valid_to"] <= valid_from):
        raise wrong.InvalidDates("Vai trò bắt đầu từ bây giờ trở đi và kết thúc sau khi bắt đầu.")
    grant = m.RoleGrant(
        id=new_id(now),
        person_id=person_id,
        unit_id=unit_id,
        valid_from=valid_from,
        granted_by=who.person_id,
        granted_at=now,
        **fields,
    )
    await _store(session, grant, wrong.GrantExists("Hãy kết thúc vai trò đang có trước khi giao lại."))
    await _audit(session, "role_grant", grant.id, "role.granted", who, now, _grant_facts(grant))
    return grant


async def revoke_grant(
    session: AsyncSession, grant_id: UUID, at: datetime | None, who: Principal, now: datetime
) -> m.RoleGrant:
    """The grant ends, at once or later; one that has not begun never will. The row stays."""
    grant = await queries.get_grant(session, grant_id)
    if grant is None or grant.unit_id not in who.units(Role.ADMIN):
        raise wrong.GrantNotFound(f"Không có vai trò {grant_id} trong đơn vị của bạn.")
    end = max(at or now, grant.valid_from)
    if end < now:
        raise wrong.InvalidDates("Vai trò chỉ có thể kết thúc từ bây giờ trở đi.")
    if grant.valid_to is not None and grant.valid_to <= end:
        raise wrong.GrantEnded("Vai trò đã kết thúc, hoặc kết thúc trước thời điểm này.")
    grant.valid_to, grant.revoked_by = end, who.person_id
    await _audit(session, "role_grant", grant.id, "role.revoked", who, now, _grant_facts(grant))
    return grant


def _grant_facts(grant: m.RoleGrant) -> dict[str, Any]:
    return {
        "person_id": str(grant.person_id),
        "role": str(grant.role),
        "unit_id": str(grant.unit_id),
        "valid_from": _instant(grant.valid_from),
        "valid_to": _instant(grant.valid_to) if grant.valid_to else None,
    }


# --- shifts -------------------------------------------------------------------------------------------------


async def add_shift(session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime) -> m.DutyRoster:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_admin(who, unit_id)
    shift = m.DutyRoster(id=new_id(now), unit_id=unit_id, created_by=who.person_id, created_at=now, **fields)
    if shift.ends_at <= now:
        raise wrong.InvalidDates("Ca trực phải kết thúc trong tương lai.")
    await _check_shift(session, shift)
    await _store(session, shift, _overlap())
    await _audit(session, "duty_roster", shift.id, "duty.added", who, now, _shift_facts(shift))
    return shift


async def change_shift(
    session: AsyncSession, roster_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.DutyRoster:
    """What has been served stays: a shift under way can only end at another time, one that is over not at all."""
    shift = await _require_shift(session, roster_id, who)
    if shift.ends_at <= now or (
        shift.starts_at <= now and changes.get("starts_at", shift.starts_at) != shift.starts_at
    ):
        raise wrong.RosterBegun("Phần ca đã trực không sửa được.")
    if changes.get("ends_at", shift.ends_at) < now or changes.get("starts_at", now) < min(now, shift.starts_at):
        raise wrong.InvalidDates("Giờ của ca chỉ có thể đổi thành từ bây giờ trở đi.")
    before = (shift.starts_at, shift.ends_at)
    try:
        async with session.begin_nested():
            for name, value in changes.items():
                setattr(shift, name, value)
            await _check_shift(session, shift, within=before)
    except IntegrityError as error:
        raise _told(error, _overlap()) from error
    await _audit(session, "duty_roster", shift.id, "duty.changed", who, now, _shift_facts(shift))
    return shift


async def remove_shift(session: AsyncSession, roster_id: UUID, who: Principal, now: datetime) -> None:
    shift = await _require_shift(session, roster_id, who)
    if shift.starts_at <= now:
        raise wrong.RosterBegun("Hãy cho ca kết thúc sớm; ca đã bắt đầu không xóa được.")
    await session.delete(shift)
    await _audit(session, "duty_roster", shift.id, "duty.removed", who, now, _shift_facts(shift))


async def _require_shift(session: AsyncSession, roster_id: UUID, who: Principal) -> m.DutyRoster:
    shift = await queries.get_roster(session, roster_id)
    if shift is None or shift.unit_id not in who.units(Role.ADMIN):
        raise wrong.RosterNotFound(f"Không có ca trực {roster_id} trong đơn vị của bạn.")
    return shift


async def _check_shift(
    session: AsyncSession, shift: m.DutyRoster, within: tuple[datetime, datetime] | None = None
) -> None:
    if shift.ends_at <= shift.starts_at:
        raise wrong.InvalidDates("Ca trực phải kết thúc sau khi bắt đầu.")
    if within is not None and within[0] <= shift.starts_at and shift.ends_at <= within[1]:
        return  # it is always possible to serve for a shorter time, also when the role has ended
    with session.no_autoflush:
        person = await queries.get_person(session, shift.person_id)
        if person is None:
            raise wrong.PersonNotFound(f"Không có người mang mã {shift.person_id}.")
        if not person.is_active or not await queries.holds_throughout(session, shift):
            raise wrong.RoleNotHeld("Hãy giao vai trò cho cả thời gian của ca trước.")


def _overlap() -> Problem:
    return wrong.AlreadyOnDuty("Hai ca của một người trong cùng vai trò không được chồng nhau.")


def _shift_facts(shift: m.DutyRoster) -> dict[str, Any]:
    return {
        "person_id": str(shift.person_id),
        "role": str(shift.role),
        "unit_id": str(shift.unit_id),
        "starts_at": _instant(shift.starts_at),
        "ends_at": _instant(shift.ends_at),
    }


# --- oneself ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitView:
    id: UUID
    code: str
    name: str
    roles: list[Role]
    on_duty_as: list[Role]
    on_duty_until: datetime | None


@dataclass(frozen=True)
class MeView:
    id: UUID
    subject: str
    display_name: str
    email: str | None
    unit_id: UUID
    units: list[UnitView]

    @property
    def is_on_duty(self) -> bool:
        return any(unit.on_duty_as for unit in self.units)


async def read_me(session: AsyncSession, who: Principal, now: datetime) -> MeView:
    """On duty is whose shift it is and who still holds its role."""
    person = await queries.get_person(session, who.person_id)
    assert person is not None
    shifts = [s for s in await queries.shifts_now(session, who.person_id, now) if (s.role, s.unit_id) in who.grants]
    units = await queries.units_by_id(session, {person.unit_id, *(unit_id for _, unit_id in who.grants)})
    shown = [_unit_view(unit, who, [s for s in shifts if s.unit_id == unit.id]) for unit in units]
    return MeView(person.id, person.subject, person.display_name, person.email, person.unit_id, shown)


def _unit_view(unit: m.OrganizationUnit, who: Principal, shifts: list[m.DutyRoster]) -> UnitView:
    roles = sorted(role for role, unit_id in who.grants if unit_id == unit.id)
    on_duty = sorted(Role(shift.role) for shift in shifts)
    return UnitView(unit.id, unit.code, unit.name, roles, on_duty, max((s.ends_at for s in shifts), default=None))


# --- what all share -----------------------------------------------------------------------------------------


def _require_admin(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, Role.ADMIN):
        raise wrong.NotAdminOfUnit("Bạn không phải là quản trị viên của đơn vị này.")


async def _store(session: AsyncSession, row: m.Base, there: Problem) -> None:
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise _told(error, there) from error


def _told(error: IntegrityError, there: Problem) -> Exception:
    match getattr(error.orig, "sqlstate", None):
        case "23505" | "23P01":
            return there
        case "23514":  # what held when it was asked here has ended meanwhile
            return wrong.NotAdminOfUnit("Quyền quản trị của bạn vừa thay đổi.")
        case _:
            return error


def _instant(at: datetime) -> str:
    return at.isoformat()


async def _audit(
    session: AsyncSession,
    object_type: str,
    object_id: UUID,
    action: str,
    who: Principal,
    now: datetime,
    facts: dict[str, Any],
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type=object_type,
        object_id=object_id,
        now=now,
        facts=facts,
    )
