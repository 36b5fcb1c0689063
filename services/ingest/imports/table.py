"""A file to its judged rows, as one task that a parser's process can take."""

from dataclasses import dataclass
from datetime import datetime

from services.ingest.imports.mapping import Layout, Mapping, layout_of
from services.ingest.imports.problems import FileNotReadable
from services.ingest.imports.reading import read_sheet
from services.ingest.imports.rules import BadRow, ImportedRow, judge_row


@dataclass(frozen=True, slots=True)
class Table:
    """`problem`: why there are no rows, Vietnamese."""

    form: str = ""
    layout: Layout | None = None
    rows: tuple[ImportedRow | BadRow, ...] = ()
    problem: str | None = None


def read_table(data: bytes, mapping: Mapping, now: datetime) -> Table:
    try:
        sheet = read_sheet(data)
        layout = layout_of(mapping, sheet.header)
    except FileNotReadable as error:
        return Table(problem=error.detail)
    return Table(sheet.form, layout, tuple(judge_row(number, row, layout, mapping, now) for number, row in sheet.rows))
