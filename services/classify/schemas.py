"""Response bodies. None has a field for an author."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from libs.common.models.enums import Field, SourceGroup, TextKind, Tone


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class StoryOut(Row):
    id: UUID
    title: str
    field: Field
    first_at: datetime
    last_at: datetime
    items: int
    sources: int
    version: int


class StoryContentOut(Row):
    content_id: UUID
    title: str
    url: str | None
    source: str
    group: SourceGroup
    published_at: datetime | None
    kind: TextKind
    tone: Tone
    score: float


class StoryDetail(StoryOut):
    contents: list[StoryContentOut]


class FoundOut(Row):
    content_id: UUID
    title: str
    url: str | None
    source: str
    published_at: datetime | None
    field: Field
    kind: TextKind
    tone: Tone
    story_id: UUID | None
    snippet: str
