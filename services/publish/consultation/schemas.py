"""Bodies about consultations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.publish.people_schemas import Instant
from services.publish.schemas import Row, Strict

Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=5000)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ConsultationCreate(Strict):
    unit_id: UUID
    question: Question
    body: Long = Field(description="what it is about, and what can still change")
    options: Annotated[list[Label], Field(min_length=2, max_length=10)]
    opens_at: Instant
    closes_at: Instant


class WhatChanged(Strict):
    what_changed: Long = Field(description="what the unit does otherwise now, or why not; public")


class OptionOut(Row):
    position: int
    label: str
    answers: int


class ConsultationOut(Row):
    id: UUID
    unit_id: UUID
    slug: str
    question: str
    body: str
    opens_at: datetime
    closes_at: datetime
    written_by: UUID
    opened_by: UUID | None
    opened_at: datetime | None
    what_changed: str | None
    changed_at: datetime | None
    closed_at: datetime | None
    options: list[OptionOut]
