"""Routes of the classify service."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import Principal, require
from libs.common.db import SessionDep
from libs.common.errors import problems
from libs.common.models import Story
from libs.common.models.enums import Field, Role, TextKind
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.classify import queries, service
from services.classify.problems import StoryNotFound
from services.classify.queries import SearchFilter, StoryFilter
from services.classify.schemas import FoundOut, StoryDetail, StoryOut

router = APIRouter(prefix="/api/classify/v1", tags=["classify"])

# The corpus is for the people who work with it; the integrator role sees none of it.
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]


class StorySort(StrEnum):
    LATEST = "latest"
    SOURCES = "sources"


@router.get("/stories")
async def list_stories(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    sort: StorySort = StorySort.LATEST,
    field: Field | None = None,
    min_sources: Annotated[int, Query(ge=1)] = 1,
) -> Page[StoryOut]:
    wanted = StoryFilter(field, min_sources)
    by_sources = sort is StorySort.SOURCES
    rows = await service.list_stories(session, wanted, page, by_sources=by_sources)
    cursor = _by_sources if by_sources else _by_latest
    return Page[StoryOut].model_validate(page_of(rows, page.limit, cursor))


@router.get("/stories/{story_id}", responses=problems(StoryNotFound))
async def get_story(story_id: UUID, session: SessionDep, _: StaffDep) -> StoryDetail:
    story, contents = await service.read_story(session, story_id)
    told = StoryOut.model_validate(story).model_dump()
    return StoryDetail.model_validate({**told, "contents": contents}, from_attributes=True)


@router.get("/search")
async def search(
    q: Annotated[str, Query(min_length=1, max_length=300)],
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    field: Field | None = None,
    kind: TextKind | None = None,
) -> Page[FoundOut]:
    rows = await queries.search(session, SearchFilter(q, field, kind), page)
    return Page[FoundOut].model_validate(page_of(rows, page.limit, lambda row: Cursor(None, row.content_id)))


def _by_latest(story: Story) -> Cursor:
    return Cursor(story.last_at.isoformat(), story.id)


def _by_sources(story: Story) -> Cursor:
    return Cursor(story.sources, story.id)
