"""What is told of near-copies."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from libs.common.models.enums import ContentKind
from services.ingest.schemas import ContentWithText, Row


class CopyOut(Row):
    """A content of the same group of near-copies."""

    id: UUID
    source_id: UUID
    kind: ContentKind
    url: str | None
    title: str
    published_at: datetime | None
    first_seen_at: datetime
    nearest_id: UUID | None = Field(description="the content it was found by; empty for the first of the group")
    similarity: float | None = Field(description="to that one: share of pairs of syllables in common, 0 to 1")


class ContentWithCopies(ContentWithText):
    """A content as an editor opens it."""

    copies: int = Field(default=0, description="how many later contents are nearly the text of that first one")
