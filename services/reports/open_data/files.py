"""A data set as files. The same rows give the same bytes.

CSV is RFC 4180 in UTF-8 with a byte order mark: without it, Excel on Windows opens Vietnamese as broken letters, and
every reader that follows a standard skips it. What a spreadsheet would take for a formula has an apostrophe before it;
JSON has the words as they are.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from libs.common.web import Site
from services.reports.domain import iso
from services.reports.open_data.datasets import Column, Dataset, Row

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet reads as the beginning of a formula, or as a way to one (OWASP, CSV injection)."""


def csv_file(dataset: Dataset, rows: Sequence[Row]) -> bytes:
    """A blank cell is what is not known, or held back; see the dictionary."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([column.name for column in dataset.columns])
    writer.writerows([[_cell(row[column.name]) for column in dataset.columns] for row in rows])
    return (BOM + text.getvalue()).encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if value.startswith(FORMULA) else value
        case _:
            return str(value)


def json_file(dataset: Dataset, rows: Sequence[Row], site: Site, day: date, as_of: datetime) -> bytes:
    told = {
        "dataset": dataset.code,
        "version": day.isoformat(),
        "as_of": iso(as_of),
        "title": dataset.title,
        "title_en": dataset.title_en,
        "about": dataset.about,
        "publisher": site.publisher,
        "licence": site.licence_url,
        "columns": [dictionary(column) for column in dataset.columns],
        "rows": [{column.name: row[column.name] for column in dataset.columns} for row in rows],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def dictionary(column: Column) -> Mapping[str, str]:
    """What the dictionary says of a column; nothing where there is nothing to say."""
    return {name: value for name, value in column.__dict__.items() if value is not None}
