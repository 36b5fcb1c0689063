"""Bodies of the doors of feedback."""

from datetime import datetime
from uuid import UUID

from libs.common.models.enums import CaseState, TextKind, Urgency
from services.ingest.schemas import Row


class FeedbackCaseOut(Row):
    id: UUID
    reference: str
    source_id: UUID | None
    content_id: UUID | None
    kind: TextKind
    subject: str
    body: str
    unit_id: UUID | None
    place: str | None
    urgency: Urgency
    state: CaseState
    received_at: datetime
    accept_due_at: datetime
    due_at: datetime | None
    accepted_at: datetime | None
    answered_at: datetime | None
    updated_at: datetime


class FeedbackStatus(Row):
    """What anybody who has the reference may see: how far a case is, never what it says."""

    reference: str
    state: CaseState
    urgency: Urgency
    unit: str | None
    received_at: datetime
    accept_due_at: datetime
    due_at: datetime | None
    accepted_at: datetime | None
    answered_at: datetime | None
