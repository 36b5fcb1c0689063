"""Labelled rows of a file: `{id, text, label}`, checked line by line."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libs.common.cli.files import open_rows
from libs.common.cli.rows import BadRow, Record, numbered_rows

MOST_LABELS = 1000
Written = str | int | bool


@dataclass(frozen=True)
class Examples:
    texts: list[str]
    labels: list[str]
    about: dict[str, Any]
    """What the card says of the file."""
    written: dict[str, Written]
    """Each label as the file writes it: 1 stays a number in answers."""

    def __len__(self) -> int:
        return len(self.texts)


def read_examples(path: str, column: str, step: Callable[[int], None]) -> Examples:
    """The rows of a file; `BadRow` names the line that is not as it must be."""
    texts: list[str] = []
    labels: list[str] = []
    written: dict[str, Written] = {}
    seen = hashlib.sha256()
    with open_rows(path) as lines:
        for number, row in numbered_rows(lines):
            text, label = _text(row, number), _label(row, column, number)
            texts.append(text)
            labels.append(str(label))
            written.setdefault(str(label), label)
            seen.update(f"{text}\x1e{label}\x1e".encode(errors="surrogatepass"))
            if number % 500 == 0:
                step(500)
    if len(written) > MOST_LABELS:
        raise BadRow(f"{path}: quá {MOST_LABELS} nhãn khác nhau (too many different labels)")
    about = {"file": path.rsplit("/", 1)[-1], "sha256": seen.hexdigest(), "rows": len(texts), "label": column}
    return Examples(texts, labels, about, written)


def _text(row: Record, number: int) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise BadRow(f"dòng {number}: cần chuỗi “text” (a string is needed)")
    return text


def _label(row: Record, column: str, number: int) -> Written:
    label = row.get(column)
    if isinstance(label, str | bool | int) and label != "":
        return label
    raise BadRow(
        f"dòng {number}: cần nhãn “{column}”, chuỗi hoặc số nguyên (a label is needed, a string or a whole number)"
    )
