"""Bodies about approvals, notifications, tasks, take-downs and pauses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from libs.common.models.enums import DeliveryState, PublicationState, Role, TakedownKind, TaskOutcome, TaskState
from services.publish.schemas import Reason, Row, Strict

Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class GivenOut(Row):
    person_id: UUID
    name: str
    at: datetime
    has_touched: bool


class CandidateOut(Row):
    person_id: UUID
    name: str
    unit_id: UUID
    unit_name: str
    on_duty_until: datetime | None
    has_touched: bool


class ApprovalStatusOut(Row):
    """`missing`: how many more have to agree; `others_missing`: how many of them may have touched nothing of it."""

    publication_id: UUID
    revision: int
    state: PublicationState
    is_urgent: bool
    rule: str
    needed: int
    given: list[GivenOut]
    missing: int
    others_missing: int
    may_approve: list[CandidateOut]
    escalates_at: datetime | None


class NotificationOut(Row):
    """`level`: 0 when first told, one more each time it went further up."""

    id: UUID
    kind: str
    role: Role
    unit_id: UUID | None
    object_type: str
    object_id: UUID
    subject: str
    body: str
    level: int
    created_at: datetime
    sent_at: datetime | None


class TaskDone(Strict):
    """What was found or done; the address shows it (what each kind needs: docs/how-to/approve-and-take-down.md)."""

    outcome: TaskOutcome = TaskOutcome.DONE
    evidence_url: Address | None = None


class TaskOut(Row):
    id: UUID
    kind: str
    title: str
    link: str | None
    delivery_id: UUID | None
    channel_id: UUID | None
    publication_id: UUID | None
    unit_id: UUID
    state: TaskState
    outcome: TaskOutcome | None
    evidence_url: str | None
    created_at: datetime
    done_by: UUID | None
    done_at: datetime | None
    situation_id: UUID | None
    role: Role | None
    due_at: datetime | None
    is_drill: bool


class CardFileOut(BaseModel):
    url: str = Field(description="gives the file for seven days")
    mime: str
    alt: str


class CardOut(BaseModel):
    """What a person posts by hand, word for word as it was approved."""

    platform: str
    site: str
    text: str
    link: str | None
    corrects_url: str | None = Field(description="the post to answer, where this corrects one")
    files: list[CardFileOut]
    steps: list[str]


class TakedownOut(Row):
    id: UUID
    publication_id: UUID
    kind: TakedownKind
    correction_id: UUID | None
    reason: str
    opened_by: UUID
    opened_at: datetime
    closed_at: datetime | None


class TakedownChannelOut(BaseModel):
    """One channel of a case. `is_confirmed`: seen to be gone, or to carry the correction."""

    delivery_id: UUID
    channel_id: UUID
    channel_name: str
    channel_kind: str
    state: DeliveryState
    platform_url: str | None
    is_confirmed: bool
    withdrawn_at: datetime | None
    proof: dict[str, Any] | None
    error: str | None
    waits_for_person: bool = Field(description="the platform will never do it for us: no further try by itself")
    next_try_at: datetime | None
    correction_state: DeliveryState | None
    correction_url: str | None
    task: TaskOut | None


class TakedownDetail(TakedownOut):
    title: str
    channels: list[TakedownChannelOut]


class PauseCreate(Strict):
    unit_id: UUID | None = Field(default=None, description="null: all units; by a spokesperson of the city")
    reason: Reason


class WordOut(Row):
    person_id: UUID
    name: str
    given_at: datetime


class HeldOut(Row):
    """`due_at`: its time, or when it was approved where it has none."""

    publication_id: UUID
    unit_id: UUID
    title: str
    is_urgent: bool
    scheduled_at: datetime | None
    due_at: datetime
    is_due: bool
    is_stale: bool
    channels: int


class PauseOut(Row):
    """`held`: in the order in which it will go out (at most 500); `words_missing`: how many still have to agree."""

    id: UUID
    unit_id: UUID | None
    reason: str
    paused_by: UUID
    paused_at: datetime
    resumed_at: datetime | None
    words: list[WordOut]
    words_missing: int
    held: list[HeldOut]
    stale: int
