"""Request and response bodies of claims."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from libs.common.models.enums import ClaimState, MatchState, Verdict
from services.classify.claims.checking import LOOK_BACK_DAYS
from services.classify.claims.spread import Step
from services.classify.schemas import Body, Row

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)]
ClaimText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)]


class EvidenceItem(Body):
    title: ShortText
    url: Url


class ClaimCreate(Body):
    text: ClaimText
    verdict: Verdict | None = None
    evidence: list[EvidenceItem] = Field(default=[], max_length=20)
    look_back_days: Annotated[int, Field(ge=0, le=90)] = LOOK_BACK_DAYS
    """Contents that came in so recently are looked through at once; 0: none."""


class VerdictSet(Body):
    verdict: Verdict
    evidence: list[EvidenceItem] = Field(default=[], max_length=20)


class ClaimOut(Row):
    """`reviewer`, `review_url`, `reviewed_at`: whose verdict it is, where the claim was imported."""

    id: UUID
    text: str
    verdict: Verdict | None
    evidence: list[Any]
    state: ClaimState
    created_at: datetime
    updated_at: datetime
    reviewer: str | None = None
    review_url: str | None = None
    reviewed_at: datetime | None = None


class MatchOut(Row):
    claim_id: UUID
    content_id: UUID
    score: float
    state: MatchState


class MatchWithWords(MatchOut):
    """`copy_of`: a content that a person confirmed, of which this is nearly the same text."""

    verdict: Verdict | None
    claim_text: str
    title: str | None
    url: str | None
    copy_of: UUID | None
    seen_at: datetime | None


class MatchDecision(Body):
    claim_id: UUID
    content_id: UUID
    state: Literal[MatchState.CONFIRMED, MatchState.REJECTED]


class MatchDecisions(Body):
    decisions: list[MatchDecision] = Field(min_length=1, max_length=100)


class DecidedOut(Row):
    claim_id: UUID
    content_id: UUID
    status: Literal["decided", "unchanged", "not_found"]


class DecisionsOut(BaseModel):
    """What became of each, in the order they were sent."""

    decided: int
    results: list[DecidedOut]


class NearClaim(BaseModel):
    """A claim that a content is near to; `is_suggested`: near enough to be suggested unasked."""

    claim_id: UUID
    text: str
    score: float
    is_suggested: bool


class PointOut(Row):
    at: datetime
    items: int
    total: int
    by_group: dict[str, int]


class SideOut(Row):
    """`growth`: the last 24 hours against the 24 before; nothing where those had none."""

    items: int
    sources: int
    first_at: datetime | None
    last_at: datetime | None
    last_24h: int
    before_24h: int
    growth: float | None
    points: list[PointOut]


class SeenOut(Row):
    source_id: UUID
    name: str
    group: str
    url: str | None
    confirmed: int
    suggested: int
    first_at: datetime
    last_at: datetime
    example_url: str | None


class SpreadOut(Row):
    """Confirmed matches and, apart, those that are only suggested; `sources` are where the claim was seen."""

    claim_id: UUID
    as_of: datetime
    step: Step
    first_seen_at: datetime | None
    first_source: str | None
    confirmed: SideOut
    suggested: SideOut
    sources: list[SeenOut]
