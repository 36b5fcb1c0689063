"""`lantoa feeds parse` and `lantoa content extract`: the parsers of the service on files."""

import json
import lzma
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from libs.common.cli.files import open_output
from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable
from services.ingest.catalogue import cli as catalogue_cli
from services.ingest.documents import Document, NoDocuments, read_documents, write_row
from services.ingest.imports import cli as imports_cli
from services.ingest.templates import Extractor

DataOption = Annotated[str, typer.Option("--data", help="Thư mục, tệp, .tar(.xz) hoặc - (folder, file, tar or -)")]
OutOption = Annotated[str, typer.Option("--out", help="Tệp kết quả .jsonl(.xz) hoặc - (output file or -)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Tóm tắt dạng JSON (summary as JSON)")]


class ReadRow(NamedTuple):
    """One row to write, and whether its file could be read."""

    row: dict[str, Any]
    ok: bool
    crashed: bool = False


def register(app: typer.Typer) -> None:
    """Add the verbs of intake to the `lantoa` command."""
    _group(app, "feeds", "Nguồn tin (feeds)").command("parse")(parse_feeds)
    _group(app, "content", "Nội dung (content)").command("extract")(extract_content)
    imports_cli.register(_group(app, "imports", "Nhập tệp (imports)"))
    catalogue_cli.register(_group(app, "sources", "Danh mục nguồn tin (sources)"))


def _group(app: typer.Typer, name: str, text: str) -> typer.Typer:
    """The sub-command of that name; another service may have made it already."""
    for known in app.registered_groups:
        if known.name == name and known.typer_instance is not None:
            return known.typer_instance
    group = typer.Typer(help=text, no_args_is_help=True)
    app.add_typer(group, name=name)
    return group


def parse_feeds(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Đọc các tệp nguồn tin thành mục tin (parse feed files to entries)."""
    _run("Đọc nguồn tin", data, out, as_json, feed_row)


def extract_content(data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Trích nội dung bài viết từ các tệp HTML (extract articles from HTML files)."""
    _run("Trích nội dung", data, out, as_json, partial(article_row, Extractor()))


def feed_row(document: Document) -> ReadRow:
    """A feed file as its row; a file that cannot be used says why."""
    try:
        parsed = SOURCE_KINDS.get("feed").parse(document.data)
    except NotParsable as error:
        return ReadRow({"file": document.name, "ok": False, "error": str(error), "entries": []}, False)
    entries = [_entry_row(entry) for entry in parsed.entries]
    return ReadRow({"file": document.name, "ok": True, "error": parsed.warning, "entries": entries}, True)


def _entry_row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "link": entry.link,
        "published_at": _iso(entry.published_at),
        "summary": entry.summary,
    }


def article_row(extractor: Extractor, document: Document) -> ReadRow:
    """An HTML file as its row; a page without an article has an empty text. Sites are told by their own addresses."""
    article = extractor.extract(document.data)
    row = {
        "file": document.name,
        "title": article.title,
        "text": article.text,
        "published_at": _iso(article.published_at),
    }
    return ReadRow(row, bool(article.text))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _run(label: str, data: str, out: str, as_json: bool, read: Callable[[Document], ReadRow]) -> None:
    tally, began = Tally(), time.monotonic()
    try:
        with open_output(out) as target, _progress(label) as step:
            for document in read_documents(data):
                found = _read_safely(read, document)
                write_row(target, found.row)
                tally.add(found)
                step(f"{tally.files - tally.failed} đọc được, {tally.failed} lỗi")
    except (NoDocuments, tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        typer.echo(f"Lỗi (error): {error}", err=True)
        raise typer.Exit(2) from error
    _summarise(label, tally, time.monotonic() - began, out, as_json)
    raise typer.Exit(1 if tally.failed else 0)


@dataclass
class Tally:
    """What a run came to. A crash is a failure that is ours: no file should be able to cause one."""

    files: int = 0
    failed: int = 0
    crashed: int = 0
    entries: int = 0

    def add(self, found: ReadRow) -> None:
        self.files += 1
        self.failed += not found.ok
        self.crashed += found.crashed
        self.entries += len(found.row["entries"]) if "entries" in found.row else found.ok


def _read_safely(read: Callable[[Document], ReadRow], document: Document) -> ReadRow:
    try:
        return read(document)
    except Exception as error:  # one file must not take the rest of a long run down
        row = {"file": document.name, "ok": False, "error": f"Lỗi của chương trình ({type(error).__name__})"}
        return ReadRow(row, False, crashed=True)


def _summarise(label: str, tally: Tally, seconds: float, out: str, as_json: bool) -> None:
    summary = {
        "files": tally.files,
        "parsed": tally.files - tally.failed,
        "failed": tally.failed,
        "crashed": tally.crashed,
        "entries": tally.entries,
        "seconds": round(seconds, 3),
        "entries_per_second": round(tally.entries / seconds, 1) if seconds else None,
        "out": out,
    }
    line = (
        f"{label}: {tally.files} tệp, {summary['parsed']} đọc được, {tally.failed} lỗi, {tally.entries} mục "
        f"trong {seconds:.1f} giây → {out}"
    )
    # With rows on stdout, the summary must not mix into them.
    typer.echo(json.dumps(summary, ensure_ascii=False) if as_json else line, err=out == "-" or not as_json)


@contextmanager
def _progress(label: str) -> Iterator[Callable[[str], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda note: bar.update(task, advance=1, description=f"{label}: {note}")
