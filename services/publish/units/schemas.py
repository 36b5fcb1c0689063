"""Bodies of what is handed to units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from libs.common.models.enums import PublicationState
from services.publish.schemas import Strict

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)]


class SyndicationCreate(Strict):
    unit_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class Syndicated(BaseModel):
    """How many units got a draft now; the others had one."""

    offered: int


class Decline(Strict):
    reason: Why


class SyndicationOut(BaseModel):
    """The city sees how far a unit is, not its words."""

    id: UUID
    publication_id: UUID
    title: str
    """Of the city's publication."""
    source_state: PublicationState
    """What became of the city's publication since: a unit should know when it was corrected or withdrawn."""
    revision: int
    unit_id: UUID
    unit: str
    draft_id: UUID
    draft_state: PublicationState
    is_adapted: bool
    note: str
    offered_at: datetime
    declined_at: datetime | None
    declined_reason: str | None
