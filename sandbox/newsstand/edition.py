"""What a newsstand has on offer: sources to register and documents by path. Plain data, built once.

Guarantee: a document is found by its exact key and nothing else, so that no request reaches the file system.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MOUNT = "/press"
ORIGIN = "http://newsstand.invalid"
"""Stands in built documents for the address the request came to."""
PRIVATE = "noi-bo"
"""The folder of each site that robots.txt keeps programs out of."""
MAX_FEED_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class Document:
    media_type: str
    render: Callable[[], bytes]
    modified: datetime
    built: bool = True
    """Made by us, with ORIGIN to be filled in; otherwise somebody's own bytes, never touched."""


@dataclass(frozen=True, slots=True)
class Source:
    """One line of the manifest: what ingest can be told to watch."""

    name: str
    kind: str
    group: str
    path: str
    items: int
    language: str = "vi"
    poll_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Edition:
    title: str
    mode: str
    fictional: bool
    built_at: datetime
    sources: Sequence[Source]
    documents: Mapping[str, Document]
    pushes: Sequence[Mapping[str, Any]] = ()
    """Rows that no feed carries: they are pushed through the bulk API."""
    gold: Sequence[Mapping[str, Any]] = ()
    """Expected labels by address, for tests and for the table of a run."""
    ignored: Sequence[str] = field(default_factory=tuple)
    """Files that are neither feed nor page."""


def address(path: str) -> str:
    """The absolute address of a document, before its origin is known."""
    return f"{ORIGIN}{MOUNT}/{path}"
