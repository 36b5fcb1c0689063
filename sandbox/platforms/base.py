"""What every platform of the sandbox offers, and the world they share."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from starlette.responses import Response

from sandbox.clock import VirtualClock
from sandbox.faults import Fault, FaultBook
from sandbox.lag import LagBook
from sandbox.ledger import Ledger
from sandbox.pull import Puller
from sandbox.settings import SandboxSettings
from sandbox.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class World:
    settings: SandboxSettings
    clock: VirtualClock
    ledger: Ledger
    faults: FaultBook
    webhooks: Webhooks
    puller: Puller
    lags: LagBook = field(default_factory=LagBook)


class AccountIn(BaseModel):
    platform: str
    handle: str
    password: SecretStr
    display_name: str = ""
    status: str = "active"
    followers: int = Field(default=0, ge=0)
    options: dict[str, Any] = {}
    """What only one platform knows of; each says what it reads."""


class ReplyIn(BaseModel):
    text: str
    author: str = ""


class Engagement(BaseModel):
    """What readers do to one post; counts are added to those already there."""

    post: str
    likes: int = Field(default=0, ge=0)
    reposts: int = Field(default=0, ge=0)
    quotes: int = Field(default=0, ge=0)
    replies: list[ReplyIn] = []


@dataclass(frozen=True, slots=True)
class PublicPost:
    """A post as its readers see it, in words common to all platforms."""

    platform: str
    id: str
    account: str
    author: str
    text: str
    at: datetime
    page: str
    links: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


class UnknownPost(LookupError):
    """Nobody can like what is not there."""


class Platform(Protocol):
    name: str
    """Also the first segment of its paths."""
    title: str

    def routes(self) -> APIRouter: ...

    def operation(self, method: str, path: str) -> str | None:
        """The platform's own name of what a request asks for; None where no fault can be planned."""

    def failure(self, fault: Fault) -> Response:
        """A planned refusal, in the platform's own words."""

    def put_account(self, account: AccountIn) -> dict[str, Any]: ...

    def engage(self, engagement: Engagement) -> dict[str, Any]: ...

    def wall(self) -> list[PublicPost]:
        """Newest first."""

    def reset(self) -> None: ...
