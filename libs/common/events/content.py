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


class ChangedNumber(BaseModel):
    """A figure that a new version gives otherwise. Each is as written, with its unit; personal numbers are masked."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    before: Annotated[str, Field(max_length=60)]
    after: Annotated[str, Field(max_length=60)]
    context: Annotated[str, Field(max_length=60, description="words around the new figure")]


class RevisedItem(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    content_id: UUID
    revision: Annotated[int, Field(ge=2, description="number of the new version; consumers ignore older ones")]
    title_changed: bool
    summary_changed: bool
    text_changed: bool
    similarity: Annotated[float, Field(ge=0, le=1, description="share of the words that both versions have, in order")]
    numbers: Annotated[list[ChangedNumber], Field(max_length=8)] = []


class ContentsRevised(Event):
    """What changed in contents that were stored before. `ContentsIngested` names them too, to be read again."""

    subject: ClassVar[str] = "lantoa.content.revised.v1"
    items: Annotated[list[RevisedItem], Field(min_length=1, max_length=BATCH_LIMIT)]


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
