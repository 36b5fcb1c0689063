"""Routes about people, their roles and their shifts: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require, signed_in
from libs.common.auth.problems import IssuerUnreachable
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import people_problems as wrong
from services.publish import people_queries as queries
from services.publish.people_schemas import (
    GrantCreate,
    GrantOut,
    GrantRevoke,
    Instant,
    Me,
    PersonCreate,
    PersonDetail,
    PersonOut,
    PersonPatch,
    RosterCreate,
    RosterOut,
    RosterPatch,
    Subject,
)
from services.publish.service import people

router = APIRouter(
    prefix="/api/publish/v1", tags=["people"], responses=problems(Unauthenticated, Forbidden, IssuerUnreachable)
)

Admin = Annotated[Principal, require(Role.ADMIN)]
Anybody = Annotated[Principal, signed_in()]
STAFF = (Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
Staff = Annotated[Principal, require(*STAFF)]


@router.get("/me", response_model=Me)
async def read_me(session: SessionDep, who: Anybody, clock: ClockDep) -> people.MeView:
    """Who one is, in which units with which roles, and whether one is on duty now."""
    return await people.read_me(session, who, clock.now())


@router.get("/people", response_model=Page[PersonOut])
async def list_people(
    session: SessionDep, who: Admin, page: PageDep, subject: Annotated[Subject | None, Query()] = None
) -> Any:
    """People of the units one administers; with `subject`, whoever signs in so, to be granted a role."""
    return page_of(await queries.list_people(session, page, who.units(Role.ADMIN), subject), page.limit, _by_id)


@router.post(
    "/people",
    status_code=201,
    response_model=PersonOut,
    responses=problems(wrong.PersonExists, wrong.NotAdminOfUnit),
)
async def register_person(body: PersonCreate, session: SessionDep, who: Admin, clock: ClockDep) -> m.Person:
    return await people.register_person(session, body.model_dump(), who, clock.now())


@router.get("/people/{person_id}", response_model=PersonDetail, responses=problems(wrong.PersonNotFound))
async def read_person(person_id: UUID, session: SessionDep, who: Admin) -> PersonDetail:
    person = await people.read_person(session, person_id, who)
    told = PersonOut.model_validate(person).model_dump()
    grants = [GrantOut.model_validate(grant) for grant in await queries.grants_of(session, person_id)]
    return PersonDetail(**told, grants=grants)


@router.patch(
    "/people/{person_id}",
    response_model=PersonOut,
    responses=problems(wrong.PersonNotFound, wrong.NotAdminOfUnit, wrong.OwnAccount),
)
async def change_person(
    person_id: UUID, body: PersonPatch, session: SessionDep, who: Admin, clock: ClockDep
) -> m.Person:
    return await people.change_person(session, person_id, body.changes(), who, clock.now())


@router.post(
    "/people/{person_id}/grants",
    status_code=201,
    response_model=GrantOut,
    responses=problems(
        wrong.PersonNotFound,
        wrong.NotAdminOfUnit,
        wrong.GrantToOneself,
        wrong.PersonInactive,
        wrong.GrantExists,
        wrong.InvalidDates,
    ),
)
async def grant_role(
    person_id: UUID, body: GrantCreate, session: SessionDep, who: Admin, clock: ClockDep
) -> m.RoleGrant:
    return await people.grant_role(session, person_id, body.model_dump(), who, clock.now())


@router.post(
    "/grants/{grant_id}/revoke",
    response_model=GrantOut,
    responses=problems(wrong.GrantNotFound, wrong.GrantEnded, wrong.InvalidDates),
)
async def revoke_grant(
    grant_id: UUID, session: SessionDep, who: Admin, clock: ClockDep, body: GrantRevoke | None = None
) -> m.RoleGrant:
    return await people.revoke_grant(session, grant_id, body.at if body else None, who, clock.now())


@router.get("/rosters", response_model=Page[RosterOut])
async def list_rosters(
    session: SessionDep,
    who: Staff,
    page: PageDep,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
) -> Any:
    """Shifts of one's own units that touch the time asked for."""
    rows = await queries.list_rosters(session, page, who.units(*STAFF), since, until)
    return page_of(rows, page.limit, _by_id)


@router.post(
    "/rosters",
    status_code=201,
    response_model=RosterOut,
    responses=problems(
        wrong.PersonNotFound, wrong.NotAdminOfUnit, wrong.RoleNotHeld, wrong.AlreadyOnDuty, wrong.InvalidDates
    ),
)
async def add_shift(body: RosterCreate, session: SessionDep, who: Admin, clock: ClockDep) -> m.DutyRoster:
    return await people.add_shift(session, body.model_dump(), who, clock.now())


@router.patch(
    "/rosters/{roster_id}",
    response_model=RosterOut,
    responses=problems(
        wrong.RosterNotFound, wrong.RosterBegun, wrong.RoleNotHeld, wrong.AlreadyOnDuty, wrong.InvalidDates
    ),
)
async def change_shift(
    roster_id: UUID, body: RosterPatch, session: SessionDep, who: Admin, clock: ClockDep
) -> m.DutyRoster:
    return await people.change_shift(session, roster_id, body.model_dump(exclude_unset=True), who, clock.now())


@router.delete("/rosters/{roster_id}", status_code=204, responses=problems(wrong.RosterNotFound, wrong.RosterBegun))
async def remove_shift(roster_id: UUID, session: SessionDep, who: Admin, clock: ClockDep) -> None:
    await people.remove_shift(session, roster_id, who, clock.now())


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
