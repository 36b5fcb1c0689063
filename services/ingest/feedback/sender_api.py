"""Routes for whoever sent a report, and figures for everybody. The code stands in bodies, never in an address."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from libs.common.auth import ClockDep, public
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import DataRequest
from libs.common.models.feedback import DataRequestState
from libs.common.pagination import Page, PageDep, page_of
from services.ingest.api import PREFIX, by_arrival
from services.ingest.feedback import data_requests, figures, intake, sender_queries
from services.ingest.feedback.api import ActDep, DeskDep, ReaderDep
from services.ingest.feedback.problems import (
    CodeLocked,
    CodeNotAccepted,
    ContactLost,
    DataRequestNotFound,
    FeedbackNotFound,
    NotPossibleNow,
)
from services.ingest.feedback.schemas import (
    CodeBody,
    DataRequestBody,
    DataRequestOut,
    FeedbackFigures,
    FeedbackStatus,
    FulfilledOut,
    OfficersDataRequestOut,
    RefuseBody,
    ReopenBody,
    SendersStatus,
    SolvedBody,
)

open_router = APIRouter(prefix=PREFIX, tags=["ingest"], dependencies=[public()])
router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))

Reference = Annotated[str, Path(max_length=40, pattern=r"^[ -~]+$")]
CODE_PROBLEMS = problems(CodeNotAccepted, CodeLocked)


class _Door:
    """Lets in who has the code. A wrong one counts in a transaction of its own, which this request cannot undo."""

    def __init__(self, database: DatabaseDep, desk: DeskDep, clock: ClockDep) -> None:
        self.database, self.desk, self.now = database, desk, clock.now()

    async def admit(self, reference: str, code: str) -> UUID:
        return await intake.admit(self.database, self.desk, reference, code, now=self.now)

    async def shown(self, case_id: UUID) -> SendersStatus:
        async with self.database.transaction() as session:
            view = await intake.full_status(session, self.desk, case_id, now=self.now)
        return SendersStatus.model_validate(asdict(view))


DoorDep = Annotated[_Door, Depends(_Door)]


@open_router.get("/feedback/{reference}", responses=problems(FeedbackNotFound))
async def get_feedback_status(reference: Reference, session: SessionDep, desk: DeskDep) -> FeedbackStatus:
    """How far it is, for anybody: references follow each other, so they prove nothing."""
    return FeedbackStatus.model_validate(await intake.status(session, desk, reference))


@open_router.post("/feedback/{reference}/status", responses=CODE_PROBLEMS)
async def get_senders_status(reference: Reference, body: CodeBody, door: DoorDep) -> SendersStatus:
    """All that the sender may see."""
    return await door.shown(await door.admit(reference, body.code))


@open_router.post("/feedback/{reference}/reopen", responses=problems(CodeNotAccepted, CodeLocked, NotPossibleNow))
async def reopen_feedback(reference: Reference, body: ReopenBody, door: DoorDep) -> SendersStatus:
    case_id = await door.admit(reference, body.code)
    async with door.database.transaction() as session:
        await intake.reopen(session, door.desk, case_id, body.reason, now=door.now)
    return await door.shown(case_id)


@open_router.post("/feedback/{reference}/solved", responses=problems(CodeNotAccepted, CodeLocked, NotPossibleNow))
async def say_solved(reference: Reference, body: SolvedBody, door: DoorDep) -> SendersStatus:
    """Whether it was solved; a yes closes the case."""
    case_id = await door.admit(reference, body.code)
    async with door.database.transaction() as session:
        await intake.confirm_solved(session, door.desk, case_id, body.solved, now=door.now)
    return await door.shown(case_id)


# --- requests about personal data ---------------------------------------------------------------------------


@open_router.post("/feedback/{reference}/data-requests", status_code=202, responses=CODE_PROBLEMS)
async def request_data(reference: Reference, body: DataRequestBody, door: DoorDep) -> DataRequestOut:
    """Ask to see what is held with a case, or to have it erased: answered within two working days."""
    case_id = await door.admit(reference, body.code)
    async with door.database.transaction() as session:
        asked = await data_requests.request_data(session, door.desk, case_id, body.kind, now=door.now)
    return DataRequestOut.model_validate(asked)


@open_router.post(
    "/feedback/{reference}/data", responses=problems(CodeNotAccepted, CodeLocked, NotPossibleNow, ContactLost)
)
async def fetch_data(reference: Reference, body: CodeBody, door: DoorDep, response: Response) -> FulfilledOut:
    """What is held, once a request to see it was granted."""
    case_id = await door.admit(reference, body.code)
    response.headers["Cache-Control"] = "no-store"
    async with door.database.transaction() as session:
        return FulfilledOut(held=await data_requests.fetch(session, door.desk, case_id))


@router.get("/data-requests")
async def list_data_requests(
    page: PageDep,
    session: SessionDep,
    reader: ReaderDep,
    clock: ClockDep,
    only_open: Annotated[bool, Query()] = True,
) -> Page[OfficersDataRequestOut]:
    rows = await sender_queries.list_data_requests(session, reader.units, page, only_open=only_open)
    found, now = page_of(rows, page.limit, by_arrival), clock.now()
    items = [_shown(one, now) for one in found["items"]]
    return Page[OfficersDataRequestOut](items=items, next_cursor=found["next_cursor"])


def _shown(request: DataRequest, now: datetime) -> OfficersDataRequestOut:
    late = request.state == DataRequestState.OPEN and request.due_at < now
    return OfficersDataRequestOut.model_validate(request).model_copy(update={"is_overdue": late})


_REQUEST_PROBLEMS = problems(DataRequestNotFound, FeedbackNotFound, NotPossibleNow, ContactLost)


@router.post("/data-requests/{request_id}/fulfil", responses=_REQUEST_PROBLEMS)
async def fulfil_data_request(request_id: UUID, act: ActDep, response: Response) -> FulfilledOut:
    """Give out what is held, or erase it, as was asked."""
    response.headers["Cache-Control"] = "no-store"
    held = await data_requests.fulfil(act.session, act.desk, act.officer, request_id, now=act.now)
    return FulfilledOut(held=held)


@router.post("/data-requests/{request_id}/refuse", responses=_REQUEST_PROBLEMS)
async def refuse_data_request(request_id: UUID, body: RefuseBody, act: ActDep) -> OfficersDataRequestOut:
    refused = await data_requests.refuse(act.session, act.desk, act.officer, request_id, body.reason, now=act.now)
    return _shown(refused, act.now)


# --- in public ----------------------------------------------------------------------------------------------


@open_router.get("/feedback-figures")
async def get_feedback_figures(session: SessionDep, clock: ClockDep) -> FeedbackFigures:
    """How much was received, answered and, as its senders say, solved."""
    return FeedbackFigures.model_validate(await figures.read(session, clock.now()))
