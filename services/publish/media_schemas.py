"""Request and response bodies of the media library and of links."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from libs.common.models.enums import PublicationState
from services.publish.schemas import Hex, Note, Row, Strict, _clean

Alt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1500), BeforeValidator(_clean)]


class MediumCreate(Strict):
    """The words that come with an uploaded file; `is_ai_made` is set by itself where the file says so."""

    unit_id: UUID | None = None
    alt: Alt
    credit: Note | None = None
    is_ai_made: bool = False
    ai_label: Note | None = None


class MediumPatch(Strict):
    """Only what is given changes. That a model made it can be added, and never taken back."""

    alt: Alt | None = None
    credit: Note | None = None
    ai_label: Note | None = None
    is_ai_made: bool | None = None

    def changes(self) -> dict[str, Any]:
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "credit"}


class MediumFileOut(Row):
    role: str
    sha256: Hex
    mime: str
    size: int
    width: int | None
    height: int | None


class MediumUse(BaseModel):
    """A publication that shows the medium, and what a change of the medium's words means for it."""

    publication_id: UUID
    title: str
    state: PublicationState
    effect: str


class MediumOut(Row):
    id: UUID
    unit_id: UUID
    sha256: Hex
    mime: str
    size: int
    width: int | None
    height: int | None
    duration_ms: int | None
    alt: str
    credit: str | None
    is_ai_made: bool
    ai_label: str | None
    created_by: UUID
    created_at: datetime
    archived_at: datetime | None
    files: list[MediumFileOut]


class MediumDetail(MediumOut):
    used_in: list[MediumUse]


class FitOut(BaseModel):
    """Whether a channel takes the medium: by which file, or why not and what to do."""

    kind: str
    name: str
    channel_id: UUID | None
    fits: bool
    role: str | None
    mime: str | None
    size: int | None
    reason: str | None


class FitsOut(BaseModel):
    medium_id: UUID
    channels: list[FitOut]


class DayClicks(BaseModel):
    day: date
    clicks: int


class LinkOut(BaseModel):
    """The short link of one channel. `clicks`: how often it was followed, as counted by us, until `as_of`."""

    channel_id: UUID
    channel_name: str
    kind: str
    code: str
    url: str
    target: str
    clicks: int
    days: list[DayClicks]
    definition: str
    as_of: datetime


class LinksOut(BaseModel):
    publication_id: UUID
    links: list[LinkOut]


class CheckedLink(BaseModel):
    """`state`: alive, dead (404, 410, or a name that is not there), or unclear (no answer, not allowed to look)."""

    url: str
    state: Annotated[str, Field(pattern="^(alive|dead|unclear)$")]
    status: int | None
    reason: str | None


class CheckedLinks(BaseModel):
    publication_id: UUID
    checked_at: datetime
    links: list[CheckedLink]
