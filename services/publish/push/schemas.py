"""What the page of web push sends and gets, and what staff see of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.models.push import MOST_TOPICS
from services.publish.push.endpoints import MOST_LETTERS

Endpoint = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
Written = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,120}={0,2}$")]
"""Bytes in base64url."""
Topic = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class KeysIn(_In):
    p256dh: Written
    auth: Written


class SubscriptionIn(_In):
    """As `PushSubscription.toJSON()` of a browser gives it."""

    endpoint: Endpoint
    keys: KeysIn
    expiration_time: float | None = Field(
        default=None, alias="expirationTime", ge=0, le=1e14, description="milliseconds since 1970"
    )


class LeaveIn(_In):
    """Who knows both is the browser itself."""

    endpoint: Endpoint
    auth: Written


class SubscribeIn(_In):
    subscription: SubscriptionIn
    topics: list[Topic] | None = Field(
        default=None, min_length=1, max_length=MOST_TOPICS, description="without it, those of `replaces`"
    )
    replaces: LeaveIn | None = Field(default=None, description="what the browser had before, and ends")


class SubscribedOut(BaseModel):
    topics: list[str]


class NoticeOut(BaseModel):
    """How far one notice got, in browsers."""

    id: UUID
    delivery_id: UUID
    kind: str
    title: str
    noted_at: datetime
    finished_at: datetime | None
    removed_at: datetime | None
    wanted: int
    accepted: int
    gone: int
    refused: int
    expired: int
    dropped: int


class PushOut(BaseModel):
    channel_id: UUID
    topic: str
    browsers: int
    not_sending: str | None = Field(description="why nothing is sent, where that is so")
    notices: list[NoticeOut]
    as_of: datetime
