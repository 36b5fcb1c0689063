"""The files of the offline verbs: `-` is standard input or output, `.xz` is read and written as it is."""

import lzma
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def open_rows(path: str) -> Iterator[IO[str]]:
    """A text file to read rows from."""
    if path == "-":
        yield sys.stdin
    elif path.endswith(".xz"):
        with lzma.open(path, "rt", encoding="utf-8") as packed:
            yield packed
    else:
        with open(path, encoding="utf-8") as plain:
            yield plain


@contextmanager
def open_output(path: str) -> Iterator[IO[str]]:
    """A text file to write rows to."""
    if path == "-":
        yield sys.stdout
        sys.stdout.flush()
    elif path.endswith(".xz"):
        with lzma.open(path, "wt", encoding="utf-8") as packed:
            yield packed
    else:
        with open(path, "w", encoding="utf-8") as plain:
            yield plain
