"""Routes of reports: validate, call one use case, return."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import ReportState, Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports import problems as wrong
from services.reports import service
from services.reports.domain import Format
from services.reports.issuing import access, packages, pictures, printers, queries
from services.reports.issuing.pictures import PictureForm
from services.reports.issuing.printing import MEDIA_TYPES
from services.reports.resources import ReportsResources
from services.reports.schemas import (
    KindName,
    PictureOut,
    ReportCreate,
    ReportDetail,
    ReportEdit,
    ReportOut,
    ReportSign,
    ReportVoid,
    RunOut,
    SnapshotOut,
    VersionOut,
)
from services.reports.sending.problems import RecipientsChanged, RecipientsOfSchedule

router = APIRouter(prefix="/api/reports/v1", tags=["reports"], responses=problems(Unauthenticated, Forbidden))

# Reports name pages of the corpus: they are for the people who work here.
Reader = Annotated[Principal, require(*access.READERS)]
# A kind with roles of its own is for those alone: `access` asks for them.
Maker = Annotated[Principal, require(*access.MAKERS, Role.FACT_CHECKER)]
Signer = Annotated[Principal, require(Role.SPOKESPERSON)]
EDITED = (wrong.ReportNotFound, wrong.ReportChanged, wrong.ReportSigned, wrong.ReportVoid)
PRINTED = (
    wrong.ReportNotFound,
    wrong.VersionNotFound,
    wrong.ReportFileLost,
    wrong.PrintingFailed,
    wrong.AboutNotFound,
)
PICTURED = (wrong.ReportNotFound, wrong.AboutNotFound)


def held(request: Request) -> ReportsResources:
    found: ReportsResources = resources(request)
    return found


Res = Annotated[ReportsResources, Depends(held)]


@router.post(
    "/reports",
    status_code=201,
    responses=problems(
        wrong.InvalidPeriod,
        wrong.AboutWhat,
        wrong.AboutNotFound,
        wrong.TooManyAtOnce,
        wrong.TemplateBroken,
        wrong.FormBroken,
    ),
)
async def create_report(body: ReportCreate, session: SessionDep, who: Maker, clock: ClockDep, res: Res) -> ReportDetail:
    access.require_maker(who, body.kind)
    made = await service.make_report(
        session,
        res.workshop,
        body.kind,
        about=body.about,
        start=body.start,
        end=body.end,
        by=who.person_id,
        now=clock.now(),
    )
    access.require_sight(who, body.kind, made.snapshot.data)
    return ReportDetail.of(made)


@router.get("/reports", response_model=Page[ReportOut])
async def list_reports(
    page: PageDep,
    session: SessionDep,
    who: Reader,
    kind: Annotated[KindName | None, Query()] = None,
    state: Annotated[ReportState | None, Query()] = None,
) -> Any:
    rows = await queries.list_reports(session, page, kind, state, access.hidden_from(who))
    found = page_of(rows, page.limit, lambda row: Cursor(None, row[0].id))
    formats = await queries.formats_of(session, [report.id for report, _ in found["items"]])
    items = [ReportOut.of_rows(report, snap, formats.get(report.id, [])) for report, snap in found["items"]]
    return {**found, "items": items}


@router.get("/reports/{report_id}", responses=problems(wrong.ReportNotFound))
async def get_report(report_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> ReportDetail:
    issue = await access.require_seen(session, report_id, who)
    await access.note_look(session, issue.report.kind, issue.snapshot.data, who, clock.now())
    return ReportDetail.of(issue)


@router.put(
    "/reports/{report_id}", responses=problems(*EDITED, wrong.NotPrintable, wrong.TextIsFixed, RecipientsOfSchedule)
)
async def edit_report(
    report_id: UUID, body: ReportEdit, session: SessionDep, who: Maker, clock: ClockDep, res: Res
) -> ReportDetail:
    """A new version; the figures behind it stay."""
    issue = await access.require_seen(session, report_id, who)
    access.require_maker(who, issue.report.kind)
    packages.require_same_text(issue, body.text, body.head.subject)
    edited = await service.edit_report(
        session,
        res.workshop,
        report_id,
        based_on=body.based_on,
        text=body.text,
        head=body.head.model_dump(exclude_none=True),
        reason=body.reason,
        by=who.person_id,
        now=clock.now(),
    )
    return ReportDetail.of(edited)


@router.post("/reports/{report_id}/sign", responses=problems(*EDITED, wrong.NumberTaken, RecipientsChanged))
async def sign_report(
    report_id: UUID, body: ReportSign, session: SessionDep, who: Signer, clock: ClockDep, res: Res
) -> ReportDetail:
    await access.require_seen(session, report_id, who)
    signed = await service.sign_report(
        session,
        res.workshop,
        report_id,
        based_on=body.based_on,
        number=body.number,
        signer=body.signer,
        by=who.person_id,
        now=clock.now(),
    )
    return ReportDetail.of(signed)


@router.post("/reports/{report_id}/void", responses=problems(wrong.ReportNotFound, wrong.ReportVoid))
async def void_report(
    report_id: UUID, body: ReportVoid, session: SessionDep, who: Signer, clock: ClockDep
) -> ReportDetail:
    await access.require_seen(session, report_id, who)
    now = clock.now()
    voided = await service.void_report(session, report_id, reason=body.reason, by=who.person_id, now=now)
    return ReportDetail.of(voided)


@router.get("/reports/{report_id}/versions", responses=problems(wrong.ReportNotFound))
async def list_versions(report_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> list[VersionOut]:
    """All of them, oldest first: what was drafted from the figures, and each edit of it."""
    issue = await access.require_seen(session, report_id, who)
    await access.note_look(session, issue.report.kind, issue.snapshot.data, who, clock.now())
    return [VersionOut.of(row) for row in await queries.versions_of(session, report_id)]


@router.get(
    "/reports/{report_id}/content",
    responses=problems(*PRINTED),
)
async def get_report_content(
    report_id: UUID,
    session: SessionDep,
    who: Reader,
    clock: ClockDep,
    res: Res,
    wanted: Annotated[Format, Query(alias="format")] = Format.MD,
    version: Annotated[int | None, Query(ge=1, description="by default the present one")] = None,
) -> Response:
    issue = await access.require_seen(session, report_id, who)
    await packages.require_handed_over(session, issue)
    content = await printers.report_content(session, res.files, report_id, version, wanted)
    await access.note_look(session, issue.report.kind, issue.snapshot.data, who, clock.now())
    name = f"bao-cao-{report_id}.{wanted.value}"
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type=MEDIA_TYPES[wanted], headers=headers)


@router.get("/reports/{report_id}/pictures", responses=problems(*PICTURED))
async def list_pictures(report_id: UUID, session: SessionDep, who: Reader) -> list[PictureOut]:
    """What each picture of the report shows, in words, and its addresses."""
    issue = await access.require_seen(session, report_id, who)
    await packages.require_handed_over(session, issue)
    found = await asyncio.to_thread(pictures.told, issue.report.kind, issue.snapshot.data)
    return [PictureOut.of(report_id, each) for each in found]


@router.get(
    "/reports/{report_id}/pictures/{name}.{form}",
    response_class=Response,
    responses={
        **problems(*PICTURED, wrong.PictureNotFound),
        200: {"content": {media: {} for media in pictures.MEDIA_TYPES.values()}},
    },
)
async def get_picture(report_id: UUID, name: str, form: PictureForm, session: SessionDep, who: Reader) -> Response:
    """Drawn from the frozen figures, so the same for ever."""
    issue = await access.require_seen(session, report_id, who)
    await packages.require_handed_over(session, issue)
    drawn = await asyncio.to_thread(pictures.draw, issue.report.kind, issue.snapshot.data, name, form)
    return Response(drawn, media_type=pictures.MEDIA_TYPES[form], headers=pictures.HEADERS)


@router.get("/reports/{report_id}/package", responses=problems(*PRINTED, wrong.NoPackage))
async def get_report_package(
    report_id: UUID,
    session: SessionDep,
    who: Reader,
    clock: ClockDep,
    res: Res,
    version: Annotated[int | None, Query(ge=1, description="by default the present one")] = None,
) -> Response:
    """A legal-risk case as it is handed over: ZIP of PDF, JSON and SHA256SUMS. Who takes it is logged."""
    issue = await access.require_seen(session, report_id, who)
    packed = await packages.package(session, res.files, issue, version, by=who.person_id, clock=clock)
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{packages.NAME}-{report_id}.zip"',
    }
    return Response(packed, media_type="application/zip", headers=headers)


@router.post("/reports/{report_id}/print", responses=problems(wrong.ReportNotFound))
async def print_again(
    report_id: UUID, session: SessionDep, who: Maker, wanted: Annotated[Format, Query(alias="format")]
) -> RunOut:
    """A format that the printers gave up goes back to them."""
    issue = await access.require_seen(session, report_id, who)
    access.require_maker(who, issue.report.kind)
    return RunOut.model_validate(await printers.try_again(session, report_id, issue.report.version, wanted))


@router.get("/snapshots/{snapshot_id}", responses=problems(wrong.SnapshotNotFound, wrong.SnapshotDamaged))
async def get_snapshot(snapshot_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> SnapshotOut:
    snapshot = await service.require_snapshot(session, snapshot_id)
    access.require_sight(who, snapshot.kind, snapshot.data)
    await access.note_look(session, snapshot.kind, snapshot.data, who, clock.now())
    return SnapshotOut.of(snapshot)
