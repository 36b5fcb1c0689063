"""Routes of schedules and their recipients."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.issuing import access
from services.reports.problems import AboutNotFound
from services.reports.sending import problems as wrong
from services.reports.sending import queries, schedules
from services.reports.sending.schemas import (
    PeriodOut,
    RecipientCreate,
    RecipientOut,
    RecipientPatch,
    ScheduleCreate,
    ScheduleOut,
    SchedulePatch,
)

router = APIRouter(prefix="/api/reports/v1", tags=["schedules"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require(*access.READERS)]
Maker = Annotated[Principal, require(*access.MAKERS)]
KEPT = (wrong.ScheduleNotFound, wrong.NotScheduleKeeper)
OF_RECIPIENT = (wrong.RecipientNotFound, wrong.NotScheduleKeeper)


@router.get("/schedules", response_model=Page[ScheduleOut])
async def list_schedules(page: PageDep, session: SessionDep, _: Reader) -> Any:
    rows = await queries.list_schedules(session, page)
    found = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    return {**found, "items": [ScheduleOut.of(row) for row in found["items"]]}


@router.post(
    "/schedules",
    status_code=201,
    responses=problems(wrong.ScheduleNotPossible, wrong.NotScheduleKeeper, AboutNotFound),
)
async def create_schedule(body: ScheduleCreate, session: SessionDep, who: Maker, clock: ClockDep) -> ScheduleOut:
    """It reports the periods that end from now on: each is drafted once, and its unit's people are told."""
    values = body.model_dump(exclude={"unit_id", "is_on"})
    return ScheduleOut.of(
        await schedules.make_schedule(session, values, body.unit_id, is_on=body.is_on, who=who, now=clock.now())
    )


@router.get("/schedules/{schedule_id}", responses=problems(wrong.ScheduleNotFound))
async def get_schedule(schedule_id: UUID, session: SessionDep, _: Reader) -> ScheduleOut:
    return ScheduleOut.of(await schedules.require_schedule(session, schedule_id))


@router.patch("/schedules/{schedule_id}", responses=problems(*KEPT, wrong.ScheduleChanged, wrong.ScheduleNotPossible))
async def change_schedule(
    schedule_id: UUID, body: SchedulePatch, session: SessionDep, who: Maker, clock: ClockDep
) -> ScheduleOut:
    """Turned on again, it reports what ends from then on. A cut-off that is sent as null is the city's again."""
    return ScheduleOut.of(
        await schedules.change_schedule(
            session, schedule_id, body.changes(), based_on=body.based_on, is_on=body.is_on, who=who, now=clock.now()
        )
    )


@router.get(
    "/schedules/{schedule_id}/periods", response_model=Page[PeriodOut], responses=problems(wrong.ScheduleNotFound)
)
async def list_periods(schedule_id: UUID, page: PageDep, session: SessionDep, _: Reader) -> Any:
    """Which periods were reported, newest first; a late one says so, and which passed without a report."""
    await schedules.require_schedule(session, schedule_id)
    rows = await queries.list_periods(session, schedule_id, page)
    return page_of(rows, page.limit, lambda row: Cursor(None, row.report_id))


@router.get("/schedules/{schedule_id}/recipients", response_model=list[RecipientOut], responses=problems(*KEPT))
async def list_recipients(schedule_id: UUID, session: SessionDep, who: Maker) -> list[m.ReportRecipient]:
    """In the order in which they are printed under Nơi nhận. For people of the schedule's unit."""
    return await schedules.list_recipients(session, schedule_id, who)


@router.post(
    "/schedules/{schedule_id}/recipients",
    status_code=201,
    response_model=RecipientOut,
    responses=problems(*KEPT, wrong.RecipientExists),
)
async def add_recipient(
    schedule_id: UUID, body: RecipientCreate, session: SessionDep, who: Maker, clock: ClockDep
) -> m.ReportRecipient:
    """Drafts that are not signed yet have to be saved again: who signs has to see for whom."""
    return await schedules.add_recipient(
        session, schedule_id, name=body.name, email=body.email, position=body.position, who=who, now=clock.now()
    )


@router.patch(
    "/recipients/{recipient_id}",
    response_model=RecipientOut,
    responses=problems(*OF_RECIPIENT, wrong.RecipientExists),
)
async def change_recipient(
    recipient_id: UUID, body: RecipientPatch, session: SessionDep, who: Maker, clock: ClockDep
) -> m.ReportRecipient:
    values = body.model_dump(exclude_none=True)
    return await schedules.change_recipient(session, recipient_id, values, who=who, now=clock.now())


@router.delete("/recipients/{recipient_id}", status_code=204, responses=problems(*OF_RECIPIENT))
async def remove_recipient(recipient_id: UUID, session: SessionDep, who: Maker, clock: ClockDep) -> None:
    await schedules.remove_recipient(session, recipient_id, who=who, now=clock.now())


@router.post(
    "/recipients/{recipient_id}/clear",
    response_model=RecipientOut,
    responses=problems(*OF_RECIPIENT, wrong.NotFlagged),
)
async def clear_flag(recipient_id: UUID, session: SessionDep, who: Maker, clock: ClockDep) -> m.ReportRecipient:
    """Somebody made sure that the address is good: the next letters go to it again."""
    return await schedules.clear_flag(session, recipient_id, who=who, now=clock.now())
