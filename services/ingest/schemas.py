"""Request and response bodies. None has a field for an author, and unknown fields are refused."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from libs.common.models.enums import ContentKind, SourceGroup, SourceKind, SourceState
from services.ingest.health import Health

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # the database takes no NUL, and a name is one line
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_PRINTABLE)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=_PRINTABLE)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=2000, pattern=_PRINTABLE)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
PollSeconds = Annotated[int, Field(ge=5, le=604800)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SourceOptions(Body):
    """How one source is read."""

    full_text: bool = Field(default=True, description="fetch article pages where the feed gives only a summary")
    article_hosts: list[str] = Field(default=[], max_length=20, description="further hosts articles may be on")


class Audience(Body):
    """A dated figure of how many it reaches, with where it was said; there is none without both."""

    value: int = Field(ge=0)
    unit: Words = Field(description="what is counted, such as visits a month")
    as_of: date
    source: Words


class SourceFacts(Body):
    """What is known of a source apart from how it is read. What nobody has said stays blank."""

    homepage: Url | None = None
    owner: Words | None = Field(default=None, description="the agency or company that publishes it")
    terms: Words | None = Field(default=None, description="licence or terms of use, as far as they are known")
    audience: Audience | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    place: Tag | None = Field(default=None, description="code of the unit it speaks for")


class SourceCreate(SourceFacts):
    kind: SourceKind
    name: Name
    url: Url | None = None
    group: SourceGroup
    language: Language = "vi"
    poll_seconds: PollSeconds = 900
    settings: SourceOptions = SourceOptions()


class SourcePatch(SourceFacts):
    name: Name | None = None
    url: Url | None = None
    group: SourceGroup | None = None
    poll_seconds: PollSeconds | None = None
    state: SourceState | None = None
    state_reason: Words | None = None
    settings: SourceOptions | None = None


class SourceOut(Row):
    id: UUID
    kind: SourceKind
    name: str
    url: str | None
    group: SourceGroup
    language: str
    poll_seconds: int
    next_poll_at: datetime | None
    state: SourceState
    last_ok_at: datetime | None
    last_error: str | None
    failures: int
    settings: dict[str, Any]
    created_at: datetime
    homepage: str | None
    owner: str | None
    terms: str | None
    audience: Audience | None
    state_reason: str | None
    tags: list[str]
    place: str | None


class SourceWithHealth(SourceOut):
    """A source as its keeper looks at it."""

    last_item_at: datetime | None = Field(description="when it last brought something new")
    health: Health
    health_since: datetime | None
    health_reason: str | None
    new_today: int = Field(description="new items since midnight in Hà Nội")


class FetchOut(Row):
    id: UUID
    source_id: UUID
    url: str
    status: int | None
    outcome: str
    bytes: int
    duration_ms: int
    items_seen: int
    items_new: int
    error: str | None
    fetched_at: datetime


class ContentOut(Row):
    """A content in a list: without its full text."""

    id: UUID
    source_id: UUID
    kind: ContentKind
    url: str | None
    title: str
    summary: str | None
    language: str
    published_at: datetime | None
    published_from: str
    first_seen_at: datetime
    revision: int
    copy_of: UUID | None = Field(default=None, description="the first content that is nearly this text")


class ContentWithText(ContentOut):
    text: str


class PushItem(Body):
    """One item pushed by another system. There is no field for who wrote it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    # Left to right: otherwise the text of an id would be taken for a name.
    source: Annotated[UUID | Name | None, Field(union_mode="left_to_right")] = Field(
        default=None, description="name or id of the source"
    )
    url: Url | None = None
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    title: Annotated[str, StringConstraints(max_length=1000)]
    text: Annotated[str, StringConstraints(max_length=200_000)]
    summary: Annotated[str, StringConstraints(max_length=5000)] | None = None
    published_at: AwareDatetime | None = None
    language: Language | None = None
    kind: ContentKind | None = None


class PushOut(BaseModel):
    """What became of one pushed item."""

    index: int
    status: str = Field(description="stored | duplicate | rejected")
    content_id: UUID | None = None
    problem: dict[str, Any] | None = None


class BulkOut(BaseModel):
    stored: int
    duplicates: int
    rejected: int
    results: list[PushOut]
