"""A version of a report as a document. Nothing but the snapshot and the version is read, so the same ones print the
same figures whenever and wherever they are printed."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from libs.common.clock import HANOI
from libs.common.models import ReportVersion, Snapshot
from libs.common.papers import printing as papers
from libs.common.papers.content import Closing, Head, Paper
from libs.common.papers.form import Form, default_form, read_form
from libs.common.papers.printing import PaperFormat, print_paper
from libs.common.papers.wording import number_text
from services.reports.domain import Format, iso, marked
from services.reports.issuing.pictures import pictures_of, told

MEDIA_TYPES = {
    Format.MD: "text/markdown; charset=utf-8",
    Format.JSON: "application/json",
    **{Format(wanted.value): media for wanted, media in papers.MEDIA_TYPES.items()},
}
PAPER = "BÁO CÁO"

# What would make a title do something in Markdown or in HTML that a reader makes of it.
_SNAPSHOT = re.compile(r"\n-{3,}\n+Bản chụp số liệu [0-9a-f-]{36}, SHA-256 [0-9a-f]{64}\.\s*\Z")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True)
class Heading:
    """What every paper of this city begins and ends with; a report's own version may say otherwise."""

    authority: str | None
    agency: str
    symbol: str
    place: str
    recipients: tuple[str, ...]
    authority_line: str | None
    position: str
    form: Path | None = None
    """The city's own form (margins, sizes) over the default; see libs/common/papers/form.yaml."""
    templates: Path | None = None
    """A folder of the city's own templates; a kind without one there has the template of this package."""

    def head(self, subject: str, title: str) -> dict[str, Any]:
        """Frozen with each version: number, date and signer stay open until it is signed. The form goes in whole, so
        that a paper is printed again as it was, whatever became of the city's file. Raises FormError.
        """
        return {
            "authority": self.authority,
            "agency": self.agency,
            "number": None,
            "symbol": self.symbol,
            "place": self.place,
            "date": None,
            "type_name": PAPER,
            "title": title,
            "subject": subject,
            "recipients": list(self.recipients),
            "authority_line": self.authority_line,
            "position": self.position,
            "signer": None,
            "form": asdict(read_form(self.form)),
            "templates": str(self.templates) if self.templates else None,
        }


@dataclass(frozen=True)
class Printable:
    """What is printed: a snapshot's own values and what a version says about them."""

    id: UUID
    kind: str
    as_of: datetime
    period_from: datetime
    period_to: datetime
    digest: bytes
    data: dict[str, Any]
    text: str
    head: Mapping[str, Any]

    @classmethod
    def of(cls, row: Snapshot, version: ReportVersion) -> "Printable":
        return cls._of(row, version.text, version.head)

    @classmethod
    def _of(cls, row: Snapshot, text: str, head: Mapping[str, Any]) -> "Printable":
        return cls(row.id, row.kind, row.as_of, row.period_from, row.period_to, row.digest, row.data, text, head)

    @property
    def title(self) -> str:
        return str(self.head["title"])


def draft(snapshot: Snapshot, head: Mapping[str, Any]) -> str:
    """The text a person starts from: the kind's template over the figures, as Markdown."""
    report = Printable._of(snapshot, "", head)
    template = _templates(head["templates"]).get_template(f"{snapshot.kind}.md")
    lines = template.render(report=report, **snapshot.data).split("\n")
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def print_as(what: Printable, wanted: Format) -> bytes:
    """The bytes of one format; ValueError where the text is no paper."""
    return _PRINTERS[wanted](what)


def paper_of(what: Printable) -> Paper:
    from libs.common.papers.markdown import read_markdown

    head, signed_on = what.head, what.head["date"]
    return Paper(
        form=_form(head["form"]),
        head=Head(
            authority=head["authority"],
            agency=head["agency"],
            number=None if head["number"] is None else f"{head['number']:02d}",
            symbol=head["symbol"],
            place=head["place"],
            date=date.fromisoformat(signed_on) if signed_on else None,
            type_name=head["type_name"],
            subject=head["subject"],
            year=what.as_of.astimezone(HANOI).year,
        ),
        blocks=read_markdown(_body(what.text), pictures_of(what.kind, what.data)),
        closing=Closing(
            recipients=tuple(head["recipients"]),
            authority_line=head["authority_line"],
            position=head["position"],
            signer=head["signer"],
        ),
        footer=marked(
            f"Số liệu chốt lúc {local_time(what.as_of)}; bản chụp {what.id}, SHA-256 {what.digest.hex()[:16]}…",
            what.data,
        ),
    )


def _body(text: str) -> str:
    """The Markdown begins with its own title and ends with its snapshot; a paper has them in its head and its foot."""
    return _SNAPSHOT.sub("", re.sub(r"\A# [^\n]*\n", "", text))


def _markdown(what: Printable) -> bytes:
    from libs.common.papers.markdown import plain_markdown

    return plain_markdown(what.text).encode()


def _json(what: Printable) -> bytes:
    document = {
        "kind": what.kind,
        "title": what.title,
        "subject": what.head["subject"],
        "snapshot_id": str(what.id),
        "digest": what.digest.hex(),
        "as_of": iso(what.as_of),
        "period": {"from": iso(what.period_from), "to": iso(what.period_to)},
        "data": what.data,
        "pictures": told(what.kind, what.data),
    }
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


_PRINTERS: dict[Format, Callable[[Printable], bytes]] = {
    Format.MD: _markdown,
    Format.JSON: _json,
    Format.DOCX: lambda what: print_paper(paper_of(what), PaperFormat.DOCX),
    Format.PDF: lambda what: print_paper(paper_of(what), PaperFormat.PDF),
    Format.XLSX: lambda what: print_paper(paper_of(what), PaperFormat.XLSX),
}


def _form(told: Mapping[str, float] | str | None) -> Form:
    """As it was frozen; a version from before forms were frozen names the city's file."""
    if isinstance(told, Mapping):
        return Form(**(asdict(default_form()) | dict(told)))
    return read_form(Path(told) if told else None)


@cache
def _templates(folder: str | None) -> jinja2.Environment:
    """A city's own templates are data, not code: they see the figures and nothing of the process."""
    ours = jinja2.PackageLoader("services.reports")
    theirs = [jinja2.FileSystemLoader(folder)] if folder else []
    env = SandboxedEnvironment(
        loader=jinja2.ChoiceLoader([*theirs, ours]),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(md=markdown_text, n=number, at=local_time, day=local_day, value=value)
    return env


def markdown_text(text: str) -> str:
    """Foreign text on one line, with nothing that Markdown or HTML would take for its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def number(value: float | None) -> str:
    """As Vietnamese writes it: 12.345 and 2,5; what is not known is left blank."""
    return "" if value is None else number_text(value)


def value(figure: dict[str, Any]) -> str:
    return number(figure["value"])


def local_time(at: datetime | str | None) -> str:
    if at is None:
        return ""
    local = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(HANOI)
    return f"{local:%H:%M %d/%m/%Y}"


def local_day(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}"
