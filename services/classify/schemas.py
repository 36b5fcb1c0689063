"""Request and response bodies. None has a field for an author, and unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from libs.common.models import enums
from libs.common.models.enums import LateReason, RiskClass, RiskState, TextKind
from services.classify.domain import Relabelling

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class BacklogOut(BaseModel):
    """Contents still to be labelled, and labelled ones still to be given a story.

    `degraded` says in Vietnamese and English why contents wait, where they do because no model could be loaded;
    `late` counts those of the slow lane by reason, `given_up` those that a person has to look at.
    """

    unlabelled: int
    without_story: int
    late: dict[LateReason, int]
    given_up: int
    degraded: str | None


class StorySentence(Row):
    content_id: UUID
    text: str


class StoryOut(Row):
    id: UUID
    title: str
    field: str
    first_at: datetime
    last_at: datetime
    items: int
    sources: int
    version: int
    summary: list[StorySentence] = Field(description="sentences of different sources, each with its content")
    merged_into: UUID | None = Field(description="the story that a person put this one into")


class StoryContentOut(Row):
    content_id: UUID
    title: str
    url: str | None
    source: str
    group: str
    published_at: datetime | None
    kind: str
    tone: str
    score: float


class StoryWithContents(StoryOut):
    contents: list[StoryContentOut]


class AnnotationOut(Row):
    content_id: UUID
    field: str
    field_score: float
    tone: str
    tone_score: float
    kind: str
    kind_score: float
    risk: list[str]
    places: list[str]
    language: str
    toxicity: float | None
    abstained: list[str]
    mentions: dict[str, Any]
    content_revision: int
    model_versions: dict[str, Any]
    annotated_at: datetime


class LabelCreate(Body):
    """At least one label. A field or a tone counts at once; some kinds need a second person."""

    kind: TextKind | None = None
    field: enums.Field | None = None
    tone: enums.Tone | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.kind is None and self.field is None and self.tone is None:
            raise ValueError("cần ít nhất một nhãn (at least one label is needed)")
        return self


class LabelledOut(Row):
    outcome: Relabelling
    kind: TextKind
    proposal_id: UUID | None


class LabelProposalOut(Row):
    id: UUID
    content_id: UUID
    kind: TextKind
    reason: str
    proposed_by: UUID
    proposed_at: datetime


class RiskCaseOut(Row):
    id: UUID
    content_id: UUID
    risk_class: RiskClass
    state: RiskState
    claim_id: UUID | None
    reason: str | None
    decided_by: UUID | None
    created_at: datetime
    decided_at: datetime | None


class RiskCaseWithContent(RiskCaseOut):
    title: str | None
    url: str | None


class RiskDecision(Body):
    decision: Literal[RiskState.REFERRED, RiskState.DISMISSED]
    reason: Reason
