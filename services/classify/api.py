"""Routes of the classify service."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.ids import floor_id
from libs.common.models import LabelProposal, Story
from libs.common.models.enums import Field, LateReason, RiskState, Role
from libs.common.pagination import Cursor, InvalidCursor, Page, PageDep, PageRequest, page_of
from services.classify import queries, story_queries
from services.classify.lanes import queries as lane_queries
from services.classify.lanes.service import TRIES
from services.classify.problems import (
    AnnotationNotFound,
    ProposalAlreadyDecided,
    ProposalAlreadyOpen,
    ProposalNotFound,
    ReasonNeeded,
    RiskCaseAlreadyDecided,
    RiskCaseNotFound,
    SecondPersonNeeded,
    StoryNotFound,
)
from services.classify.schemas import (
    AnnotationOut,
    BacklogOut,
    LabelCreate,
    LabelledOut,
    LabelProposalOut,
    RiskCaseOut,
    RiskCaseWithContent,
    RiskDecision,
    StoryContentOut,
    StoryOut,
    StoryWithContents,
)
from services.classify.service import labels

PREFIX = "/api/classify/v1"
router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))

# The corpus is for the people who work with it; the integrator role sees published claims and nothing else here.
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
LABELLERS = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.FACT_CHECKER, Role.SPOKESPERSON, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]
LabellerDep = Annotated[Principal, require(*LABELLERS)]
LegalDep = Annotated[Principal, require(Role.FACT_CHECKER, Role.SPOKESPERSON, Role.ADMIN)]

STORY_CONTENTS = 200
BACKLOG_AGE = timedelta(days=3)
DEGRADED = (
    "Chưa nạp được mô hình phân loại; nội dung vẫn được nhận và sẽ được gán nhãn sau. "
    "/ No model could be loaded; contents are taken in and labelled later."
)


class StorySort(StrEnum):
    LATEST = "latest"
    SOURCES = "sources"


@router.get("/backlog")
async def read_backlog(session: SessionDep, _: StaffDep, clock: ClockDep) -> BacklogOut:
    """How far classification is behind, over the last three days."""
    unlabelled, without_story = await story_queries.count_backlog(session, floor_id(clock.now() - BACKLOG_AGE))
    late = {LateReason(reason): number for reason, number in (await lane_queries.count(session)).items()}
    return BacklogOut(
        unlabelled=unlabelled,
        without_story=without_story,
        late=late,
        given_up=await lane_queries.count_given_up(session, TRIES),
        degraded=DEGRADED if LateReason.NO_MODEL in late else None,
    )


# --- stories ------------------------------------------------------------------------------------------------


@router.get("/stories")
async def list_stories(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    sort: StorySort = StorySort.LATEST,
    field: Field | None = None,
    min_sources: Annotated[int, Query(ge=1)] = 1,
    hours: Annotated[int | None, Query(ge=1, le=24 * 365)] = None,
) -> Page[StoryOut]:
    since = clock.now() - timedelta(hours=hours) if hours else None
    wanted = story_queries.StoryFilter(field, min_sources, since)
    rows = await story_queries.list_stories(session, wanted, _sort_key(sort), _story_after(sort, page), page.limit + 1)
    return Page[StoryOut].model_validate(page_of(rows, page.limit, _by_sources if sort == "sources" else _by_time))


@router.get("/stories/{story_id}", responses=problems(StoryNotFound))
async def get_story(story_id: UUID, session: SessionDep, _: StaffDep) -> StoryWithContents:
    story = await story_queries.get_story(session, story_id)
    if story is None:
        raise StoryNotFound(f"Không có câu chuyện {story_id}.")
    rows = await story_queries.list_story_contents(session, story_id, STORY_CONTENTS)
    shown = StoryOut.model_validate(story).model_dump()
    return StoryWithContents(**shown, contents=[StoryContentOut.model_validate(row) for row in rows])


# --- annotations and labels ---------------------------------------------------------------------------------


@router.get("/contents/{content_id}/annotation", responses=problems(AnnotationNotFound))
async def get_annotation(content_id: UUID, session: SessionDep, _: StaffDep) -> AnnotationOut:
    return AnnotationOut.model_validate(await labels.require_annotation(session, content_id))


@router.post("/contents/{content_id}/label", responses=problems(AnnotationNotFound, ReasonNeeded, ProposalAlreadyOpen))
async def label_content(
    content_id: UUID, body: LabelCreate, session: SessionDep, who: LabellerDep, clock: ClockDep
) -> LabelledOut:
    said = labels.PersonLabels(body.kind, body.field, body.tone)
    done = await labels.label_content(session, content_id, said, body.reason, by=who.person_id, now=clock.now())
    return LabelledOut.model_validate(done)


@router.get("/label-proposals")
async def list_label_proposals(page: PageDep, session: SessionDep, _: LabellerDep) -> Page[LabelProposalOut]:
    rows = await queries.list_proposals(session, page)
    return Page[LabelProposalOut].model_validate(page_of(rows, page.limit, _by_arrival))


_PROPOSAL_PROBLEMS = problems(ProposalNotFound, ProposalAlreadyDecided, SecondPersonNeeded)


@router.post("/label-proposals/{proposal_id}/confirm", responses=_PROPOSAL_PROBLEMS)
async def confirm_label(proposal_id: UUID, session: SessionDep, who: LabellerDep, clock: ClockDep) -> LabelledOut:
    done = await labels.confirm_proposal(session, proposal_id, by=who.person_id, now=clock.now())
    return LabelledOut.model_validate(done)


@router.post("/label-proposals/{proposal_id}/reject", responses=_PROPOSAL_PROBLEMS)
async def reject_label(proposal_id: UUID, session: SessionDep, who: LabellerDep, clock: ClockDep) -> LabelledOut:
    done = await labels.reject_proposal(session, proposal_id, by=who.person_id, now=clock.now())
    return LabelledOut.model_validate(done)


# --- legal-risk suggestions ---------------------------------------------------------------------------------


@router.get("/legal-risk-cases")
async def list_legal_risk_cases(
    page: PageDep, session: SessionDep, _: LegalDep, state: RiskState | None = None
) -> Page[RiskCaseWithContent]:
    rows = await queries.list_cases(session, state, page)
    return Page[RiskCaseWithContent].model_validate(page_of(rows, page.limit, _by_arrival))


@router.post("/legal-risk-cases/{case_id}/decide", responses=problems(RiskCaseNotFound, RiskCaseAlreadyDecided))
async def decide_legal_risk_case(
    case_id: UUID, body: RiskDecision, session: SessionDep, who: LegalDep, clock: ClockDep
) -> RiskCaseOut:
    case = await labels.decide_case(session, case_id, body.decision, body.reason, by=who.person_id, now=clock.now())
    return RiskCaseOut.model_validate(case)


def _sort_key(sort: StorySort) -> Any:
    return Story.sources if sort is StorySort.SOURCES else Story.last_at


def _story_after(sort: StorySort, page: PageRequest) -> tuple[Any, UUID] | None:
    """The cursor's key in the type of the column; one of another list is refused."""
    if page.after is None:
        return None
    key = page.after.key
    if sort is StorySort.SOURCES and isinstance(key, int):
        return key, page.after.id
    if sort is StorySort.LATEST and isinstance(key, str):
        try:
            return datetime.fromisoformat(key), page.after.id
        except ValueError:
            pass
    raise InvalidCursor("Con trỏ này thuộc về một danh sách khác.")


def _by_time(story: Story) -> Cursor:
    return Cursor(story.last_at.isoformat(), story.id)


def _by_sources(story: Story) -> Cursor:
    return Cursor(story.sources, story.id)


def _by_arrival(row: LabelProposal | Any) -> Cursor:
    return Cursor(None, row.id)
