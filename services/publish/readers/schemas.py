"""What staff see of readers' mail: totals, never an address."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.publish.schemas import Row


class ReadersOut(BaseModel):
    pending: int = 0
    confirmed: int = 0
    unsubscribed: int = Field(default=0, description="ended by the readers themselves; nothing of them is kept")
    bounced: int = Field(default=0, description="ended because the mailbox is not there")
    complained: int = Field(default=0, description="ended by a complaint; never written to again")


class DigestOut(BaseModel):
    channel_id: UUID
    list: str
    readers: ReadersOut
    waiting: int = Field(description="items for the next issue, at most 100 are counted")
    next_at: datetime = Field(description="when the next issue closes; urgent items close one at once")
    not_sending: str | None = Field(description="why nothing leaves, where nothing does (Vietnamese)")
    as_of: datetime


class PreviewOut(BaseModel):
    number: int
    subject: str
    text: str
    html: str
    items: list[dict[str, Any]]


class IssueOut(Row):
    id: UUID
    number: int
    is_urgent: bool
    closed_at: datetime
    finished_at: datetime | None
    letters: dict[str, int] = Field(description="how many letters are in each state")
