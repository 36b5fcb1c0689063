"""Bodies of the pickup index."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.pagination import Page
from libs.common.pickup import How
from services.classify.schemas import Row


class FigureOut(Row):
    """A figure that the copy gives otherwise, as written."""

    before: str
    after: str
    context: str = Field(description="words around it in the copy")


class OursOut(BaseModel):
    content_id: UUID
    title: str
    source: str
    at: datetime


class SharedOut(Row):
    """What speaks for a rewrite, as theirs has it: weaker than a copy, for others may have been there too."""

    is_source_named: bool = Field(description="theirs says the name of our source")
    figures: list[str]
    names: list[str]


class PickupOut(BaseModel):
    """One outlet that carried one item of ours."""

    how: How
    ours: OursOut
    content_id: UUID
    source_id: UUID
    source: str
    group: str
    title: str
    url: str | None
    at: datetime
    delay_seconds: int
    headline_changed: bool
    numbers_changed: list[FigureOut]
    shared: SharedOut | None = Field(description="of a rewrite; null for a copy")
    similarity: float | None = Field(description="of the two texts, 0 to 1; empty where ours is the later one found")


class PickupPage(Page[PickupOut]):
    as_of: datetime
    sources: list[str] = Field(description="whose items the figures were read from")
