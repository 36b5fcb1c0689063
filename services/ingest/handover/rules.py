"""How a comment on a channel of ours becomes a content. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.models.enums import ContentKind, DateProvenance
from services.ingest.domain import believable_date, content_hash, item_hash
from services.ingest.markup import clean
from services.ingest.queries import NewContent

ERASED = "[đã gỡ]"
"""Stands for words that their writer, or the platform, took back."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A comment as publish keeps it now; `body` is None once it was taken back."""

    id: UUID
    channel_id: UUID
    channel: str
    body: str | None
    posted_at: datetime | None


def source_name(heard: Heard) -> str:
    """Names are unique; two channels may be called the same."""
    return f"Ý kiến trên kênh {heard.channel[:150]} · {heard.channel_id.hex[-6:]}"


def key_of(heard: Heard) -> bytes:
    """The source of a channel bears the channel's own id."""
    return item_hash(heard.channel_id, str(heard.id))


def content_of(heard: Heard, *, now: datetime, mask: Callable[[str], str]) -> NewContent | None:
    """The content to store, masked once more by this service's own list of hotlines; None where nothing is said."""
    text = mask(clean(heard.body or "").strip())
    if not text:
        return None
    published = believable_date(heard.posted_at, now)
    return NewContent(
        key=key_of(heard),
        source_id=heard.channel_id,
        kind=ContentKind.POST,
        url=None,
        title="",  # it has none, and is not its own
        summary=None,
        text=text,
        language="vi",
        published_at=published,
        published_from=DateProvenance.PUSH if published else DateProvenance.NONE,
        content_hash=content_hash("", text),
    )
