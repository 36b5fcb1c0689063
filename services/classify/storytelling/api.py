"""Routes by which people merge and split stories."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.classify.api import StaffDep
from services.classify.problems import StoryNotFound
from services.classify.storytelling import queries, service
from services.classify.storytelling.problems import (
    LinkAlreadyUndone,
    LinkNotFound,
    NothingLeftOfStory,
    SameStory,
    StoriesKeptApart,
    StoryAlreadyMerged,
)
from services.classify.storytelling.schemas import MergeBody, SplitBody, StoryLinkOut

router = APIRouter(prefix="/api/classify/v1", tags=["classify"], responses=problems(Unauthenticated, Forbidden))
EditorDep = Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.ADMIN)]
_MERGE = problems(StoryNotFound, SameStory, StoryAlreadyMerged, StoriesKeptApart)
_SPLIT = problems(StoryNotFound, StoryAlreadyMerged, NothingLeftOfStory)
_UNDO = problems(LinkNotFound, LinkAlreadyUndone, StoryAlreadyMerged)


@router.post("/stories/{story_id}/merge", status_code=201, responses=_MERGE)
async def merge_stories(
    story_id: UUID, body: MergeBody, session: SessionDep, who: EditorDep, clock: ClockDep
) -> StoryLinkOut:
    """Put the other story into this one; what is like either joins this one from now on."""
    link = await service.merge_stories(session, story_id, body.other_id, body.reason, by=who.person_id, now=clock.now())
    return StoryLinkOut.model_validate(link)


@router.post("/stories/{story_id}/split", status_code=201, responses=_SPLIT)
async def split_story(
    story_id: UUID, body: SplitBody, session: SessionDep, who: EditorDep, clock: ClockDep
) -> StoryLinkOut:
    """Make these contents a story of their own (`other_id` of the answer)."""
    link = await service.split_story(
        session, story_id, set(body.contents), body.reason, by=who.person_id, now=clock.now()
    )
    return StoryLinkOut.model_validate(link)


@router.get("/stories/{story_id}/links")
async def list_story_links(story_id: UUID, session: SessionDep, _: StaffDep) -> list[StoryLinkOut]:
    """What people decided about a story, the latest first."""
    return [StoryLinkOut.model_validate(row) for row in await queries.list_links(session, story_id)]


@router.post("/story-links/{link_id}/undo", responses=_UNDO)
async def undo_story_link(link_id: UUID, session: SessionDep, who: EditorDep, clock: ClockDep) -> StoryLinkOut:
    """Take a merge or a split back, with what has joined since."""
    link = await service.undo_link(session, link_id, by=who.person_id, now=clock.now())
    return StoryLinkOut.model_validate(link)
