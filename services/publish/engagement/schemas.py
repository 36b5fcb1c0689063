"""Bodies of rates and advice. A missing value is null, never 0."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class FigureOut(Row):
    metric: str
    value: int | None
    definition: str
    as_of: datetime


class RateOut(BaseModel):
    """The rate on one channel, with everything it is made of."""

    delivery_id: UUID
    channel_id: UUID
    channel: str
    kind: str
    api_version: str | None
    """Of the platform, where the channel asks for one by name."""
    formula: str
    formula_version: str
    numerator: list[FigureOut]
    denominator: FigureOut | None
    missing: list[str]
    """Metrics of the formula that the platform has not told."""
    interactions: int | None
    percent: float | None
    as_of: datetime | None


class RatesOut(BaseModel):
    items: list[RateOut]


class EvidenceOut(BaseModel):
    publication_id: UUID
    url: str
    """Of the publication's page at the desk's API."""
    posted_at: datetime
    measure: float


class SuggestionOut(BaseModel):
    """A suggestion, no rule: what went together with more engagement, not what caused it."""

    subject: str
    group: str
    words: str
    sample: int
    others: int
    share: float
    interval: tuple[float, float]
    confidence: float
    group_median: float
    others_median: float
    evidence: list[EvidenceOut]


class UnsaidOut(Row):
    subject: str
    group: str
    sample: int
    why: str


class AdviceOut(BaseModel):
    channel_id: UUID
    channel: str
    formula: str
    formula_version: str
    method: str
    measure: str | None
    since: datetime
    as_of: datetime
    minimum_sample: int
    posts: int
    posts_without_figures: int
    suggestions: list[SuggestionOut]
    unsaid: list[UnsaidOut]
