"""Bodies of merges and splits."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.common.models.storytelling import LinkKind
from services.classify.schemas import Body, Reason, Row


class MergeBody(Body):
    other_id: UUID = Field(description="the story whose contents come into this one")
    reason: Reason


class SplitBody(Body):
    contents: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    reason: Reason


class StoryLinkOut(Row):
    """A merge (must) or a split (cannot), as it stands."""

    id: UUID
    kind: LinkKind
    story_id: UUID
    other_id: UUID
    contents: list[UUID]
    reason: str
    decided_by: UUID
    decided_at: datetime
    undone_by: UUID | None
    undone_at: datetime | None
