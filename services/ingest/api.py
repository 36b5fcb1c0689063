"""Routes of the ingest service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import FeedbackCase, Fetch, Source
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.ingest import queries, service
from services.ingest.near.schemas import ContentWithCopies
from services.ingest.near.service import copies_of
from services.ingest.problems import (
    ContentNotFound,
    SourceExists,
    SourceNotFound,
    SourceNotPolled,
    SourceRefused,
)
from services.ingest.schemas import (
    ContentOut,
    FetchOut,
    SourceCreate,
    SourceOut,
    SourcePatch,
    SourceWithHealth,
)
from services.ingest.settings import IngestSettings

PREFIX = "/api/ingest/v1"
router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))

# The corpus is for the people who work with it: the integrator role pushes items and cannot read them back.
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]
SourceKeeperDep = Annotated[Principal, require(Role.ADMIN, Role.EDITOR)]


def get_settings(request: Request) -> IngestSettings:
    settings: IngestSettings = request.app.state.settings
    return settings


SettingsDep = Annotated[IngestSettings, Depends(get_settings)]

# --- sources ------------------------------------------------------------------------------------------------


@router.post("/sources", status_code=201, responses=problems(SourceExists, SourceRefused))
async def create_source(
    body: SourceCreate, session: SessionDep, who: SourceKeeperDep, clock: ClockDep, settings: SettingsDep
) -> SourceOut:
    by = service.Actor(who.person_id, settings.replay)
    return SourceOut.model_validate(await service.create_source(session, body, by=by, now=clock.now()))


@router.get("/sources")
async def list_sources(page: PageDep, session: SessionDep, _: StaffDep, clock: ClockDep) -> Page[SourceWithHealth]:
    found = page_of(await queries.list_sources(session, page), page.limit, _by_name)
    items = await service.read_health(session, found["items"], clock.now())
    return Page[SourceWithHealth](items=items, next_cursor=found["next_cursor"])


@router.get("/sources/{source_id}", responses=problems(SourceNotFound))
async def get_source(source_id: UUID, session: SessionDep, _: StaffDep, clock: ClockDep) -> SourceWithHealth:
    source = await service.require_source(session, source_id)
    (known,) = await service.read_health(session, [source], clock.now())
    return known


@router.patch("/sources/{source_id}", responses=problems(SourceNotFound, SourceExists, SourceRefused))
async def change_source(
    source_id: UUID,
    body: SourcePatch,
    session: SessionDep,
    who: SourceKeeperDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> SourceOut:
    by = service.Actor(who.person_id, settings.replay)
    return SourceOut.model_validate(await service.change_source(session, source_id, body, by=by, now=clock.now()))


@router.delete("/sources/{source_id}", status_code=204, responses=problems(SourceNotFound))
async def retire_source(
    source_id: UUID, session: SessionDep, who: SourceKeeperDep, clock: ClockDep, settings: SettingsDep
) -> None:
    by = service.Actor(who.person_id, settings.replay)
    await service.retire_source(session, source_id, by=by, now=clock.now())


@router.post("/sources/{source_id}/poll", status_code=202, responses=problems(SourceNotFound, SourceNotPolled))
async def request_poll(source_id: UUID, session: SessionDep, _: SourceKeeperDep, clock: ClockDep) -> SourceOut:
    return SourceOut.model_validate(await service.request_poll(session, source_id, clock.now()))


@router.get("/fetches")
async def list_fetches(
    page: PageDep, session: SessionDep, _: StaffDep, source_id: Annotated[UUID | None, Query()] = None
) -> Page[FetchOut]:
    rows = await queries.list_fetches(session, source_id, page)
    return Page[FetchOut].model_validate(page_of(rows, page.limit, by_arrival))


# --- contents -----------------------------------------------------------------------------------------------


@router.get("/contents")
async def list_contents(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    source_id: Annotated[UUID | None, Query()] = None,
    copies: Annotated[bool, Query(description="false: one of each group of near-copies, the first")] = True,
) -> Page[ContentOut]:
    rows = await queries.list_contents(session, source_id, page, with_copies=copies)
    return Page[ContentOut].model_validate(page_of(rows, page.limit, by_arrival))


@router.get("/contents/{content_id}", responses=problems(ContentNotFound))
async def get_content(content_id: UUID, session: SessionDep, _: StaffDep) -> ContentWithCopies:
    content = ContentWithCopies.model_validate(await service.require_content(session, content_id))
    among = await copies_of(session, content_id)
    return content.model_copy(update={"copy_of": among.copy_of, "copies": among.copies})


def _by_name(source: Source) -> Cursor:
    return Cursor(source.name, source.id)


def by_arrival(row: Fetch | FeedbackCase | Any) -> Cursor:
    return Cursor(None, row.id)
