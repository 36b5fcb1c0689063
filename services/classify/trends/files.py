"""Series in CSV files: a header with `timestamp` and `value`, any other columns are ignored."""

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple


class BadSeries(ValueError):
    """A row or a header that is not what the contract says; the message names the line."""


class SeriesRow(NamedTuple):
    """`stamp` and `written` are as they stood in the file; an empty or NaN value is a missing one."""

    at: datetime
    value: float | None
    stamp: str
    written: str


def read_series(lines: Iterable[str]) -> Iterator[SeriesRow]:
    """The rows in the order of the file, one at a time."""
    rows = csv.reader(line.replace("\0", "") for line in lines)
    header = next(rows, None)
    if header is None:
        raise BadSeries("tệp trống, cần dòng đầu “timestamp,value” (empty file, a header is needed)")
    stamp_at, value_at = _columns(header)
    is_aware: bool | None = None
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        read = _row(row, stamp_at, value_at, rows.line_num)
        if is_aware is not None and is_aware != (read.at.tzinfo is not None):
            raise BadSeries(f"dòng {rows.line_num}: có nơi ghi múi giờ, có nơi không (time zones are mixed)")
        is_aware = read.at.tzinfo is not None
        yield read


def _columns(header: list[str]) -> tuple[int, int]:
    names = [name.strip().lstrip("\ufeff").lower() for name in header]
    missing = [name for name in ("timestamp", "value") if name not in names]
    if missing:
        raise BadSeries(f"dòng đầu thiếu cột {', '.join(missing)} (the header lacks them); có: {', '.join(names)}")
    return names.index("timestamp"), names.index("value")


def _row(row: list[str], stamp_at: int, value_at: int, line: int) -> SeriesRow:
    if len(row) <= max(stamp_at, value_at):
        raise BadSeries(f"dòng {line}: thiếu cột (too few columns)")
    stamp, written = row[stamp_at].strip(), row[value_at].strip()
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise BadSeries(f"dòng {line}: “{stamp}” không phải thời điểm ISO 8601 (not a time)") from error
    return SeriesRow(at, _value(written, line), stamp, written)


def _value(written: str, line: int) -> float | None:
    if written.lower() in ("", "nan", "null", "none"):
        return None
    try:
        value = float(written)
    except ValueError as error:
        raise BadSeries(f"dòng {line}: “{written}” không phải số (not a number)") from error
    if math.isinf(value):
        raise BadSeries(f"dòng {line}: giá trị vô hạn (an infinite value)")
    return value
