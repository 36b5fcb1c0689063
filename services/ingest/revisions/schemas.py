"""What is told of revisions."""

from datetime import datetime

from pydantic import BaseModel, Field

from libs.common.events.content import ChangedNumber


class HunkOut(BaseModel):
    """Sentences that the version before had, and those that stand in their place."""

    before: list[str]
    after: list[str]


class RevisionOut(BaseModel):
    """A version of a content beside the one before it."""

    revision: int
    title: str
    summary: str | None
    seen_at: datetime = Field(description="when this version was first seen")
    title_before: str | None = Field(default=None, description="where the title changed")
    summary_before: str | None = Field(default=None, description="where the summary changed")
    similarity: float | None = Field(default=None, description="share of the words that both versions have, 0 to 1")
    numbers: list[ChangedNumber] = Field(default=[], description="figures that are given otherwise")
    changes: list[HunkOut] = Field(default=[], description="sentences that changed; all others are the same")
