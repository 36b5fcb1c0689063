"""Year plans and their themes: who plans for a unit, which dates are allowed, which state follows which."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import PlanState, Role
from services.publish import plans_problems as wrong
from services.publish import plans_queries as queries
from services.publish.service.publications import SEES

PLANS = (Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)
MOVES: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.DRAFT: frozenset({PlanState.RUNNING}),
    PlanState.RUNNING: frozenset({PlanState.ENDED}),
    PlanState.ENDED: frozenset({PlanState.RUNNING}),
}
"""What ended can be opened again; nothing that ran becomes a draft."""
STATE_NAMES = {PlanState.DRAFT: "dự thảo", PlanState.RUNNING: "đang thực hiện", PlanState.ENDED: "đã kết thúc"}

# --- plans --------------------------------------------------------------------------------------------------


async def create_plan(session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime) -> m.Plan:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    require_planner(who, unit_id)
    await _check_programme(session, fields["programme_id"], fields["year"])
    plan = m.Plan(
        id=new_id(now),
        unit_id=unit_id,
        state=PlanState.DRAFT,
        created_by=who.person_id,
        created_at=now,
        updated_at=now,
        **fields,
    )
    await _store_plan(session, plan)
    await record(session, "plan", plan.id, "plan.created", who, now, {"unit_id": str(unit_id), "year": plan.year})
    return plan


async def change_plan(
    session: AsyncSession, plan_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.Plan:
    plan = await planned(session, plan_id, who)
    require_open(plan.state)
    if "programme_id" in changes:
        await _check_programme(session, changes["programme_id"], plan.year)
    for name, value in changes.items():
        setattr(plan, name, value)
    plan.updated_at = now
    await _store_plan(session, plan)
    await record(session, "plan", plan.id, "plan.changed", who, now, {"fields": sorted(changes)})
    return plan


async def move_plan(session: AsyncSession, plan_id: UUID, to: PlanState, who: Principal, now: datetime) -> m.Plan:
    plan = await planned(session, plan_id, who)
    require_move(plan.state, to)
    if to is PlanState.ENDED and (running := await queries.running_campaigns(session, plan.id)):
        raise wrong.PlanMoveNotAllowed(f"Còn {running} chiến dịch đang thực hiện: hãy kết thúc chúng trước.")
    before, plan.state, plan.updated_at = plan.state, to, now
    await record(session, "plan", plan.id, "plan.moved", who, now, {"from": str(before), "to": str(to)})
    return plan


async def delete_plan(session: AsyncSession, plan_id: UUID, who: Principal, now: datetime) -> None:
    plan = await planned(session, plan_id, who)
    if plan.state != PlanState.DRAFT:
        raise wrong.PlanInUse("Chỉ xóa được kế hoạch dự thảo; kế hoạch đã thực hiện thì hãy kết thúc.")
    if themes := await queries.count_themes(session, plan.id):
        raise wrong.PlanInUse(f"Kế hoạch còn {themes} chủ đề: hãy xóa chúng trước.")
    await session.delete(plan)
    await record(session, "plan", plan.id, "plan.deleted", who, now, {"year": plan.year})


async def read_plan(session: AsyncSession, plan_id: UUID, who: Principal, *, lock: bool = False) -> m.Plan:
    """Of one's own units; a plan of another unit is not there."""
    plan = await queries.get(session, m.Plan, plan_id, lock=lock)
    if plan is None or plan.unit_id not in who.units(*SEES):
        raise wrong.PlanNotFound(f"Không có kế hoạch {plan_id} trong đơn vị của bạn.")
    return plan


async def planned(session: AsyncSession, plan_id: UUID, who: Principal) -> m.Plan:
    """The plan, locked, for whoever may change it."""
    plan = await read_plan(session, plan_id, who, lock=True)
    require_planner(who, plan.unit_id)
    return plan


async def _check_programme(session: AsyncSession, programme_id: UUID | None, year: int) -> None:
    if programme_id is None:
        return
    programme = await queries.get_programme(session, programme_id)
    if programme is None:
        raise wrong.ProgrammeNotFound(f"Không có chương trình {programme_id}.")
    first, last = programme.period_from.year, programme.period_to.year
    if not first <= year <= last:
        raise wrong.DatesNotAllowed(
            f"Chương trình {programme.number} kéo dài từ năm {first} đến năm {last}; kế hoạch năm {year} nằm ngoài.",
            errors=[{"pointer": "/year", "first": first, "last": last}],
        )


async def _store_plan(session: AsyncSession, plan: m.Plan) -> None:
    year = plan.year
    try:
        async with session.begin_nested():
            session.add(plan)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505":
            raise
        raise wrong.PlanExists(
            f"Mỗi đơn vị có một kế hoạch năm {year} trong một chương trình: hãy sửa kế hoạch đang có."
        ) from error


# --- themes -------------------------------------------------------------------------------------------------


async def create_theme(
    session: AsyncSession, plan_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.Theme:
    plan = await planned(session, plan_id, who)
    require_open(plan.state)
    require_within(fields["starts_on"], fields["ends_on"], *year_of(plan), f"năm {plan.year} của kế hoạch")
    if fields["position"] is None:
        fields["position"] = await queries.next_position(session, plan.id)
    theme = m.Theme(id=new_id(now), plan_id=plan.id, created_at=now, **fields)
    session.add(theme)
    await session.flush()
    await record(session, "theme", theme.id, "theme.created", who, now, {"plan_id": str(plan.id), **dates(theme)})
    return theme


async def change_theme(
    session: AsyncSession, theme_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.Theme:
    plan, theme = await planned_theme(session, theme_id, who)
    require_open(plan.state)
    starts_on, ends_on = changes.get("starts_on", theme.starts_on), changes.get("ends_on", theme.ends_on)
    require_within(starts_on, ends_on, *year_of(plan), f"năm {plan.year} của kế hoạch")
    _require_around(starts_on, ends_on, await queries.span_of_campaigns(session, theme.id))
    for name, value in changes.items():
        setattr(theme, name, value)
    await record(session, "theme", theme.id, "theme.changed", who, now, {"fields": sorted(changes), **dates(theme)})
    return theme


async def delete_theme(session: AsyncSession, theme_id: UUID, who: Principal, now: datetime) -> None:
    plan, theme = await planned_theme(session, theme_id, who)
    require_open(plan.state)
    if await queries.span_of_campaigns(session, theme.id) is not None:
        raise wrong.PlanInUse("Chủ đề còn chiến dịch: hãy xóa các chiến dịch trước.")
    await session.delete(theme)
    await record(session, "theme", theme.id, "theme.deleted", who, now, {"plan_id": str(plan.id)})


async def read_theme(session: AsyncSession, theme_id: UUID, who: Principal) -> tuple[m.Plan, m.Theme]:
    theme = await queries.get(session, m.Theme, theme_id)
    absent = wrong.ThemeNotFound(f"Không có chủ đề {theme_id} trong đơn vị của bạn.")
    if theme is None:
        raise absent
    try:
        return await read_plan(session, theme.plan_id, who), theme
    except wrong.PlanNotFound as error:
        raise absent from error


async def planned_theme(session: AsyncSession, theme_id: UUID, who: Principal) -> tuple[m.Plan, m.Theme]:
    """Plan and theme, both locked (always in this order), for whoever may change them."""
    plan, theme = await read_theme(session, theme_id, who)
    plan = await planned(session, plan.id, who)
    locked = await queries.get(session, m.Theme, theme.id, lock=True)
    if locked is None:  # deleted while we waited
        raise wrong.ThemeNotFound(f"Không có chủ đề {theme_id} trong đơn vị của bạn.")
    return plan, locked


def year_of(plan: m.Plan) -> tuple[date, date]:
    return date(plan.year, 1, 1), date(plan.year, 12, 31)


# --- what all share -----------------------------------------------------------------------------------------


def require_planner(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, *PLANS):
        raise wrong.NotPlannerOfUnit(
            "Chỉ biên tập viên, người phát ngôn hoặc quản trị viên của chính đơn vị được lập và sửa kế hoạch."
        )


def require_open(state: str) -> None:
    if state == PlanState.ENDED:
        raise wrong.PlanEnded("Hãy mở lại (chuyển sang “đang thực hiện”) trước khi sửa.")


def require_move(before: str, to: PlanState) -> None:
    allowed = MOVES[PlanState(before)]
    if to not in allowed:
        after = ", ".join(f"“{STATE_NAMES[state]}”" for state in sorted(allowed))
        raise wrong.PlanMoveNotAllowed(f"Từ “{STATE_NAMES[PlanState(before)]}” chỉ chuyển được sang {after}.")


def require_within(starts_on: date, ends_on: date, first: date, last: date, whole: str) -> None:
    """The refusal says which days are allowed, in words and as data."""
    errors = [
        {"pointer": f"/{name}", "first": first.isoformat(), "last": last.isoformat()}
        for name, day in (("starts_on", starts_on), ("ends_on", ends_on))
        if not first <= day <= last
    ]
    if errors:
        raise wrong.DatesNotAllowed(f"Phải nằm trong {whole}: từ {_vn(first)} đến {_vn(last)}.", errors=errors)
    if ends_on < starts_on:
        allowed = [{"pointer": "/ends_on", "first": starts_on.isoformat(), "last": last.isoformat()}]
        raise wrong.DatesNotAllowed(
            f"Ngày kết thúc phải từ ngày bắt đầu trở đi: từ {_vn(starts_on)} đến {_vn(last)}.", errors=allowed
        )


def _require_around(starts_on: date, ends_on: date, campaigns: tuple[date, date] | None) -> None:
    if campaigns is None or (starts_on <= campaigns[0] and campaigns[1] <= ends_on):
        return
    first, last = campaigns
    raise wrong.DatesNotAllowed(
        f"Các chiến dịch của chủ đề kéo dài từ {_vn(first)} đến {_vn(last)}: chủ đề phải bao trùm khoảng này, "
        "hoặc hãy sửa ngày của chiến dịch trước.",
        errors=[
            {"pointer": "/starts_on", "last": first.isoformat()},
            {"pointer": "/ends_on", "first": last.isoformat()},
        ],
    )


def _vn(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def dates(row: m.Theme | m.Campaign) -> dict[str, str]:
    return {"starts_on": row.starts_on.isoformat(), "ends_on": row.ends_on.isoformat()}


async def record(
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
