"""Bodies about search and about kept queries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from libs.common.models.searching import SearchPurpose
from services.classify.schemas import Body, Row

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class FoundOut(Row):
    content_id: UUID
    title: str
    url: str | None
    source: str
    group: str
    published_at: datetime | None
    field: str
    kind: str
    tone: str
    places: list[str]
    story_id: UUID | None
    snippet: str
    """HTML: escaped text with <mark> around what was found, at most 300 signs."""


class SavedQueryCreate(Body):
    name: Title
    query: Question
    purpose_kind: SearchPurpose
    purpose: Purpose
    expires_at: AwareDatetime
    unit_id: UUID | None = None
    is_alerting: bool = True


class SavedQueryPatch(Body):
    name: Title | None = None
    is_alerting: bool | None = None


class SavedQueryRenewal(Body):
    """One renewal; its purpose is said anew."""

    purpose: Purpose
    expires_at: AwareDatetime


class SavedQueryOut(Row):
    id: UUID
    name: str
    query: str
    purpose_kind: SearchPurpose
    purpose: str
    unit_id: UUID
    owner_id: UUID
    is_alerting: bool
    created_at: datetime
    expires_at: datetime
    renewed_at: datetime | None
    ended_at: datetime | None
    last_seen_at: datetime | None
    looked_back_at: datetime | None
    """When the look over what was stored before ended; nothing while it goes on."""
    looked_back_share: Annotated[float, Field(ge=0, le=1)]
    """How much of the time that is stored has been looked through."""
    found_before: int
    hits: int
    """Kept hits, the newest of what was stored before among them."""
    unseen: int


class SavedQueryHitOut(FoundOut):
    found_at: datetime
    is_new: bool


class PurposeCount(Row):
    purpose_kind: SearchPurpose
    active: int
    ended: int


class SavedQueryCounts(Row):
    as_of: datetime
    purposes: list[PurposeCount]
