"""What partners are answered, and what staff see of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class PressItems(BaseModel):
    """`items`: ninjs 3.1, the newest version of each that changed after `since`, oldest first. `next`: the `since` of
    the next call; it may be answered with what was seen before, which `uri` and `version` tell."""

    items: list[dict[str, Any]]
    next: int
    more: bool


class PressSendOut(BaseModel):
    partner: str
    name: str
    way: str
    state: str
    attempts: int
    updated_at: datetime
    trouble: str | None


class PressVersionOut(BaseModel):
    item: UUID
    version: int
    status: str
    headline: str
    created_at: datetime
    embargoed_until: datetime | None
    sends: list[PressSendOut]


class PressOut(BaseModel):
    """`problem`: why the partners cannot be used, in Vietnamese."""

    channel_id: UUID
    partners: int
    versions: list[PressVersionOut] = Field(description="the newest first")
    as_of: datetime
