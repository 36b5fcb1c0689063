"""What every channel must offer, and the registry of the channels there are.

Sending has three durable steps. `compose` and `prepare` are pure and may be repeated; `commit` is called once
after the delivery was recorded as armed; what it cannot prove is `Unknown`, and `reconcile` then looks at the
platform.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

import httpx

from libs.common.clock import Clock
from libs.common.registry import Registry

Json = dict[str, Any]


@dataclass(frozen=True)
class Reason:
    """Why something did not happen, for the editor (Vietnamese) and the log (English)."""

    vi: str
    en: str


@dataclass(frozen=True)
class MetricDefinition:
    name: str
    definition: str
    is_offered: bool = True


@dataclass(frozen=True)
class Capabilities:
    """What the platform can do with a post of ours. `is_repeatable`: committing twice gives one post."""

    graphemes: int | None
    utf8_bytes: int | None
    is_repeatable: bool
    can_delete: bool
    metrics: tuple[MetricDefinition, ...]


@dataclass(frozen=True)
class Draft:
    """What the editors wrote, before it is fitted to a channel."""

    title: str
    body: str
    summary: str | None
    link: str | None
    language: str
    kind: str
    slug: str
    affects_rights: bool = False
    source_note: str | None = None
    ai_label: str | None = None
    unit_name: str | None = None


@dataclass(frozen=True)
class Composed:
    """The variant of a draft for one channel; `payload` is what will be sent, and what the approver sees."""

    text: str
    link: str | None
    payload: Json
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """One sending, fixed: `key` is the same whenever the same delivery is prepared again."""

    key: str
    payload: Json

    def as_handle(self) -> Json:
        return {"key": self.key, "payload": self.payload}

    @classmethod
    def from_handle(cls, handle: Mapping[str, Any]) -> "Prepared":
        return cls(key=str(handle["key"]), payload=dict(handle["payload"]))


@dataclass(frozen=True)
class Published:
    id: str
    url: str
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """The platform works on it; `reconcile` asks later."""

    handle: Json


@dataclass(frozen=True)
class Rejected:
    """Certainly not posted. `permanent`: sending the same again cannot help."""

    reason: Reason
    permanent: bool


@dataclass(frozen=True)
class Throttled:
    """Certainly not posted, and not wanted before `until`."""

    until: datetime


@dataclass(frozen=True)
class AuthRequired:
    """Certainly not posted: a person has to reconnect the account."""

    reason: Reason


@dataclass(frozen=True)
class Unknown:
    """The platform may or may not have it."""

    handle: Json
    since: datetime
    reason: Reason


Outcome = Published | Accepted | Rejected | Throttled | AuthRequired | Unknown


@dataclass(frozen=True)
class Found:
    id: str
    url: str
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotFound:
    pass


@dataclass(frozen=True)
class Undecidable:
    reason: Reason


Reconciled = Found | NotFound | Undecidable


@dataclass(frozen=True)
class Deleted:
    """Read again after deleting, and it was gone."""


@dataclass(frozen=True)
class StillLive:
    reason: Reason
    retry_at: datetime | None = None
    needs_reconnect: bool = False


Removal = Deleted | StillLive


@dataclass(frozen=True)
class Metric:
    """`value` is None where the platform gave no figure; it is never turned into 0."""

    name: str
    value: int | None
    definition: str
    as_of: datetime


@dataclass(frozen=True)
class Account:
    """One official account; the secret never leaves this object in a log or an error."""

    channel_id: UUID
    settings: Json = field(default_factory=dict)
    secret: Json = field(default_factory=dict, repr=False)


class Press(Protocol):
    """The bulletin's press: brings the files of one page, the front page and the feeds up to the database."""

    async def publish(self, slug: str) -> None: ...

    def shown_digest(self, slug: str) -> str | None:
        """From the page's file: the digest of its content, `withdrawn`, or None where there is no page."""
        ...


@dataclass(frozen=True)
class Tools:
    """What an adapter may use; `sessions` keeps logins of this process by channel."""

    http: httpx.AsyncClient
    clock: Clock
    press: Press
    public_url: str
    sessions: dict[UUID, object] = field(default_factory=dict, repr=False)


class Channel(Protocol):
    """A platform, opened for one account."""

    name_vi: ClassVar[str]
    needs_secret: ClassVar[tuple[str, ...]]
    needs_settings: ClassVar[tuple[str, ...]]

    def __init__(self, account: Account, tools: Tools) -> None: ...

    def capabilities(self) -> Capabilities: ...

    def compose(self, draft: Draft) -> Composed: ...

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared: ...

    async def commit(self, prepared: Prepared) -> Outcome: ...

    async def reconcile(self, handle: Json) -> Reconciled: ...

    async def delete(self, platform_id: str) -> Removal: ...

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]: ...


class ChannelError(Exception):
    """The platform could not be asked, or said no; never carries a secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


class NotPostable(ValueError):
    """The draft cannot be made to fit the channel at all."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


CHANNELS: Registry[type[Channel]] = Registry("channel")
