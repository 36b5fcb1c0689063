"""A frozen snapshot as a document. Nothing but the snapshot is read, so the same one gives the same bytes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import jinja2

from libs.common.models import Snapshot
from services.reports.domain import HANOI, Format, ReportKind, iso

TITLES = {ReportKind.DAILY: "Tin nhanh trong ngày"}
MEDIA_TYPES = {Format.MD: "text/markdown; charset=utf-8", Format.JSON: "application/json"}

# What would make a title do something in Markdown or in HTML that a reader makes of it.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True)
class Frozen:
    """What is printed: a snapshot's own values."""

    id: UUID
    kind: ReportKind
    as_of: datetime
    period_from: datetime
    period_to: datetime
    digest: bytes
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Snapshot) -> "Frozen":
        kind = ReportKind(row.kind)
        return cls(row.id, kind, row.as_of, row.period_from, row.period_to, row.digest, row.data)

    @property
    def title(self) -> str:
        return TITLES[self.kind]


def render(frozen: Frozen, wanted: Format) -> bytes:
    return _PRINTERS[wanted](frozen)


def _json(frozen: Frozen) -> bytes:
    document = {
        "kind": frozen.kind.value,
        "title": frozen.title,
        "snapshot_id": str(frozen.id),
        "digest": frozen.digest.hex(),
        "as_of": iso(frozen.as_of),
        "period": {"from": iso(frozen.period_from), "to": iso(frozen.period_to)},
        "data": frozen.data,
    }
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _markdown(frozen: Frozen) -> bytes:
    template = _templates().get_template(f"{frozen.kind.value}.md")
    lines = template.render(report=frozen, **frozen.data).split("\n")
    text = "\n".join(line.rstrip() for line in lines)
    return (re.sub(r"\n{3,}", "\n\n", text).strip() + "\n").encode()


_PRINTERS: dict[Format, Callable[[Frozen], bytes]] = {Format.MD: _markdown, Format.JSON: _json}


@cache
def _templates() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("services.reports"),
        autoescape=False,  # noqa: S701 - Markdown: every foreign text goes through `md`
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(md=markdown_text, n=number, at=local_time, value=value)
    return env


def markdown_text(text: str) -> str:
    """Foreign text on one line, with nothing that Markdown or HTML would take for its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def number(value: float | None) -> str:
    """As Vietnamese writes it: 12.345 and 2,5; what is not known is left blank."""
    if value is None:
        return ""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def value(figure: dict[str, Any]) -> str:
    return number(figure["value"])


def local_time(at: datetime | str | None) -> str:
    if at is None:
        return ""
    local = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(HANOI)
    return f"{local:%H:%M %d/%m/%Y}"
