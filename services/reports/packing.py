"""ZIPs that leave the house: with a manifest of hashes, and the same bytes for the same files."""

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO

MANIFEST = "SHA256SUMS"
STAMP = (1980, 1, 1, 0, 0, 0)
"""The oldest that a ZIP can say: the hour of packing would make each copy another."""
_PIECE = 1 << 20
_LARGE = 1 << 31
"""Bytes from which on a ZIP must keep sizes in its wider form, and we say so before we write."""


def pack(target: IO[bytes], files: Mapping[str, bytes | Path]) -> None:
    """A ZIP of these files by name, with a manifest that `sha256sum -c` reads. Stored, not deflated: no library's taste
    is in the bytes. A file given by its path is never whole in memory."""
    sums = "".join(f"{_digest(content)}  {name}\n" for name, content in sorted(files.items()))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for name, content in [*sorted(files.items()), (MANIFEST, sums.encode())]:
            entry = zipfile.ZipInfo(name, STAMP)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            with _open(content) as source, made.open(entry, "w", force_zip64=_size(content) >= _LARGE) as to:
                shutil.copyfileobj(source, to, _PIECE)


def _open(content: bytes | Path) -> BufferedReader | BytesIO:
    return content.open("rb") if isinstance(content, Path) else BytesIO(content)


def _size(content: bytes | Path) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _digest(content: bytes | Path) -> str:
    with _open(content) as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
