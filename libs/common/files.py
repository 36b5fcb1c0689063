"""The file store: content-addressed media and reports, and named pages; every write is fsync, then rename."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PIECE = 1 << 20
"""Bytes that are written at once: what a large file costs in memory, however large it is."""


@dataclass(frozen=True)
class Stored:
    """What was stored: its key, the SHA-256 of its bytes (hex) and how many there are."""

    key: str
    sha256: str
    size: int


class FileStore:
    """Files under one root; no key or name can lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, suffix: str = "") -> str:
        """Store by content; returns the key, e.g. `objects/ab/abcd….md`. Storing twice is harmless."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"objects/{digest[:2]}/{digest}{suffix}"
        if not self.path(key).exists():
            self.write(key, data)
        return key

    async def put_stream(self, chunks: AsyncIterable[bytes], suffix: str = "") -> Stored:
        """`put` for what is too large for memory: hashed while it is written.

        A stream that breaks off leaves nothing behind.
        """
        hashed, size = hashlib.sha256(), 0
        with self._draft() as file:
            async for piece in _in_pieces(chunks):
                hashed.update(piece)
                size += len(piece)
                await asyncio.to_thread(file.write, piece)
            digest = hashed.hexdigest()
            key = f"objects/{digest[:2]}/{digest}{suffix}"
            await asyncio.to_thread(_settle, file, self.path(key))
        return Stored(key, digest, size)

    @contextmanager
    def _draft(self) -> Iterator[IO[bytes]]:
        """A file that is not there under any name that is looked for, and is gone where it was not moved to one."""
        folder = self.path("objects")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                yield file
            finally:
                Path(file.name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError("a file name may not lead out of the store")
        return path

    def write(self, name: str, data: bytes) -> None:
        """Replace a named file atomically: a reader sees the old one or the new one, whole."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            draft = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                draft.chmod(0o644)
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise

    def read(self, name: str) -> bytes | None:
        """The bytes, or None if there is no such file."""
        try:
            return self.path(name).read_bytes()
        except (FileNotFoundError, IsADirectoryError, ValueError):
            return None

    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)


async def _in_pieces(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, in pieces large enough to be worth a thread."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _settle(file: IO[bytes], path: Path) -> None:
    """On disk first, then under its name."""
    draft = Path(file.name)
    file.flush()
    os.fsync(file.fileno())
    draft.chmod(0o644)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(path)
