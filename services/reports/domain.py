"""Pure rules: periods, frozen figures, rates, the health of sources, what is overdue."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from libs.common.models.enums import (
    CaseState,
    PublicationState,
    SourceGroup,
    SourceKind,
    SourceState,
)

QUOTED = 300
"""Characters of somebody else's text that may ever leave the house."""

NAMED_BRIEFLY = 120
"""Characters of a title in a paper's trích yếu, which says in short what it is about."""

PUBLISHED_GROUPS = frozenset({SourceGroup.PRESS, SourceGroup.PORTAL, SourceGroup.AGGREGATOR, SourceGroup.OFFICIAL})
"""Groups whose titles and links a report names. What people write themselves is only counted."""

NAMED_STATES = frozenset(
    {
        PublicationState.PUBLISHING,
        PublicationState.PUBLISHED,
        PublicationState.PARTLY_PUBLISHED,
        PublicationState.FAILED,
        PublicationState.CORRECTED,
        PublicationState.WITHDRAWN,
    }
)
"""Publications a report names. Drafts of a unit are that unit's alone, so they are only counted."""

ANSWERED_STATES = frozenset({CaseState.ANSWERED, CaseState.CLOSED, CaseState.REJECTED, CaseState.MERGED})
"""Nobody waits for these any more: answered, closed, refused with a reason, or going on under another case."""


class Format(StrEnum):
    """MD and JSON are there at once; the others are printed by a worker, or when somebody asks first."""

    MD = "md"
    JSON = "json"
    DOCX = "docx"
    PDF = "pdf"
    XLSX = "xlsx"


# --- periods ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """From its start, which counts, to its end, which does not."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def before(self) -> "Period":
        """The span of the same length that ends where this one starts: what its figures are compared with."""
        return Period(self.start - self.length, self.start)


# --- figures ------------------------------------------------------------------------------------------------


def iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def figure(value: float | None, *, as_of: datetime, source: str, formula: str, unit: str) -> dict[str, Any]:
    """A number that says where it comes from; None is `not known` and stays None."""
    return {"value": value, "as_of": iso(as_of), "source": source, "formula": formula, "unit": unit}


def known_part(counted: int, *, done: int, of: int) -> int | None:
    """A count that needs an earlier step: while nothing of a non-empty whole went through it, nobody knows."""
    return None if of and not done else counted


def canonical(data: Any) -> bytes:
    """One spelling for one content: the bytes whose digest names a snapshot."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(data: Any) -> bytes:
    return hashlib.sha256(canonical(data)).digest()


def marked(words: str, data: dict[str, Any]) -> str:
    """With the mark that the figures carry before it, where they do: a drill says so wherever it is named."""
    mark = data.get("mark")
    return words if not mark or words.startswith(mark) else f"{mark}: {words}"


def clip(text: str, limit: int = QUOTED) -> str:
    """At most `limit` characters on one line, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    kept, ends_a_word = line[: limit - 1], line[limit - 1] == " "
    return (kept if ends_a_word else kept.rsplit(" ", 1)[0]).rstrip(" ,;:.-–—") + "…"


# --- sources ------------------------------------------------------------------------------------------------

POLLED = frozenset({SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PAGE})


class Health(StrEnum):
    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    STOPPED = "stopped"


@dataclass(frozen=True)
class SourceFacts:
    kind: str
    state: str
    failures: int
    created_at: datetime
    last_item_at: datetime | None


def source_health(source: SourceFacts, as_of: datetime, silent_after: timedelta) -> Health:
    """Failing: the last polls went wrong. Silent: polls go well and nothing new comes."""
    if source.state != SourceState.ACTIVE:
        return Health.STOPPED
    if source.failures:
        return Health.FAILING
    since = source.last_item_at or source.created_at
    is_silent = source.kind in POLLED and as_of - since >= silent_after
    return Health.SILENT if is_silent else Health.OK


# --- retention ----------------------------------------------------------------------------------------------


def is_kept_too_long(oldest: datetime | None, days: int | None, as_of: datetime) -> bool:
    """Whether the oldest row there is outlived the limit that the register names."""
    return oldest is not None and days is not None and as_of - oldest > timedelta(days=days)
