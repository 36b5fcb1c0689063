"""Verbs that read rows and write rows: one JSON object a line, `.xz` and `-` wherever a file is."""

import json
import lzma
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.common.cli.files import open_output, open_rows

Record = dict[str, Any]
Answer = Callable[[list[Record]], list[Record]]
DataOption = Annotated[str, typer.Option("--data", help="Tệp .jsonl(.xz) hoặc - (JSON Lines or -)")]
OutOption = Annotated[str, typer.Option("--out", help="Tệp kết quả .jsonl(.xz) hoặc - (output file or -)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Tóm tắt dạng JSON (summary as JSON)")]

BATCH = 200


class BadRow(ValueError):
    """A row that is not what the verb's contract says."""


def read_rows(lines: IO[str]) -> Iterator[Record]:
    """The objects of a file, each of which has an id."""
    for _, row in numbered_rows(lines):
        yield row


def numbered_rows(lines: IO[str]) -> Iterator[tuple[int, Record]]:
    """The objects of a file with the numbers of their lines."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise BadRow(f"dòng {number} không phải JSON (not JSON)") from error
        if not isinstance(row, dict) or "id" not in row:
            raise BadRow(f"dòng {number} cần một đối tượng có “id” (an object with an id)")
        yield number, row


def text_of(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A string of a row; what is missing is the default, or refused."""
    value = row.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRow(f"dòng {row.get('id')!r}: cần chuỗi “{name}” (a string is needed)")
    return value


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a file is said in one line, and ends the command with 2."""
    try:
        yield
    except (BadRow, lzma.LZMAError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"Lỗi (error): {error}", err=True)
        raise typer.Exit(2) from error


def answer_rows(label: str, data: str, out: str, as_json: bool, answer: Answer) -> None:
    """Read rows, answer them batch by batch, write the answers, and tell how many."""
    count = 0
    with told(), open_rows(data) as source, open_output(out) as target, progress(label) as step:
        rows = read_rows(source)
        while batch := list(islice(rows, BATCH)):
            for row in answer(batch):
                target.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += len(batch)
            step(len(batch))
    summary = json.dumps({"rows": count, "out": out}, ensure_ascii=False)
    # With rows on stdout, the summary must not mix into them.
    typer.echo(summary if as_json else f"{label}: {count} dòng → {out}", err=out == "-" or not as_json)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int], None]]:
    """A line on stderr that grows with the rows done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done: bar.update(task, advance=done)
