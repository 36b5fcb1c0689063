"""`lantoa content annotate`, `lantoa stories cluster`, `lantoa claims match`: the rules of the service on files."""

import json
import lzma
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.common.cli.files import open_output, open_rows
from libs.common.cli.main import group
from libs.common.clock import HANOI
from libs.common.units import load_gazetteer
from services.classify import adapters  # noqa: F401  (registers the models)
from services.classify.adapters.base import CLASSIFIERS, Document, Labels
from services.classify.claims import ClaimBook
from services.classify.domain import guard
from services.classify.places import Gazetteer
from services.classify.service.annotating import mentions_of
from services.classify.stories import Item, StoryIndex
from services.classify.text.language import identify
from services.classify.trends import cli as trends

Record = dict[str, Any]
Answer = Callable[[list[Record]], list[Record]]
DataOption = Annotated[str, typer.Option("--data", help="Tệp .jsonl(.xz) hoặc - (JSON Lines or -)")]
OutOption = Annotated[str, typer.Option("--out", help="Tệp kết quả .jsonl(.xz) hoặc - (output file or -)")]
ClaimsOption = Annotated[str, typer.Option("--claims", help="Các tuyên bố {id,text,verdict} (claims)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Tóm tắt dạng JSON (summary as JSON)")]

BATCH = 200


class BadRow(ValueError):
    """A row that is not what the verb's contract says."""


def register(app: typer.Typer) -> None:
    """Add the verbs of classification to the `lantoa` command."""
    group(app, "content").command("annotate")(annotate_content)
    group(app, "stories").command("cluster")(cluster_stories)
    group(app, "claims").command("match")(match_claims)
    trends.register(app)


def annotate_content(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gán lĩnh vực, sắc thái, loại, rủi ro và địa danh cho từng văn bản (label texts)."""
    classifier, gazetteer = CLASSIFIERS.get("lexicon")(), Gazetteer(load_gazetteer())

    def answer(rows: list[Record]) -> list[Record]:
        documents = [Document(_text(row, "title", ""), _text(row, "text")) for row in rows]
        found = zip(rows, documents, classifier.annotate(documents), strict=True)
        return [annotation_row(row["id"], doc, labels, gazetteer) for row, doc, labels in found]

    _run("Phân loại", data, out, as_json, answer)


def annotation_row(row_id: Any, document: Document, labels: Labels, gazetteer: Gazetteer) -> Record:
    return {
        "id": row_id,
        "field": labels.field,
        "field_score": labels.field_score,
        "tone": labels.tone,
        "tone_score": labels.tone_score,
        "risk": list(guard(labels.kind, labels.risk).risk),
        "places": list(gazetteer.find(document.title, document.text)),
        "kind": labels.kind,
        "kind_score": labels.kind_score,
        "toxicity": labels.toxicity,
        "abstained": list(labels.abstained),
        "language": identify(f"{document.title}. {document.text}").code,
        "mentions": mentions_of(document),
    }


def cluster_stories(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gom tin về cùng một việc thành câu chuyện, một lượt theo thời gian (one pass, in time order)."""
    index = StoryIndex()

    def answer(rows: list[Record]) -> list[Record]:
        return [{"id": row["id"], "story_id": index.assign(_item(row)).story_id} for row in rows]

    _run("Gom câu chuyện", data, out, as_json, answer)


def match_claims(claims: ClaimsOption, data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gợi ý tuyên bố đã kiểm chứng mà mỗi văn bản có thể nhắc lại (suggest claims a text may repeat)."""
    with _told(), open_rows(claims) as rows:
        book = ClaimBook({row["id"]: _text(row, "text") for row in _read(rows)})

    def answer(rows: list[Record]) -> list[Record]:
        found = ((row["id"], book.suggest(_text(row, "title", ""), _text(row, "text"))) for row in rows)
        return [
            {"id": row_id, "matches": [{"claim_id": one.claim_id, "score": one.score} for one in matches]}
            for row_id, matches in found
        ]

    _run("Đối chiếu tuyên bố", data, out, as_json, answer)


def _item(row: Record) -> Item:
    at = _instant(_text(row, "published_at"))
    return Item(str(row["id"]), _text(row, "title", ""), _text(row, "text", ""), at, at)


def _instant(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadRow(f"published_at không phải thời điểm ISO 8601 (not ISO 8601): {written!r}") from error
    return (at if at.tzinfo else at.replace(tzinfo=HANOI)).astimezone(UTC)


def _text(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRow(f"dòng {row.get('id')!r}: cần chuỗi “{name}” (a string is needed)")
    return value


def _read(lines: IO[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadRow(f"dòng {number} không phải JSON (not JSON)") from error
        if not isinstance(row, dict) or "id" not in row:
            raise BadRow(f"dòng {number} cần một đối tượng có “id” (an object with an id)")
        yield row


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file is said in one line, and ends the command with 2."""
    try:
        yield
    except (BadRow, lzma.LZMAError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"Lỗi (error): {error}", err=True)
        raise typer.Exit(2) from error


def _run(label: str, data: str, out: str, as_json: bool, answer: Answer) -> None:
    count = 0
    with _told(), open_rows(data) as source, open_output(out) as target, _progress(label) as step:
        rows = _read(source)
        while batch := list(islice(rows, BATCH)):
            for row in answer(batch):
                target.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += len(batch)
            step(len(batch))
    summary = json.dumps({"rows": count, "out": out}, ensure_ascii=False)
    # With rows on stdout, the summary must not mix into them.
    typer.echo(summary if as_json else f"{label}: {count} dòng → {out}", err=out == "-" or not as_json)


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done: bar.update(task, advance=done)
