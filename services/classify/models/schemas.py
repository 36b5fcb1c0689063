"""Bodies of the routes of models."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class FeatureOut(Row):
    """Words that spoke for the label, and by how much."""

    words: str
    weight: float


class HeadOut(Row):
    """A head that abstained, or a risk that did not hold, shows what it would have said."""

    head: str
    label: str
    probability: float
    threshold: float
    abstained: bool
    features: list[FeatureOut]


class ExplanationOut(Row):
    model: str
    heads: list[HeadOut]
    rules: list[str]


class ModelOut(Row):
    name: str
    version: str
    is_current: bool
    installed_at: datetime
    card: dict[str, Any]


class AgainCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    days: int = Field(ge=1, le=90)


class AgainOut(Row):
    queued: int
