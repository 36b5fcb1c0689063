"""What a source kind is: bytes in, one parsed document out. It never fetches and never stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from libs.common.registry import Registry

if TYPE_CHECKING:
    from services.ingest.platforms import PlatformSettings


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as its publisher gives it. It has no author: none is ever read."""

    id: str | None = None
    title: str | None = None
    link: str | None = None
    summary: str | None = None
    content: str | None = None
    published_at: datetime | None = None
    published_from: str = "none"
    updated_at: datetime | None = None
    zone_assumed: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a document says: its entries, and the further documents it points to."""

    form: str
    title: str | None = None
    language: str | None = None
    entries: Sequence[Entry] = ()
    links: Sequence[str] = ()
    ttl_seconds: int | None = None
    warning: str | None = None


class NotParsable(Exception):
    """A document that is not of the kind its source promises; said for the editor, Vietnamese first."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} ({en})")
        self.vi = vi
        self.en = en


class SourceKind(Protocol):
    """One way in which sources give items."""

    def parse(
        self,
        data: bytes,
        *,
        content_type: str | None = None,
        url: str | None = None,
        language: str | None = None,
    ) -> ParsedDocument:
        """Read a document; raises NotParsable, and nothing else, for what it cannot use."""
        ...


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What a platform's API is asked in the place of a source's own address. What lets us in is in a header alone."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@runtime_checkable
class AsksApi(Protocol):
    """A source kind that is read through the API of its platform, and not at the address of the source."""

    def api_call(self, address: str, platforms: "PlatformSettings") -> ApiCall:
        """Raises NotParsable where the address is none of the platform's, or no key is set."""
        ...

    def rest_seconds(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> int | None:
        """How long the platform asks to be left alone, said in its own way; None where it says nothing."""
        ...


SOURCE_KINDS: Registry[SourceKind] = Registry("source kind")
