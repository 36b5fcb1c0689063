"""Routes of feedback cases for officers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import CaseState, Role, TextKind
from libs.common.pagination import Page, PageDep, page_of
from services.ingest.api import PREFIX, SettingsDep, by_arrival
from services.ingest.feedback import officers, queries, relabelling
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.officers import READERS, Officer, officer_of
from services.ingest.feedback.problems import (
    ContactLost,
    FeedbackNotFound,
    NotPossibleNow,
    RelabellingAlreadyOpen,
    RelabellingNeedsReason,
    RelabellingNotFound,
    SecondOfficerNeeded,
    UnknownUnit,
)
from services.ingest.feedback.queries import CaseFilter
from services.ingest.feedback.schemas import (
    AnswerBody,
    CaseEventOut,
    ContactOut,
    FeedbackCaseOut,
    FeedbackCaseWithSteps,
    ForwardBody,
    KindBody,
    KindOut,
    MergeBody,
    Notes,
    RejectBody,
    RelabellingOut,
    UrgencyBody,
)
from services.ingest.feedback.steps import Step

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))


def get_desk(settings: SettingsDep) -> FeedbackDesk:
    return desk_of(settings)


DeskDep = Annotated[FeedbackDesk, Depends(get_desk)]


async def _reader(session: SessionDep, desk: DeskDep, who: Annotated[Principal, require(*READERS)]) -> Officer:
    return await officer_of(session, desk, who, *READERS)


async def _officer(
    session: SessionDep, desk: DeskDep, who: Annotated[Principal, require(Role.FEEDBACK_OFFICER)]
) -> Officer:
    return await officer_of(session, desk, who, Role.FEEDBACK_OFFICER)


ReaderDep = Annotated[Officer, Depends(_reader, scope="function")]
OfficerDep = Annotated[Officer, Depends(_officer, scope="function")]
STEP_PROBLEMS = problems(FeedbackNotFound, NotPossibleNow)

# --- to read ------------------------------------------------------------------------------------------------


@router.get("/feedback-cases")
async def list_feedback_cases(
    page: PageDep,
    session: SessionDep,
    reader: ReaderDep,
    clock: ClockDep,
    state: Annotated[CaseState | None, Query()] = None,
    kind: Annotated[TextKind | None, Query()] = None,
    overdue: Annotated[bool, Query(description="only what is past one of its limits")] = False,
    sort: Annotated[
        Literal["newest", "due"], Query(description="due: open cases, the next limit first; one page of them")
    ] = "newest",
) -> Page[FeedbackCaseOut]:
    now = clock.now()
    wanted = CaseFilter(reader.units, state, kind, now if overdue else None)
    if sort == "due":
        rows = await queries.list_next_due(session, wanted, page.limit)
        return Page[FeedbackCaseOut](items=[FeedbackCaseOut.of(one, now) for one in rows])
    found = page_of(await queries.list_cases(session, wanted, page), page.limit, by_arrival)
    items = [FeedbackCaseOut.of(one, now) for one in found["items"]]
    return Page[FeedbackCaseOut](items=items, next_cursor=found["next_cursor"])


@router.get("/feedback-cases/{case_id}", responses=problems(FeedbackNotFound))
async def get_feedback_case(
    case_id: UUID, session: SessionDep, reader: ReaderDep, clock: ClockDep
) -> FeedbackCaseWithSteps:
    case = await officers.require_case(session, reader, case_id)
    shown = FeedbackCaseOut.of(case, clock.now()).model_dump()
    steps = [CaseEventOut.model_validate(one) for one in await officers.list_steps(session, case)]
    return FeedbackCaseWithSteps(**shown, steps=steps)


@router.post("/feedback-cases/{case_id}/contact", responses=problems(FeedbackNotFound, ContactLost))
async def read_contact(
    case_id: UUID, session: SessionDep, officer: OfficerDep, desk: DeskDep, clock: ClockDep
) -> ContactOut:
    """Who may be answered. A POST because each look is audited."""
    return ContactOut(**await officers.open_contact(session, desk, officer, case_id, now=clock.now()))


# --- to deal with -------------------------------------------------------------------------------------------


class _Act:
    """What each step of an officer needs beside its body."""

    def __init__(self, session: SessionDep, officer: OfficerDep, desk: DeskDep, clock: ClockDep) -> None:
        self.session: AsyncSession = session
        self.officer, self.desk, self.now = officer, desk, clock.now()

    async def take(self, case_id: UUID, action: Action, **said: str | None) -> FeedbackCaseOut:
        step = Step(action, by=self.officer.id, **said)  # type: ignore[arg-type]  # names of Step's own words
        case = await officers.act(self.session, self.desk, self.officer, case_id, step, now=self.now)
        return FeedbackCaseOut.of(case, self.now)


ActDep = Annotated[_Act, Depends(_Act, scope="function")]


@router.post("/feedback-cases/{case_id}/accept", responses=STEP_PROBLEMS)
async def accept_case(case_id: UUID, body: Notes, act: ActDep) -> FeedbackCaseOut:
    return await act.take(case_id, Action.ACCEPTED, **body.model_dump())


@router.post("/feedback-cases/{case_id}/start", responses=STEP_PROBLEMS)
async def start_case(case_id: UUID, body: Notes, act: ActDep) -> FeedbackCaseOut:
    return await act.take(case_id, Action.STARTED, **body.model_dump())


@router.post("/feedback-cases/{case_id}/answer", responses=STEP_PROBLEMS)
async def answer_case(case_id: UUID, body: AnswerBody, act: ActDep) -> FeedbackCaseOut:
    return await act.take(case_id, Action.ANSWERED, public_note=body.text, internal_note=body.internal_note)


@router.post("/feedback-cases/{case_id}/close", responses=STEP_PROBLEMS)
async def close_case(case_id: UUID, body: Notes, act: ActDep) -> FeedbackCaseOut:
    return await act.take(case_id, Action.CLOSED, **body.model_dump())


@router.post("/feedback-cases/{case_id}/reject", responses=STEP_PROBLEMS)
async def reject_case(case_id: UUID, body: RejectBody, act: ActDep) -> FeedbackCaseOut:
    return await act.take(case_id, Action.REJECTED, public_note=body.reason, legal_ground=body.legal_ground)


@router.post("/feedback-cases/{case_id}/forward", responses=problems(FeedbackNotFound, NotPossibleNow, UnknownUnit))
async def forward_case(case_id: UUID, body: ForwardBody, act: ActDep) -> FeedbackCaseOut:
    step = Step(
        Action.FORWARDED,
        by=act.officer.id,
        unit_id=body.unit_id,
        public_note=body.public_note,
        internal_note=body.internal_note,
    )
    case = await officers.forward(act.session, act.desk, act.officer, case_id, step, now=act.now)
    return FeedbackCaseOut.of(case, act.now)


@router.post("/feedback-cases/{case_id}/merge", responses=STEP_PROBLEMS)
async def merge_case(case_id: UUID, body: MergeBody, act: ActDep) -> FeedbackCaseOut:
    """Make it a duplicate of another: its sender follows that one."""
    case = await officers.merge(act.session, act.desk, act.officer, case_id, body.into, now=act.now)
    return FeedbackCaseOut.of(case, act.now)


@router.post("/feedback-cases/{case_id}/urgency", responses=STEP_PROBLEMS)
async def change_urgency(case_id: UUID, body: UrgencyBody, act: ActDep) -> FeedbackCaseOut:
    case = await officers.change_urgency(
        act.session, act.desk, act.officer, case_id, body.urgency, body.reason, now=act.now
    )
    return FeedbackCaseOut.of(case, act.now)


# --- what it is called --------------------------------------------------------------------------------------


@router.post(
    "/feedback-cases/{case_id}/kind",
    responses=problems(FeedbackNotFound, NotPossibleNow, RelabellingAlreadyOpen, RelabellingNeedsReason),
)
async def change_kind(case_id: UUID, body: KindBody, act: ActDep) -> KindOut:
    """Counts at once, or waits for a second person when it leaves criticism, opinion or complaint."""
    waiting = await relabelling.relabel(
        act.session, act.desk, act.officer, case_id, body.kind, body.reason, now=act.now
    )
    if waiting is None:
        return KindOut(kind=body.kind)
    return KindOut(kind=TextKind(waiting.from_kind), waiting=RelabellingOut.model_validate(waiting))


@router.get("/feedback-relabellings")
async def list_relabellings(session: SessionDep, officer: OfficerDep) -> list[RelabellingOut]:
    """What waits for a second person, oldest first; at most 100."""
    return [RelabellingOut.model_validate(one) for one in await relabelling.list_open(session, officer)]


_RELABELLING_PROBLEMS = problems(FeedbackNotFound, RelabellingNotFound, NotPossibleNow, SecondOfficerNeeded)


@router.post("/feedback-relabellings/{relabelling_id}/confirm", responses=_RELABELLING_PROBLEMS)
async def confirm_relabelling(relabelling_id: UUID, act: ActDep) -> RelabellingOut:
    decided = await relabelling.decide(act.session, act.desk, act.officer, relabelling_id, confirmed=True, now=act.now)
    return RelabellingOut.model_validate(decided)


@router.post("/feedback-relabellings/{relabelling_id}/refuse", responses=_RELABELLING_PROBLEMS)
async def refuse_relabelling(relabelling_id: UUID, act: ActDep) -> RelabellingOut:
    decided = await relabelling.decide(act.session, act.desk, act.officer, relabelling_id, confirmed=False, now=act.now)
    return RelabellingOut.model_validate(decided)
