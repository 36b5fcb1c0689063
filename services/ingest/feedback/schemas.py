"""Bodies of the doors of feedback."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field as Member
from pydantic import StringConstraints

from libs.common.models import FeedbackCase
from libs.common.models.enums import CaseState, Field, TextKind, Urgency
from libs.common.models.feedback import DataRequestKind, DataRequestState, ReportChannel
from services.ingest.feedback import lifecycle, steps
from services.ingest.schemas import Body, Row

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000, pattern=r"^[^\x00]*$")]
Ground = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500, pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]

# --- for officers -------------------------------------------------------------------------------------------


class FeedbackCaseOut(Row):
    id: UUID
    reference: str
    channel: ReportChannel
    source_id: UUID | None
    content_id: UUID | None
    kind: TextKind
    topic: Field | None
    service_code: str | None
    subject: str
    body: str
    unit_id: UUID | None
    place: str | None
    place_told: str | None
    lat: float | None
    lon: float | None
    media_urls: list[str]
    urgency: Urgency
    state: CaseState
    merged_into: UUID | None
    reopened: int
    received_at: datetime
    accept_due_at: datetime
    due_at: datetime | None
    accepted_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    is_solved: bool | None
    updated_at: datetime
    is_overdue: bool = False

    @classmethod
    def of(cls, case: FeedbackCase, now: datetime) -> "FeedbackCaseOut":
        shown = cls.model_validate(case)
        return shown.model_copy(update={"is_overdue": lifecycle.is_overdue(steps.standing(case), now)})


class CaseEventOut(Row):
    id: UUID
    action: str
    state: CaseState
    at: datetime
    by: UUID | None
    unit_id: UUID | None
    legal_ground: str | None
    public_note: str | None
    internal_note: str | None


class FeedbackCaseWithSteps(FeedbackCaseOut):
    steps: list[CaseEventOut]


class Notes(Body):
    public_note: Words | None = Member(default=None, description="the sender reads it")
    internal_note: Words | None = Member(default=None, description="for officers alone")


class ForwardBody(Notes):
    unit_id: UUID | None = Member(description="to whom; null: back to the city's duty desk")


class AnswerBody(Body):
    text: Words = Member(description="what the sender is answered; masked")
    internal_note: Words | None = None


class RejectBody(Body):
    reason: Reason = Member(description="the sender reads it")
    legal_ground: Ground = Member(description="article and document on which it is rejected")


class MergeBody(Body):
    into: UUID


class UrgencyBody(Body):
    urgency: Urgency
    reason: Reason


class KindBody(Body):
    kind: TextKind
    reason: Reason


class RelabellingOut(Row):
    id: UUID
    case_id: UUID
    from_kind: TextKind
    to_kind: TextKind
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    is_confirmed: bool | None


class KindOut(Row):
    """`waiting`: the proposal, where a second person has to confirm it first."""

    kind: TextKind
    waiting: RelabellingOut | None = None


class ContactOut(Row):
    """Empty where nobody said, or where it was purged."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


class DataRequestOut(Row):
    id: UUID
    kind: DataRequestKind
    state: DataRequestState
    received_at: datetime
    due_at: datetime
    decided_at: datetime | None
    reason: str | None
    is_overdue: bool = False


class OfficersDataRequestOut(DataRequestOut):
    case_id: UUID
    decided_by: UUID | None


class RefuseBody(Body):
    reason: Reason


class FulfilledOut(Row):
    """`held`: what is held about the sender; empty once it was erased."""

    held: dict[str, Any]


# --- for senders --------------------------------------------------------------------------------------------


class FeedbackStatus(Row):
    """What anybody who has the reference may see: how far a case is, never what it says or who has it."""

    reference: str
    state: CaseState
    service_code: str | None
    received_at: datetime
    updated_at: datetime
    expected_at: datetime | None
    main_reference: str | None


class UpdateOut(Row):
    state: CaseState
    at: datetime
    note: str | None


class SendersStatus(FeedbackStatus):
    """What whoever has the code sees as well."""

    subject: str
    description: str
    unit: str | None
    place: str | None
    updates: list[UpdateOut]
    can_reopen: bool
    may_say_solved: bool
    is_solved: bool | None


class CodeBody(Body):
    code: Code = Member(description="the follow-up code, told once when the case was opened")


class ReopenBody(CodeBody):
    reason: Reason


class SolvedBody(CodeBody):
    solved: bool


class DataRequestBody(CodeBody):
    kind: DataRequestKind


# --- in public ----------------------------------------------------------------------------------------------


class FeedbackFigures(Row):
    """Counts of all cases up to `as_of`."""

    as_of: datetime
    received: int
    answered: int
    overdue: int
    rejected: int
    reopened: int
    solved: int
    unsolved: int
    relabelled_by_two: int
    data_requests: int
    data_requests_late: int
    by_kind: dict[str, int]
