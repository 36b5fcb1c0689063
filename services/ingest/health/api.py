"""Routes about the health of sources: how each is, why, what is usual for it, and its history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Page, PageDep, page_of
from services.ingest.api import PREFIX, StaffDep, by_arrival
from services.ingest.health import queries, reading
from services.ingest.health.schemas import HealthCounts, SourceEventOut, SourceHealthOut
from services.ingest.problems import SourceNotFound
from services.ingest.service import require_source

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))


@router.get("/source-health")
async def count_health(session: SessionDep, _: StaffDep, clock: ClockDep) -> HealthCounts:
    return await reading.counts(session, clock.now())


@router.get("/source-events")
async def list_source_events(
    page: PageDep, session: SessionDep, _: StaffDep, source_id: Annotated[UUID | None, Query()] = None
) -> Page[SourceEventOut]:
    rows = await queries.list_events(session, source_id, page)
    return Page[SourceEventOut].model_validate(page_of(rows, page.limit, by_arrival))


@router.get("/sources/{source_id}/health", responses=problems(SourceNotFound))
async def get_source_health(source_id: UUID, session: SessionDep, _: StaffDep, clock: ClockDep) -> SourceHealthOut:
    source = await require_source(session, source_id)
    return await reading.health(session, source, clock.now())
