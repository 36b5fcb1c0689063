"""Routes of the register of programmes. The decisions are public documents; who works here reads how far they are."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.api import Res
from services.reports.issuing.access import READERS
from services.reports.programmes import evidence, evidence_queries, queries, service, views
from services.reports.programmes import problems as wrong
from services.reports.programmes.evidence import Chosen
from services.reports.programmes.schemas import (
    AssignmentOut,
    ChoiceOut,
    EvidenceIn,
    EvidenceOut,
    ProgrammeDetail,
    ProgrammeOut,
    ProgressIn,
    ProgressOut,
    RulesIn,
    StateMove,
    programme_out,
)
from services.reports.programmes.service import Said
from services.reports.programmes.views import KEEPS, REPORTS

router = APIRouter(prefix="/api/reports/v1", tags=["programmes"], responses=problems(Unauthenticated, Forbidden))

Reader = Annotated[Principal, require(*READERS)]
ProgrammeReader = Annotated[Principal, require(*READERS, Role.INTEGRATOR)]
Keeper = Annotated[Principal, require(*KEEPS)]
OfUnit = Annotated[Principal, require(*REPORTS)]


@router.get("/programmes", response_model=Page[ProgrammeOut])
async def list_programmes(page: PageDep, session: SessionDep, _: ProgrammeReader) -> Any:
    rows = await queries.list_programmes(session, page)
    found = page_of(rows, page.limit, lambda row: Cursor(row[0].number, row[0].id))
    return {**found, "items": [programme_out(programme, owner) for programme, owner in found["items"]]}


@router.get("/programmes/{programme_id}", responses=problems(wrong.ProgrammeNotFound))
async def get_programme(
    programme_id: UUID, session: SessionDep, _: ProgrammeReader, clock: ClockDep
) -> ProgrammeDetail:
    return ProgrammeDetail.of(await views.require_programme(session, programme_id, clock.now()))


@router.put("/programmes/{programme_id}/state", responses=problems(wrong.ProgrammeNotFound, wrong.NotProgrammeKeeper))
async def set_state(
    programme_id: UUID, body: StateMove, session: SessionDep, who: Keeper, clock: ClockDep
) -> ProgrammeDetail:
    """An ended programme raises nothing overdue, whatever was left undone."""
    now = clock.now()
    await service.set_state(session, programme_id, body.state, who, now)
    return ProgrammeDetail.of(await views.require_programme(session, programme_id, now))


@router.put(
    "/assignments/{assignment_id}/evidence-rules",
    responses=problems(wrong.AssignmentNotFound, wrong.NotProgrammeKeeper),
)
async def set_rules(
    assignment_id: UUID, body: RulesIn, session: SessionDep, who: Keeper, clock: ClockDep
) -> AssignmentOut:
    now = clock.now()
    await service.set_rules(session, assignment_id, body.evidence, who, now)
    return AssignmentOut.of(await service.require_row(session, assignment_id, now))


@router.post(
    "/assignments/{assignment_id}/progress",
    status_code=201,
    response_model=ProgressOut,
    responses=problems(wrong.AssignmentNotFound, wrong.NotOfLeadUnit, wrong.ProgressNotPossible, wrong.ProgressChanged),
)
async def report_progress(
    assignment_id: UUID, body: ProgressIn, session: SessionDep, who: OfUnit, clock: ClockDep
) -> m.AssignmentProgress:
    """By somebody of a unit that leads the row today; of the programme's owner where the annex names no known unit."""
    said = Said(body.state, body.percent, body.note, body.version)
    return await service.report_progress(session, assignment_id, said, who, clock.now())


@router.get(
    "/assignments/{assignment_id}/progress",
    response_model=Page[ProgressOut],
    responses=problems(wrong.AssignmentNotFound),
)
async def list_progress(assignment_id: UUID, page: PageDep, session: SessionDep, _: Reader) -> Any:
    """Newest first; nothing of it is ever changed."""
    await service.require_assignment(session, assignment_id)
    rows = await queries.progress_history(session, assignment_id, page)
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.get(
    "/assignments/{assignment_id}/evidence",
    response_model=Page[EvidenceOut],
    responses=problems(wrong.AssignmentNotFound),
)
async def list_evidence(
    assignment_id: UUID, page: PageDep, session: SessionDep, _: Reader, clock: ClockDep, res: Res
) -> Any:
    """Newest first: what the row's rules find now, without what a person took off, and what a person linked."""
    rows = await evidence.list_evidence(session, assignment_id, page, clock.now())
    found = page_of(rows, page.limit, lambda row: Cursor(row.happened_at.isoformat(), row.object_id))
    return {**found, "items": EvidenceOut.told(found["items"], res.site)}


@router.post(
    "/assignments/{assignment_id}/evidence",
    status_code=201,
    response_model=ChoiceOut,
    responses=problems(wrong.AssignmentNotFound, wrong.NotOfLeadUnit, wrong.EvidenceNotFound),
)
async def choose_evidence(
    assignment_id: UUID, body: EvidenceIn, session: SessionDep, who: OfUnit, clock: ClockDep
) -> m.EvidenceChoice:
    return await evidence.choose_evidence(session, assignment_id, Chosen(**body.model_dump()), who, clock.now())


@router.get(
    "/assignments/{assignment_id}/evidence-choices",
    response_model=Page[ChoiceOut],
    responses=problems(wrong.AssignmentNotFound),
)
async def list_choices(assignment_id: UUID, page: PageDep, session: SessionDep, _: Reader) -> Any:
    """What people linked and took off, with their reasons, newest first."""
    await service.require_assignment(session, assignment_id)
    rows = await evidence_queries.choices_of(session, assignment_id, page)
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))
