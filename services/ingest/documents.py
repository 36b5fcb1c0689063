"""Files for the offline verbs: a folder, a tar of any compression, one file, or `-`; rows out as JSON lines."""

import io
import json
import lzma
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

_XZ = b"\xfd7zXZ\x00"
MAX_FILE = 64 * 1024 * 1024


class Document(NamedTuple):
    """One file: its name inside the folder or archive, and its bytes as they are."""

    name: str
    data: bytes


class NoDocuments(ValueError):
    """The given path is neither a folder nor an archive."""


def read_documents(path: str) -> Iterator[Document]:
    """Every regular file, in the order of an archive or sorted by name in a folder."""
    if path == "-":
        yield from _from_pipe(sys.stdin.buffer.read())
        return
    where = Path(path)
    if where.is_dir():
        for file in sorted(each for each in where.rglob("*") if each.is_file()):
            yield Document(file.relative_to(where).as_posix(), _bounded(file))
    elif where.is_file():
        yield from _archive(where)
    else:
        raise NoDocuments(f"Không có thư mục hay tệp {path} (no such folder or file)")


def _from_pipe(data: bytes) -> Iterator[Document]:
    """An archive, or one file as it is; a pipe has no name that would tell which."""
    if tarfile.is_tarfile(io.BytesIO(data)):
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            yield from _members(archive)
    else:
        yield Document("-", _unpacked(data) if data.startswith(_XZ) else data[:MAX_FILE])


def _archive(where: Path) -> Iterator[Document]:
    if not tarfile.is_tarfile(where):
        if where.suffix in (".tar", ".tgz") or ".tar" in where.suffixes[-2:]:
            raise NoDocuments(f"Không mở được tệp nén {where.name} (the archive cannot be opened)")
        yield Document(where.name, _bounded(where))
        return
    with tarfile.open(where, mode="r|*") as archive:
        yield from _members(archive)


def _members(archive: tarfile.TarFile) -> Iterator[Document]:
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        if content is not None:
            yield Document(member.name.removeprefix("./"), content.read(MAX_FILE))


def _bounded(file: Path) -> bytes:
    with file.open("rb") as plain:
        data = plain.read(MAX_FILE)
    return _unpacked(data) if file.suffix == ".xz" else data


def _unpacked(data: bytes) -> bytes:
    """Unpacked up to the limit; a file that is no whole xz stays as it is, for its reader to refuse."""
    try:
        return lzma.LZMADecompressor().decompress(data, MAX_FILE)
    except lzma.LZMAError:
        return data


def write_row(out: IO[str], row: Mapping[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
