"""Routes of the register of programmes. The decisions are public documents; who works here reads how far they are."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.programmes import problems as wrong
from services.reports.programmes import queries, service
from services.reports.programmes.schemas import ProgrammeDetail, ProgrammeOut, programme_out

router = APIRouter(prefix="/api/reports/v1", tags=["programmes"], responses=problems(Unauthenticated, Forbidden))

STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
ProgrammeReader = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]


@router.get("/programmes", response_model=Page[ProgrammeOut])
async def list_programmes(page: PageDep, session: SessionDep, _: ProgrammeReader) -> Any:
    rows = await queries.list_programmes(session, page)
    found = page_of(rows, page.limit, lambda row: Cursor(row[0].number, row[0].id))
    return {**found, "items": [programme_out(programme, owner) for programme, owner in found["items"]]}


@router.get("/programmes/{programme_id}", responses=problems(wrong.ProgrammeNotFound))
async def get_programme(
    programme_id: UUID, session: SessionDep, _: ProgrammeReader, clock: ClockDep
) -> ProgrammeDetail:
    return ProgrammeDetail.of(await service.require_programme(session, programme_id, clock.now()))
