"""Files of a directory or an archive, read into memory within a limit. Nothing is ever unpacked to disk."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from sandbox.newsstand.errors import NewsstandError

MAX_FILES = 50_000
_HEADERS = 8 * 1024**2
_ARCHIVES = (".tar", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".zip")
_UNPACKERS: Mapping[str, Callable[[Path], Any]] = {
    ".xz": lzma.open, ".txz": lzma.open, ".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".tbz2": bz2.open,
}  # fmt: skip
_DAMAGED = (OSError, EOFError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, RuntimeError, ValueError)

File = tuple[str, bytes]


class Budget:
    """How much may still be read: bombs and endless trees end here."""

    def __init__(self, limit: int) -> None:
        self.limit, self.left, self.files = limit, limit, MAX_FILES

    def read(self, stream: IO[bytes], name: str) -> bytes:
        data = stream.read(self.left + 1)
        self.left -= len(data)
        self.count(name)
        return data

    def count(self, name: str) -> None:
        self.files -= 1
        if self.left < 0 or self.files < 0:
            raise self.spent(name)

    def spent(self, name: str) -> NewsstandError:
        return NewsstandError(
            f"{name}: dữ liệu vượt quá {self.limit // 1024**2} MB hoặc {MAX_FILES} tệp.",
            f"{name}: more than {self.limit // 1024**2} MB or {MAX_FILES} files.",
        )


class _Unpacked:
    """An unpacked tar up to a limit: its headers may be bombs too, and no member's size shows them."""

    def __init__(self, stream: IO[bytes], name: str, budget: Budget) -> None:
        self._stream, self._name, self._budget = stream, name, budget
        self._left = budget.left + min(budget.left + _HEADERS, MAX_FILES * 4 * tarfile.BLOCKSIZE)

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise self._budget.spent(self._name)
        return data


def read_files(path: Path, limit: int) -> Iterator[File]:
    """Every file below a directory or inside an archive, archives inside a directory included, by name."""
    budget = Budget(limit)
    if not path.exists():
        raise NewsstandError(f"Không có thư mục hay tệp {path}.", f"There is no {path}.")
    if path.is_file():
        yield from _opened(path.name, path, budget)
        return
    if not os.access(path, os.R_OK | os.X_OK):
        raise NewsstandError(f"Không được phép đọc {path}.", f"{path} may not be read.")
    root = path.resolve()
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.resolve().is_relative_to(root):  # a link that leads out is not followed
            yield from _opened(file.relative_to(path).as_posix(), file, budget)


def _opened(name: str, path: Path, budget: Budget) -> Iterator[File]:
    try:
        if path.name.lower().endswith(_ARCHIVES):
            yield from _members(name, path, budget)
        elif unpacker := _UNPACKERS.get(path.suffix.lower()):
            with unpacker(path) as stream:
                yield name.rpartition(".")[0], budget.read(stream, name)
        else:
            with path.open("rb") as stream:
                yield name, budget.read(stream, name)
    except PermissionError as error:
        raise NewsstandError(f"Không được phép đọc {path}.", f"{path} may not be read.") from error
    except _DAMAGED as error:
        raise NewsstandError(f"{path} bị hỏng: {error}", f"{path} is damaged: {error}") from error


def _members(name: str, path: Path, budget: Budget) -> Iterator[File]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as stream:
                        yield f"{name}/{entry.filename}", budget.read(stream, name)
        return
    unpacker = _UNPACKERS.get(path.suffix.lower())
    with unpacker(path) if unpacker else path.open("rb") as stream:
        yield from _tar_members(name, _Unpacked(stream, name, budget), budget)


def _tar_members(name: str, stream: _Unpacked, budget: Budget) -> Iterator[File]:
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as tar:
        for member in tar:
            inside = tar.extractfile(member) if member.isreg() else None
            if inside is None:
                budget.count(name)
            else:
                yield f"{name}/{member.name}", budget.read(inside, name)


def lines_of(path: Path, limit: int) -> Iterator[tuple[int, bytes]]:
    """The numbered lines of a text file, plain, .xz or .gz."""
    for _, data in read_files(path, limit):
        yield from enumerate(io.BytesIO(data), 1)
