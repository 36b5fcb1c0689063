"""One entry of the catalogue, and what an import does with it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from libs.common.models.enums import SourceGroup, SourceKind
from services.ingest.schemas import Body, Language, Name, PollSeconds, SourceFacts, SourceOptions, Url, Words

MAX_ENTRIES = 5000
POLLED = frozenset({SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PAGE, SourceKind.YOUTUBE, SourceKind.FACEBOOK_PAGE})
"""Kinds that are read at an address: those that a catalogue is about."""


class EntryState(StrEnum):
    """Whether it is read; `retired`: never again, and its row stays."""

    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class CatalogueEntry(SourceFacts):
    """A source as the catalogue's files carry it. What nobody has said is left out, never 0."""

    name: Name
    kind: SourceKind = SourceKind.FEED
    url: Url | None = None
    group: SourceGroup
    language: Language = "vi"
    state: EntryState = EntryState.ACTIVE
    state_reason: Words | None = None
    poll_seconds: PollSeconds = 900
    settings: SourceOptions = SourceOptions()

    @model_validator(mode="after")
    def _says_where_it_is_read(self) -> Self:
        if self.state is EntryState.ACTIVE and self.kind in POLLED and self.url is None:
            raise ValueError("nguồn đang đọc cần có địa chỉ (an active source needs its url)")
        return self


class Action(StrEnum):
    """What an import does, or would do, with one row."""

    ADDED = "added"
    CHANGED = "changed"
    RETIRED = "retired"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class Change(BaseModel):
    """One field of a source that an import changes."""

    field: str
    was: Any
    now: Any


class ImportRow(BaseModel):
    """What became of one entry of the file, or of a source that the file no longer names."""

    index: int | None = Field(description="place in the file, from 0; blank for a source that the file lacks")
    name: str
    action: Action
    source_id: UUID | None = None
    changes: list[Change] = []
    problem: str | None = None


class ImportOut(BaseModel):
    """The result of an import, row by row; with `dry_run` nothing was written."""

    dry_run: bool
    added: int
    changed: int
    retired: int
    unchanged: int
    rejected: int
    not_in_file: int = Field(description="sources that the file does not name; they stay as they are")
    rows: list[ImportRow]


class DiscoverIn(Body):
    url: Url


class CandidateOut(BaseModel):
    """A feed or sitemap that was found and read. It is not subscribed to."""

    url: str
    kind: SourceKind
    title: str | None
    entries: int
    newest_at: datetime | None = Field(description="date of its newest entry, where it says one")
    found_by: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")] = Field(
        description="the_address | link | anchor | path | robots"
    )
    is_known: bool = Field(default=False, description="a source reads it already")


class DiscoveryOut(BaseModel):
    """What a site offers to be read; problems of addresses that were tried and could not be."""

    site: str
    candidates: list[CandidateOut]
    tried: int
    problems: list[str]
