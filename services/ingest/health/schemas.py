"""Answers about the health of sources."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.models.catalogue import HealthCause, SourceHealth
from services.ingest.schemas import Row


class SourceEventOut(Row):
    """One change of a source's health."""

    id: UUID
    source_id: UUID
    was: SourceHealth
    health: SourceHealth
    cause: HealthCause
    reason: str
    facts: dict[str, Any]
    happened_at: datetime


class Window(BaseModel):
    """What a window brought beside what is usual for it."""

    starts_at: datetime
    ends_at: datetime
    seen: int = Field(description="new items")
    expected: float | None = Field(description="items; blank while nothing is learned")
    usual_least: int | None = Field(description="lower end of the range of 80 % of such windows")
    usual_most: int | None = Field(description="upper end of it")


class SourceHealthOut(BaseModel):
    """How a source is, since when and why, and what is usual for it."""

    source_id: UUID
    health: SourceHealth
    health_name: str
    since: datetime | None
    reason: str | None
    last_ok_at: datetime | None
    last_item_at: datetime | None
    silence_probability: float | None = Field(description="of as long a silence under its own rhythm")
    today: Window
    last_hour: Window
    per_week: float | None = Field(description="items a week are usual")
    learned_days: float = Field(description="days of history that the rhythm was learned from; judged by from 7 on")
    learned_at: datetime | None
    as_of: datetime


class HealthCounts(BaseModel):
    """How many sources are how."""

    as_of: datetime
    counts: dict[SourceHealth, int]
    new_today: int
