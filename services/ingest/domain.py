"""Rules of intake: what an item is, and whether it is the same as one that is stored. Pure."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from libs.common.models.enums import ContentKind, SourceGroup
from libs.common.text import fold


def item_hash(source_id: UUID, external_id: str) -> bytes:
    """The key of an item without an address: its source and the id the source gave it."""
    return hashlib.sha256(b"item\x00" + source_id.bytes + external_id.encode("utf-8")).digest()


def content_hash(title: str, text: str) -> bytes:
    """Equal for texts that differ only in white space and Unicode form."""
    joined = " ".join(title.split()) + "\x00" + " ".join(text.split())
    if not joined.isascii():
        joined = unicodedata.normalize("NFC", joined)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).digest()


class Verdict(StrEnum):
    """What an item is to what is stored under its key."""

    NEW = "new"
    DUPLICATE = "duplicate"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored under a key; the source is None once the item itself has been dropped."""

    content_id: UUID
    content_hash: bytes
    source_id: UUID | None
    title: str = ""
    summary: str | None = None


TELLING_TEXT = 200
"""Characters from which a text is enough to know its content by: “Thông báo” alone is not."""


def is_known_by_text(form: str, text: str) -> bool:
    """Whether the same title and text under another address is the same content. Two citizens who send the same
    words are two citizens."""
    return form not in CASE_FORMS and len(text) >= TELLING_TEXT


def are_alike(title: str, other: str) -> bool:
    """Whether two titles may be of one page: at least half of their words are shared."""
    one, two = set(fold(title).split()), set(fold(other).split())
    return not one or not two or 2 * len(one & two) >= len(one | two)


def judge(known: Known | None, source_id: UUID, new_hash: bytes) -> Verdict:
    """A page seen again is a revision only from the source that brought it: another source's shorter
    form of the same page would make the two overwrite each other for ever."""
    if known is None:
        return Verdict.NEW
    if known.content_hash == new_hash or known.source_id != source_id:
        return Verdict.DUPLICATE
    return Verdict.REVISION


def believable_date(published_at: datetime | None, now: datetime) -> datetime | None:
    """A publisher's date, unless it lies in the future or before the web."""
    if published_at is None or published_at > now + timedelta(days=1) or published_at.year < 1990:
        return None
    return published_at


WHOLE_TEXT = 1200
"""A feed entry of at least this many characters is taken for the whole article."""


def is_unchanged(known: Known, source_id: UUID, *, title: str, summary: str | None, whole_text: bool) -> bool:
    """Whether an entry seen again can be left alone: another source's page, or the same title and summary.
    A feed that carries whole texts is compared by its text."""
    if known.source_id != source_id:
        return True
    return not whole_text and known.title == title and (known.summary or None) == (summary or None)


# --- what an item is -----------------------------------------------------------------------------------

CASE_FORMS = frozenset({ContentKind.POST, ContentKind.REPORT})
# Groups of sources in which citizens speak for themselves: what they write is masked before it is stored.
MASKED_GROUPS = frozenset({SourceGroup.CITIZEN, SourceGroup.FORUM})

_FORMS = {
    SourceGroup.PRESS: ContentKind.ARTICLE,
    SourceGroup.PORTAL: ContentKind.ARTICLE,
    SourceGroup.AGGREGATOR: ContentKind.ARTICLE,
    SourceGroup.OFFICIAL: ContentKind.RELEASE,
    SourceGroup.FORUM: ContentKind.POST,
    SourceGroup.CITIZEN: ContentKind.POST,
}


def form_of(group: str) -> ContentKind:
    """What an item of a source is when nobody says."""
    return _FORMS[SourceGroup(group)]


def is_citizens_text(source_group: str, form: str) -> bool:
    """Whether a citizen speaks: a citizens' source whatever the form of its items, or a post or report on the
    city's own pages. The press and the agencies' own articles and releases are not theirs."""
    return source_group in MASKED_GROUPS or (source_group == SourceGroup.OFFICIAL and form in CASE_FORMS)
