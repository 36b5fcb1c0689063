"""A programme as it stands today: its rows, whom they name now, how far they are, what is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.models import Assignment, AssignmentProgress, OrganizationUnit, Programme
from libs.common.models.enums import Role
from libs.common.units import How, Register, load_stored_register
from services.reports.programmes import queries, rules
from services.reports.programmes.problems import ProgrammeNotFound
from services.reports.programmes.rules import Facts, Named, Standing

KEEPS = (Role.EDITOR, Role.ADMIN)
"""Of the owner unit: who loads a programme and sets its rules; above it, an admin."""
REPORTS = (Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
"""Of the lead unit: who says how far a row is."""


@dataclass(frozen=True)
class RowView:
    row: Assignment
    standing: Standing
    leads: list[Named]
    """The units that answer for it today; where none is known, the programme's owner does."""
    partners: list[Named]
    latest: AssignmentProgress | None


@dataclass(frozen=True)
class ProgrammeView:
    programme: Programme
    owner: OrganizationUnit | None
    rows: list[RowView]


def today_of(now: datetime) -> date:
    return now.astimezone(HANOI).date()


async def require_programme(session: AsyncSession, programme_id: UUID, now: datetime) -> ProgrammeView:
    """A programme with its rows, each with whom it names today and whether it is late."""
    found = await queries.get_programme(session, programme_id)
    if found is None:
        raise ProgrammeNotFound(f"Mã chương trình: {programme_id}.")
    programme, owner = found
    return await view_of(session, programme, owner, await load_stored_register(session), now)


async def view_of(
    session: AsyncSession, programme: Programme, owner: OrganizationUnit | None, register: Register, now: datetime
) -> ProgrammeView:
    rows = await queries.assignments(session, programme.id)
    latest = await queries.latest_progress(session, programme.id)
    today = today_of(now)
    views = [row_view(programme, row, latest.get(row.id), register, today) for row in rows]
    return ProgrammeView(programme, owner, views)


def row_view(
    programme: Programme, row: Assignment, latest: AssignmentProgress | None, register: Register, today: date
) -> RowView:
    leads = leads_of(row.lead, row.lead_unit_code, today, register)
    partners = rules.named_units(row.partners, today, register)
    standing = standing_of(programme, row, latest.reported_at if latest else None, today)
    return RowView(row, standing, leads, partners, latest)


def standing_of(programme: Programme, row: Assignment, reported_at: datetime | None, today: date) -> Standing:
    """`reported_at`: when its lead unit spoke last."""
    facts = Facts(
        programme_state=programme.state,
        period_from=programme.period_from,
        period_to=programme.period_to,
        state=row.state,
        starts_on=row.starts_on,
        due_on=row.due_on,
        every=row.every,
        until_on=row.until_on,
        is_withdrawn=row.withdrawn_at is not None,
        reported_on=today_of(reported_at) if reported_at else None,
    )
    return rules.standing(facts, today)


def leads_of(lead: str | None, code: str | None, today: date, register: Register) -> list[Named]:
    """By the code that the row names, or else by the lead's own name."""
    for unit in register.units.get(code, ()) if code else ():
        if unit.valid_on(today):
            return [Named(unit.code, unit.name, How.NAME, "")]
    return rules.named_units(rules.split_leads(lead), today, register)


# --- who may ------------------------------------------------------------------------------------------------


async def owner_units(session: AsyncSession, owner: OrganizationUnit | None, now: datetime) -> set[UUID]:
    """The owner, or what follows it where it has ended."""
    if owner is None:
        return set()
    today = today_of(now)
    if owner.valid_to is None or owner.valid_to >= today:
        return {owner.id}
    followers = rules.named_units([owner.name], today, await load_stored_register(session))
    return await unit_ids(session, followers, today)


async def unit_ids(session: AsyncSession, units: Iterable[Named], today: date) -> set[UUID]:
    found = await queries.units_of_codes(session, [unit.code for unit in units], today)
    return {unit.id for unit in found.values()}


async def is_keeper(session: AsyncSession, owner: OrganizationUnit | None, who: Principal, now: datetime) -> bool:
    units = await owner_units(session, owner, now)
    above = owner.parent_id if owner else None
    return any(who.has_within(unit, *KEEPS) for unit in units) or (
        above is not None and who.has_within(above, Role.ADMIN)
    )
