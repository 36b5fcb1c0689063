"""Routes of feedback cases."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from libs.common.auth import Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import CaseState, Role
from libs.common.pagination import Page, PageDep, page_of
from services.ingest.api import PREFIX, by_arrival
from services.ingest.feedback import queries, service
from services.ingest.feedback.problems import FeedbackNotFound
from services.ingest.feedback.schemas import FeedbackCaseOut, FeedbackStatus

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
open_router = APIRouter(prefix=PREFIX, tags=["ingest"], dependencies=[public()])

CaseReaderDep = Annotated[Principal, require(Role.FEEDBACK_OFFICER, Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)]


@router.get("/feedback-cases")
async def list_feedback_cases(
    page: PageDep, session: SessionDep, _: CaseReaderDep, state: Annotated[CaseState | None, Query()] = None
) -> Page[FeedbackCaseOut]:
    rows = await queries.list_cases(session, state, page)
    return Page[FeedbackCaseOut].model_validate(page_of(rows, page.limit, by_arrival))


@open_router.get("/feedback/{reference}", responses=problems(FeedbackNotFound))
async def get_feedback_status(
    reference: Annotated[str, Path(max_length=40, pattern=r"^[ -~]+$")], session: SessionDep
) -> FeedbackStatus:
    return FeedbackStatus.model_validate(await service.require_case_status(session, reference))
