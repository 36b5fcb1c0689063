"""What a platform sends us by itself: one file for each kind, which tells true from false and takes out what is said.

A hook reads raw bytes, because platforms sign those and not what a parser makes of them. What it takes out has no
writer in it: names and ids of people are dropped here, and reach no table, log or stream.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from pydantic import SecretStr

from libs.common.registry import Registry
from services.publish.adapters.base import Account, Reason, Said

Json = dict[str, Any]


@dataclass(frozen=True)
class Commented:
    """Somebody wrote, or changed, a comment.

    `said.post_id` may be empty where only the comment that it answers is named: it is then under the same post.
    `is_new`: it only appeared, so that words that we know of it are later ones.
    """

    said: Said
    is_new: bool = False


@dataclass(frozen=True)
class Messaged:
    """Somebody wrote to the account alone, under no post. `window`: how long the platform lets us answer, unless the
    channel's `answer_hours` says so."""

    said: Said
    window: timedelta


@dataclass(frozen=True)
class Uncommented:
    """A comment is gone: its words are erased here too."""

    comment_id: str


@dataclass(frozen=True)
class Hidden:
    """Somebody of ours hid a comment on the platform, or showed it again."""

    comment_id: str
    is_hidden: bool


@dataclass(frozen=True)
class Touched:
    """Something happened to a post or an upload of ours: whatever waits for it looks at once. `post_id`: its id, or
    any name of it that its delivery keeps. `is_new`: it only appeared; one that we know to stand is left alone."""

    post_id: str
    is_new: bool = False


@dataclass(frozen=True)
class Ended:
    """The account no longer lets us in."""

    reason: Reason


Event = Commented | Messaged | Uncommented | Hidden | Touched | Ended


@dataclass(frozen=True)
class Heard:
    """`account`: whose it is, by the platform's name of the account; None where the address tells. `key`: what tells
    this event from any other, the same whenever it is sent again."""

    event: Event
    key: str
    account: str | None = None


@dataclass(frozen=True)
class Letter:
    """What came in: header names in lower case, the body as it was on the wire."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: datetime


def instant(value: Any) -> datetime | None:
    """Of seconds since 1970; None where it is no such number."""
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


class Hook(Protocol):
    """One platform's way of telling."""

    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        """What to answer to a platform that asks, before it sends anything, whether this is ours; None: refuse.
        `word` is the channel's own verify token."""
        ...

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        """Whether the platform wrote exactly these bytes; in constant time."""
        ...

    def read(self, letter: Letter) -> Sequence[Heard]:
        """Of a genuine letter; raises one of `UNREADABLE` where it is not what is documented."""
        ...

    def is_of(self, account: Account, named: str) -> bool:
        """Whether the platform means this account."""
        ...


UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading something else than what is documented raises."""
HOOKS: Registry[Hook] = Registry("platform hook")


@dataclass(frozen=True)
class HearingKeys:
    """Keys of their own, derived from those that seal secrets; the current one first."""

    keys: Sequence[bytes] = field(repr=False)

    @classmethod
    def of(cls, current: SecretStr, old: Sequence[SecretStr] = ()) -> "HearingKeys":
        raw = [key.get_secret_value().encode() for key in (current, *old)]
        return cls([hashlib.blake2b(each, digest_size=32, person=b"lantoa-hearing").digest() for each in raw])

    def digests(self, *parts: str) -> list[bytes]:
        """HMAC-SHA256 by each key, the current one's first: what was stored before a rotation is known again."""
        told = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return [hmac.new(key, told, hashlib.sha256).digest() for key in self.keys]

    def word(self, channel_id: UUID) -> str:
        """The channel's verify token: what we tell a platform, so that it can show that it was told."""
        return self.digests("verify", str(channel_id))[0].hex()[:48]

    def words(self, channel_id: UUID) -> list[str]:
        """Also those of before a rotation: platforms keep what they were told."""
        return [digest.hex()[:48] for digest in self.digests("verify", str(channel_id))]


def same(given: str, wanted: str) -> bool:
    """In constant time; never of an empty secret."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())
