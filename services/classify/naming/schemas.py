"""Bodies of the routes of corrected places and of the names that people gave to places."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.common.models.enums import AliasState

MOST_PLACES = 20


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PlacesCreate(BaseModel):
    """The places that a text is about. `name`: the words in it that name the one place which is new in the list."""

    model_config = ConfigDict(extra="forbid")
    places: list[str] = Field(max_length=MOST_PLACES, description="codes of wards, communes or old districts")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=60)] | None = None


class PlacesOut(Row):
    places: list[str]
    alias_id: UUID | None = Field(description="the proposed name, which a second person confirms or refuses")


class PlaceAliasOut(Row):
    id: UUID
    name: str
    unit_code: str
    content_id: UUID
    state: AliasState
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


class CorrectionOut(Row):
    """What a person put right of a text: which label, what stood there, what stands there now."""

    id: UUID
    head: str
    model_label: str
    label: str
    model: str
    labelled_by: UUID
    labelled_at: datetime
