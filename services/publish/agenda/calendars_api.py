"""Routes of the calendars that are read by their address: validate, call one use case, return."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish.agenda import calendars, queries
from services.publish.agenda import problems as wrong
from services.publish.agenda.api import Worker
from services.publish.agenda.schemas import CalendarChange, CalendarCreate, CalendarOut
from services.publish.api import Reader, Res
from services.publish.service.publications import SEES

router = APIRouter(
    prefix="/api/publish/v1/agenda/calendars", tags=["agenda"], responses=problems(Unauthenticated, Forbidden)
)


@router.get("", response_model=Page[CalendarOut])
async def list_calendars(session: SessionDep, who: Reader, page: PageDep) -> Any:
    """Which addresses are watched, when each was read last, and why one could not be."""
    rows = await queries.list_calendars(session, page, who.units(*SEES))
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.post(
    "",
    status_code=201,
    response_model=CalendarOut,
    responses=problems(
        wrong.NotAtThisDesk, wrong.CalendarNotFetched, wrong.AgendaCalendarExists, wrong.TooManyCalendars
    ),
)
async def add_calendar(
    body: CalendarCreate, session: SessionDep, who: Worker, clock: ClockDep, res: Res
) -> m.AgendaCalendar:
    """Watch a calendar at its public address: read within seconds, and again each `poll_seconds`."""
    calendars.require_askable(body.url, replay=res.replay)
    return await calendars.add_calendar(session, body.model_dump(), who, clock.now())


@router.get("/{calendar_id}", response_model=CalendarOut, responses=problems(wrong.AgendaCalendarNotFound))
async def read_calendar(calendar_id: UUID, session: SessionDep, who: Reader) -> m.AgendaCalendar:
    return await calendars.require_calendar(session, calendar_id, who)


@router.put(
    "/{calendar_id}",
    response_model=CalendarOut,
    responses=problems(wrong.AgendaCalendarNotFound, wrong.NotAtThisDesk),
)
async def change_calendar(
    calendar_id: UUID, body: CalendarChange, session: SessionDep, who: Worker, clock: ClockDep
) -> m.AgendaCalendar:
    """Its name and rhythm; `is_paused` stops it, and false lets one go on that was paused or gone."""
    return await calendars.change_calendar(session, calendar_id, body.model_dump(), who, clock.now())


@router.post(
    "/{calendar_id}/poll",
    status_code=202,
    response_model=CalendarOut,
    responses=problems(wrong.AgendaCalendarNotFound, wrong.NotAtThisDesk, wrong.AgendaCalendarResting),
)
async def poll_calendar(calendar_id: UUID, session: SessionDep, who: Worker, clock: ClockDep) -> m.AgendaCalendar:
    """Read it as soon as a worker is free, whole."""
    return await calendars.poll_soon(session, calendar_id, who, clock.now())
