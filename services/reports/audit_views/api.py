"""Routes of the audit log: for auditors alone. Each look at its entries is an entry."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse
from pydantic import AwareDatetime

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.api import Res
from services.reports.audit_views import checking, exporting, queries, service
from services.reports.audit_views import problems as wrong
from services.reports.audit_views.acts import ActClass
from services.reports.audit_views.queries import Wanted
from services.reports.audit_views.schemas import (
    ActOut,
    CheckOut,
    DayOut,
    EntryOut,
    ExportIn,
    ExportOut,
    ObjectCounts,
    PersonCounts,
    StandingOut,
)

router = APIRouter(prefix="/api/reports/v1/audit", tags=["audit"], responses=problems(Unauthenticated, Forbidden))

Auditor = Annotated[Principal, require(Role.AUDITOR)]
Watcher = Annotated[Principal, require(Role.AUDITOR, Role.ADMIN)]
"""That the log holds is for whoever runs the house, too; what is in it is not."""
CODE = r"^[a-z][a-z_.-]{0,63}$"
NOBODY = UUID(int=0)


def wanted_entries(
    actor_id: UUID | None = None,
    object_type: Annotated[str | None, Query(pattern=CODE)] = None,
    object_id: UUID | None = None,
    act: Annotated[ActClass | None, Query(description="saw, changed, approved or sent")] = None,
    action: Annotated[str | None, Query(pattern=CODE, description="one act by its name: publication.approved")] = None,
    service_name: Annotated[
        str | None, Query(alias="service", pattern=CODE, description="whose chain: publish, …, operator")
    ] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query(description="not included")] = None,
) -> Wanted:
    return Wanted(actor_id, object_type, object_id, act, action, service_name, since, until)


WantedDep = Annotated[Wanted, Depends(wanted_entries)]


def counted_window(
    clock: ClockDep,
    since: Annotated[AwareDatetime | None, Query(description="without it: a week before the end")] = None,
    until: Annotated[AwareDatetime | None, Query(description="not included; without it: now")] = None,
) -> tuple[datetime, datetime | None]:
    return service.window_of(since, until, clock.now())


WindowDep = Annotated[tuple[datetime, datetime | None], Depends(counted_window)]


# --- what is in it ------------------------------------------------------------------------------------------


@router.get("/acts")
async def list_acts(_: Auditor) -> list[ActOut]:
    """Every act there is, its class and how it is said."""
    return ActOut.all()


@router.get("/entries", responses=problems(wrong.WindowNotPossible))
async def list_entries(
    wanted: WantedDep, page: PageDep, session: SessionDep, who: Auditor, clock: ClockDep
) -> Page[EntryOut]:
    """Newest first."""
    rows = await service.read_entries(session, wanted, page, by=who.person_id, now=clock.now())
    found = page_of(rows, page.limit, lambda row: Cursor(None, row[0].id))
    return Page[EntryOut](items=[EntryOut.of(row) for row in found["items"]], next_cursor=found["next_cursor"])


@router.get("/objects/{object_type}/{object_id}")
async def get_timeline(
    object_type: Annotated[str, Path(pattern=CODE)],
    object_id: UUID,
    page: PageDep,
    session: SessionDep,
    who: Auditor,
    clock: ClockDep,
) -> Page[EntryOut]:
    """All that was done about one thing, from its beginning; empty where nothing was."""
    rows = await service.read_timeline(session, object_type, object_id, page, by=who.person_id, now=clock.now())
    found = page_of(rows, page.limit, lambda row: Cursor(None, row[0].id))
    return Page[EntryOut](items=[EntryOut.of(row) for row in found["items"]], next_cursor=found["next_cursor"])


@router.get("/summary/people", responses=problems(wrong.WindowNotPossible))
async def summarize_people(
    window: WindowDep, page: PageDep, session: SessionDep, who: Auditor, clock: ClockDep
) -> Page[PersonCounts]:
    """Who did how much of what, who did most first."""
    wanted = Wanted(since=window[0], until=window[1])
    rows = await service.count_by_person(session, wanted, page, by=who.person_id, now=clock.now())
    found = page_of(rows, page.limit, lambda row: Cursor(row.entries, row.actor_id or NOBODY))
    return Page[PersonCounts].model_validate(found, from_attributes=True)


@router.get("/summary/objects", responses=problems(wrong.WindowNotPossible))
async def summarize_objects(
    window: WindowDep,
    page: PageDep,
    session: SessionDep,
    who: Auditor,
    clock: ClockDep,
    object_type: Annotated[str | None, Query(pattern=CODE)] = None,
) -> Page[ObjectCounts]:
    """What was done about each thing, what was touched most first."""
    wanted = Wanted(object_type=object_type, since=window[0], until=window[1])
    rows = await service.count_by_object(session, wanted, page, by=who.person_id, now=clock.now())
    found = page_of(rows, page.limit, lambda row: Cursor(row.entries, row.object_id))
    return Page[ObjectCounts].model_validate(found, from_attributes=True)


# --- whether it holds ---------------------------------------------------------------------------------------


@router.get("/standing")
async def get_standing(session: SessionDep, _: Watcher, clock: ClockDep, res: Res) -> StandingOut:
    """Whether the log holds, by its last whole check and those since; and whether the checks are made."""
    return StandingOut.of(await checking.standing(session, res.settings.reports.audit.rhythm, clock.now()))


@router.get("/checks")
async def list_checks(page: PageDep, session: SessionDep, _: Watcher) -> Page[CheckOut]:
    """Newest first."""
    found = page_of(await queries.list_checks(session, page), page.limit, lambda row: Cursor(None, row.id))
    return Page[CheckOut](items=[CheckOut.of(each) for each in found["items"]], next_cursor=found["next_cursor"])


@router.get("/days", responses=problems(wrong.WindowNotPossible))
async def list_days(day_from: date, day_to: date, session: SessionDep, _: Watcher) -> list[DayOut]:
    """Sealed days, both ends included; at most a year of them."""
    exporting.require_days(day_from, day_to)
    return DayOut.all(await queries.list_days(session, day_from, day_to))


# --- exports ------------------------------------------------------------------------------------------------


@router.post("/exports", status_code=202, responses=problems(wrong.WindowNotPossible, wrong.DaysNotSealed))
async def request_export(body: ExportIn, session: SessionDep, who: Auditor, clock: ClockDep) -> ExportOut:
    """The worker makes it; how far it is can be read meanwhile."""
    made = await exporting.request_export(session, body.day_from, body.day_to, by=who.person_id, now=clock.now())
    return ExportOut.of(made)


@router.get("/exports")
async def list_exports(page: PageDep, session: SessionDep, _: Auditor) -> Page[ExportOut]:
    """Newest first."""
    found = page_of(await queries.list_exports(session, page), page.limit, lambda row: Cursor(None, row.id))
    return Page[ExportOut](items=[ExportOut.of(each) for each in found["items"]], next_cursor=found["next_cursor"])


@router.get("/exports/{export_id}", responses=problems(wrong.ExportNotFound))
async def get_export(export_id: UUID, session: SessionDep, _: Auditor) -> ExportOut:
    return ExportOut.of(await exporting.require_export(session, export_id))


@router.post(
    "/exports/{export_id}/sign",
    responses=problems(wrong.ExportNotFound, wrong.ExportNotMade, wrong.ExportAlreadySigned),
)
async def sign_export(export_id: UUID, session: SessionDep, who: Auditor, clock: ClockDep) -> ExportOut:
    """An auditor answers for exactly the bytes of this digest."""
    return ExportOut.of(await exporting.sign_export(session, export_id, by=who.person_id, now=clock.now()))


@router.get(
    "/exports/{export_id}/file",
    response_class=FileResponse,
    responses=problems(wrong.ExportNotFound, wrong.ExportNotMade, wrong.ExportFileLost),
)
async def take_export(export_id: UUID, session: SessionDep, who: Auditor, clock: ClockDep, res: Res) -> FileResponse:
    """The ZIP. Each time it is taken, the log keeps who did."""
    path = await exporting.take_export(session, res.files, export_id, by=who.person_id, now=clock.now())
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="application/zip", filename=f"nhat-ky-{export_id}.zip", headers=headers)
