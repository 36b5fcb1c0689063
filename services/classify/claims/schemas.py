"""Request and response bodies of claims."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from libs.common.models.enums import ClaimState, MatchState, Verdict
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


class VerdictSet(Body):
    verdict: Verdict
    evidence: list[EvidenceItem] = Field(default=[], max_length=20)


class ClaimOut(Row):
    id: UUID
    text: str
    verdict: Verdict | None
    evidence: list[Any]
    state: ClaimState
    created_at: datetime
    updated_at: datetime


class MatchOut(Row):
    claim_id: UUID
    content_id: UUID
    score: float
    state: MatchState


class MatchWithWords(MatchOut):
    verdict: Verdict | None
    claim_text: str
    title: str | None
    url: str | None
