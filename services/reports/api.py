"""Routes of the reports service: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports import problems as wrong
from services.reports import queries, service
from services.reports.domain import Format, ReportKind
from services.reports.rendering import MEDIA_TYPES
from services.reports.resources import ReportsResources
from services.reports.schemas import (
    ReportCreate,
    ReportOut,
    SnapshotOut,
)

router = APIRouter(prefix="/api/reports/v1", tags=["reports"], responses=problems(Unauthenticated, Forbidden))

# Reports name pages of the corpus: they are for the people who work here. The decisions are public documents.
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
Reader = Annotated[Principal, require(*STAFF)]
Maker = Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)]
ProgrammeReader = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]


def held(request: Request) -> ReportsResources:
    found: ReportsResources = resources(request)
    return found


Res = Annotated[ReportsResources, Depends(held)]


@router.post("/reports", status_code=201, responses=problems(wrong.InvalidPeriod, wrong.TooManyAtOnce))
async def create_report(body: ReportCreate, session: SessionDep, who: Maker, clock: ClockDep, res: Res) -> ReportOut:
    made = await service.make_report(
        session, res.workshop, body.kind, start=body.start, end=body.end, by=who.person_id, now=clock.now()
    )
    return ReportOut.of(made)


@router.get("/reports", response_model=Page[ReportOut])
async def list_reports(
    page: PageDep, session: SessionDep, _: Reader, kind: Annotated[ReportKind | None, Query()] = None
) -> Any:
    found = page_of(await queries.list_runs(session, page, kind), page.limit, lambda row: Cursor(None, row[0].id))
    formats: dict[UUID, list[str]] = {}
    for run in await queries.runs_of(session, [snapshot.id for _, snapshot in found["items"]]):
        formats.setdefault(run.snapshot_id, []).append(run.format)
    return {**found, "items": [ReportOut.of_rows(run, snap, formats[snap.id]) for run, snap in found["items"]]}


@router.get("/reports/{report_id}", responses=problems(wrong.ReportNotFound))
async def get_report(report_id: UUID, session: SessionDep, _: Reader) -> ReportOut:
    return ReportOut.of(await service.require_report(session, report_id))


@router.get("/reports/{report_id}/content", responses=problems(wrong.ReportNotFound, wrong.ReportFileLost))
async def get_report_content(
    report_id: UUID,
    session: SessionDep,
    _: Reader,
    res: Res,
    wanted: Annotated[Format, Query(alias="format")] = Format.MD,
) -> Response:
    content = await service.report_content(session, res.files, report_id, wanted)
    return Response(content, media_type=MEDIA_TYPES[wanted], headers={"X-Content-Type-Options": "nosniff"})


@router.get("/snapshots/{snapshot_id}", responses=problems(wrong.SnapshotNotFound, wrong.SnapshotDamaged))
async def get_snapshot(snapshot_id: UUID, session: SessionDep, _: Reader) -> SnapshotOut:
    return SnapshotOut.of(await service.require_snapshot(session, snapshot_id))
