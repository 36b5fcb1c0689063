"""Events about what came in and what it was found to be. Never granted to outside subscribers."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.base import Event

BATCH_LIMIT = 200
"""Hot events carry at most this many items."""


class ContentsIngested(Event):
    subject: ClassVar[str] = "lantoa.content.ingested.v1"
    content_ids: Annotated[list[UUID], Field(min_length=1, max_length=BATCH_LIMIT)]


class ClassifiedItem(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    content_id: UUID
    kind: str
    field: str
    tone: str


class ContentsClassified(Event):
    subject: ClassVar[str] = "lantoa.content.classified.v1"
    items: Annotated[list[ClassifiedItem], Field(min_length=1, max_length=BATCH_LIMIT)]


class StoriesUpdated(Event):
    subject: ClassVar[str] = "lantoa.story.updated.v1"
    story_ids: Annotated[list[UUID], Field(min_length=1, max_length=BATCH_LIMIT)]


class FeedbackOpened(Event):
    subject: ClassVar[str] = "lantoa.feedback.opened.v1"
    case_id: UUID
    reference: str
