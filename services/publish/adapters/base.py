"""What every channel must offer, and the registry of the channels there are.

Sending has four durable steps. `compose` and `prepare` are pure, `stage` uploads, and all three may be repeated;
`commit` is called once after the delivery was recorded as armed; what it cannot prove is `Unknown`, and `reconcile`
then looks at the platform.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

import httpx

from libs.common.clock import Clock
from libs.common.registry import Registry
from libs.common.withheld import without_secrets
from services.publish.corrections.rules import Review
from services.publish.limits import Limit
from services.publish.presskit.contract import PressDesk

Json = dict[str, Any]


@dataclass(frozen=True)
class Reason:
    """Why something did not happen, for the editor (Vietnamese) and the log (English). It is kept and shown, and quotes
    platforms: without the secrets that one of them may repeat."""

    vi: str
    en: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "vi", without_secrets(self.vi))
        object.__setattr__(self, "en", without_secrets(self.en))


@dataclass(frozen=True)
class MetricDefinition:
    name: str
    definition: str
    is_offered: bool = True


@dataclass(frozen=True)
class TextRules:
    """The platform's own limits, counted its own way on NFC text; None where it sets none."""

    graphemes: int | None = None
    utf8_bytes: int | None = None
    utf16_units: int | None = None


@dataclass(frozen=True)
class MediaRules:
    """What pictures and videos a post takes. Sizes in bytes, edges in pixels, durations in seconds."""

    images: int = 0
    """Most pictures in one post; 0 where the channel takes none."""
    videos: int = 0
    image_mimes: frozenset[str] = frozenset()
    video_mimes: frozenset[str] = frozenset()
    image_size: int | None = None
    video_size: int | None = None
    video_seconds: float | None = None
    image_edge: int | None = None
    image_ratio: float | None = None
    """Most times the longer edge may be the shorter."""
    alt_length: int | None = None
    may_mix: bool = False


@dataclass(frozen=True)
class Capabilities:
    """What the platform can do with a post of ours.

    `repeatable_for`: how long committing the same sending again gives no second post; None where it always would.
    `delete_within`: how long a post may be deleted after it was made; None without such a limit.
    `fetched_at`: when the platform itself said so; None where these are the documented values.
    """

    text: TextRules
    media: MediaRules
    repeatable_for: timedelta | None
    can_edit: bool
    can_delete: bool
    can_list: bool
    metrics: tuple[MetricDefinition, ...]
    delete_within: timedelta | None = None
    fetched_at: datetime | None = None


ALWAYS = timedelta.max
MOST_COMMENTS = 500
"""That are read of one post; a list so long may be cut."""


@dataclass(frozen=True)
class Rendition:
    """One file of a picture or video: `sha256` (hex) is also the key it is opened by."""

    sha256: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Medium:
    """A picture or video of the library, largest file first; `alt` says what it shows."""

    alt: str
    files: tuple[Rendition, ...]
    duration_ms: int | None = None
    ai_label: str | None = None
    credit: str | None = None

    @property
    def is_video(self) -> bool:
        return self.files[0].mime.startswith("video/")


@dataclass(frozen=True)
class Corrected:
    """The post on this channel that a correction corrects."""

    id: str
    url: str


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
    """Of the text or of anything it shows; every channel says it."""
    unit_name: str | None = None
    media: tuple[Medium, ...] = ()
    corrects: Corrected | None = None
    is_urgent: bool = False
    review: Review | None = None
    """What a correction of a claim says of it."""


@dataclass(frozen=True)
class Composed:
    """The variant of a draft for one channel; `payload` is what will be sent, and what the approver sees."""

    text: str
    link: str | None
    payload: Json
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """One sending, fixed: `key` is the same whenever the same delivery is prepared again.

    `staged`: what the platform keeps ready for it (uploads, containers), by the names the adapter gives; `id`: the
    post's, once an answer gave it; `at`: when it was first sent.
    """

    key: str
    payload: Json
    staged: Json = field(default_factory=dict)
    id: str | None = None
    at: datetime | None = None

    def as_handle(self) -> Json:
        at = self.at.isoformat() if self.at else None
        return {"key": self.key, "payload": self.payload, "staged": self.staged, "id": self.id, "at": at}

    @classmethod
    def from_handle(cls, handle: Mapping[str, Any]) -> "Prepared":
        at = datetime.fromisoformat(handle["at"]) if handle.get("at") else None
        staged = dict(handle.get("staged") or {})
        return cls(str(handle["key"]), dict(handle["payload"]), staged, handle.get("id"), at)


@dataclass(frozen=True)
class Published:
    """`proof`: what was read on the platform to know it, without secrets; kept with the delivery."""

    id: str
    url: str
    duplicates: tuple[str, ...] = ()
    proof: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    """The platform works on it; `reconcile` asks later with this handle (`Prepared.as_handle`)."""

    handle: Json


@dataclass(frozen=True)
class Rejected:
    """Certainly not posted. `permanent`: sending the same again cannot help. `so_far`, of a staging that did not get to
    its end: what stands ready by now, which the next try goes on from."""

    reason: Reason
    permanent: bool
    so_far: Prepared | None = None


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


@dataclass(frozen=True)
class ByHand:
    """Only a person can post it there: nothing was sent, and whether it stands there the person says."""

    reason: Reason


Outcome = Published | Accepted | Rejected | Throttled | AuthRequired | Unknown | ByHand


NotStaged = Rejected | Throttled | AuthRequired
"""Why nothing could be made ready; nothing was posted, and staging may be repeated."""


@dataclass(frozen=True)
class Found:
    id: str
    url: str
    duplicates: tuple[str, ...] = ()
    proof: Json = field(default_factory=dict)


@dataclass(frozen=True)
class NotFound:
    """`may_repeat`: of this very sending it is certain that a repeat leaves one post, whatever the channel promises."""

    may_repeat: bool = False


@dataclass(frozen=True)
class Undecidable:
    """Looking did not tell. `is_final`: no later look can, so a person is asked at once."""

    reason: Reason
    is_final: bool = False


Reconciled = Found | NotFound | Undecidable | ByHand


@dataclass(frozen=True)
class Deleted:
    """Read again after deleting, and it was gone; `proof` says what was read."""

    proof: Json = field(default_factory=dict)


@dataclass(frozen=True)
class StillLive:
    """`needs_person`: the platform will never do it for us; somebody has to, by the post's address."""

    reason: Reason
    retry_at: datetime | None = None
    needs_reconnect: bool = False
    needs_person: bool = False


Removal = Deleted | StillLive


@dataclass(frozen=True)
class Standing:
    """Whether a post stands there now; None where the platform does not let us see."""

    is_live: bool | None
    url: str | None = None
    proof: Json = field(default_factory=dict)


@dataclass(frozen=True)
class OwnPost:
    """A post on our own account, as its list shows it."""

    id: str
    url: str
    text: str
    created_at: datetime | None


@dataclass(frozen=True)
class Said:
    """Words under a post of ours. There is no writer: none is ever read.

    `id` and `parent_id` are the platform's, and may name one inside (a Bluesky address does): they are never stored as
    they are. `is_ours`: written by the page itself. `is_hidden`: only its writer still sees it there. `reply_to`: what
    an answer is sent to, where that is not the id; it may name the writer, so it goes under seal and nowhere else.
    """

    id: str
    post_id: str
    text: str
    at: datetime | None = None
    parent_id: str | None = None
    is_ours: bool = False
    is_hidden: bool = False
    reply_to: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Health:
    """Whether the account can be used, and when a person has to connect it again, where the platform says so.

    `notice`: what a person should do in time, while the account still serves."""

    problem: Reason | None = None
    credentials_end_at: datetime | None = None
    notice: Reason | None = None


@dataclass(frozen=True)
class Metric:
    """`value` is None where the platform gave no figure; it is never turned into 0."""

    name: str
    value: int | None
    definition: str
    as_of: datetime


@dataclass(frozen=True)
class Account:
    """One official account; the secret never leaves this object in a log or an error.

    `facts`: what `fetch_capabilities` returned last, at `facts_at`.
    """

    channel_id: UUID
    settings: Json = field(default_factory=dict)
    secret: Json = field(default_factory=dict, repr=False)
    facts: Json | None = None
    facts_at: datetime | None = None


class Press(Protocol):
    """The bulletin's press: brings the files of one page, the front page and the feeds up to the database."""

    async def publish(self, slug: str) -> None: ...

    def shown_digest(self, slug: str) -> str | None:
        """From the page's file: the digest of its content, `withdrawn`, or None where there is no page."""
        ...


class MediaStore(Protocol):
    """The files of the media library, by the SHA-256 of their bytes (hex)."""

    def link(self, sha256: str, mime: str, lasts: timedelta) -> str:
        """A signed address of our own from which a platform fetches the file until it ends; for nobody else."""
        ...

    async def read(self, sha256: str) -> bytes: ...

    def stream(self, sha256: str, chunk: int = 1 << 20, start: int = 0) -> AsyncIterator[bytes]:
        """From byte `start`, in pieces of `chunk` bytes: a large video is never whole in memory."""
        ...


@dataclass(frozen=True)
class InLetter:
    """What a delivery has to say in the letters to readers. `letters` went out with it, or may have; `number` of the
    issue that holds it, None while it waits for the next one."""

    is_removed: bool
    letters: int
    number: int | None


class LetterBasket(Protocol):
    """What the next letter to readers says, by delivery; kept in our own database."""

    async def put(self, channel_id: UUID, delivery_id: UUID, payload: Json) -> InLetter:
        """Once: put in again, or after it was taken out, nothing changes."""
        ...

    async def find(self, delivery_id: UUID) -> InLetter | None: ...

    async def take_out(self, delivery_id: UUID) -> InLetter | None:
        """Nobody is told it from now on; those who were told it already are told that it was withdrawn."""
        ...


@dataclass(frozen=True)
class Told:
    """How far a notice got, in browsers: those it is for, taken by their push services, still to be told, gone in the
    meantime, and those that could not be told. `is_done`: nobody is told it any more."""

    is_done: bool
    wanted: int
    accepted: int
    waiting: int
    gone: int
    failed: int


@dataclass(frozen=True)
class OnScreens:
    """What stands on readers' screens of one thread of notices. `reached`: some browser has it, or may have;
    `withdrawal`: the notice that takes its place, where it was removed and one was needed."""

    is_removed: bool
    reached: bool
    news: Told
    withdrawal: Told | None = None


class NoticeBoard(Protocol):
    """What readers' browsers are told, by delivery; kept in our own database, and sent from there. Raises ChannelError
    where that is away."""

    async def put(self, channel_id: UUID, delivery_id: UUID, thread: UUID, topic: str, payload: Json) -> OnScreens:
        """Once: put in again, or after it was removed, nothing changes. Notices of a thread take each other's place."""
        ...

    async def is_put(self, delivery_id: UUID) -> bool: ...

    async def find(self, thread: UUID) -> OnScreens | None: ...

    async def remove(self, thread: UUID) -> OnScreens | None:
        """Nobody is told it from now on; where somebody was, a notice that it was withdrawn takes its place."""
        ...

    async def problem(self, channel_id: UUID) -> Reason | None:
        """Why nothing can be sent, where that is so."""
        ...


Refresh = Callable[[Json, bool], Awaitable[Json]]
"""Asks the platform for a new token: the secret as stored, and whether an earlier renewal was begun and its end never
heard; returns what changes of the secret. Raises what the adapter raises."""


class RenewalUnheard(Exception):
    """The platform may have renewed and the answer was lost: the old refresh token may be dead."""


class TokenStore(Protocol):
    """Tokens that have to be renewed, one renewer for each account at a time."""

    async def renew(self, channel_id: UUID, stale: Json, refresh: Refresh) -> Json:
        """The secret after a renewal, by us or by somebody else. `stale`: the secret whose token no longer serves."""
        ...


@dataclass(frozen=True)
class Tools:
    """What an adapter may use; `sessions` keeps logins of this process by channel."""

    http: httpx.AsyncClient
    clock: Clock
    press: Press
    public_url: str
    media: MediaStore
    tokens: TokenStore
    sessions: dict[UUID, object] = field(default_factory=dict, repr=False)
    letters: LetterBasket | None = None
    """Where the database is at hand."""
    notices: NoticeBoard | None = None
    """The same, of readers' browsers."""
    press_desk: PressDesk | None = None
    """The same, of press partners."""


class Channel(Protocol):
    """A platform, opened for one account. An adapter is one file, registered in `CHANNELS` by its kind.

    A payload is plain JSON: it is what is approved, previewed and sent. Where it shows media it names them
    `{"sha256": …, "mime": …, "alt": …}`; `stage` gives them to the platform. Where it corrects a post, the payload
    says so itself (an edit of it, or a reply to it), and `commit` does what the payload says.
    """

    name_vi: ClassVar[str]
    needs_secret: ClassVar[tuple[str, ...]]
    needs_settings: ClassVar[tuple[str, ...]]
    limits: ClassVar[tuple[Limit, ...]]
    """The platform's caps, kept before it has to refuse."""

    def __init__(self, account: Account, tools: Tools) -> None: ...

    def capabilities(self) -> Capabilities:
        """From what the platform said last, or as documented."""
        ...

    async def fetch_capabilities(self) -> Json:
        """Ask the platform; raises ChannelError. What is returned comes back as `Account.facts`."""
        ...

    async def health(self) -> Health:
        """Raises ChannelError where it could not be asked, which says nothing about the account."""
        ...

    def compose(self, draft: Draft) -> Composed:
        """Pure; raises NotPostable."""
        ...

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        """Pure; `at` is when it was first sent."""
        ...

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """Uploads and drafts; may be repeated, and posts nothing."""
        ...

    async def commit(self, prepared: Prepared) -> Outcome:
        """Called once for each arming; never repeats a request whose answer was lost."""
        ...

    async def reconcile(self, handle: Json) -> Reconciled:
        """Look for it on the platform: after a commit, and where its answer was lost."""
        ...

    async def status(self, platform_id: str) -> Standing: ...

    async def delete(self, platform_id: str) -> Removal: ...

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """Newest first; None where the platform shows no list."""
        ...

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]: ...


@runtime_checkable
class ReadsComments(Protocol):
    """A channel whose platform lets us read what stands under our posts."""

    async def comments(self, platform_id: str) -> list[Said]:
        """All of them that the platform shows, up to its own limits; raises ChannelError."""
        ...


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
