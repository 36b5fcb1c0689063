"""A video read as it comes, piece by piece: its hash, its kind, its size and length; only its index is kept."""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Any

from sandbox.media_types import Sniffed, sniff

_MOST_KEPT = 16 << 20
_TO_THE_END = 1 << 62


@dataclass(slots=True)
class Film:
    """ISO media files (MP4, QuickTime) by their top-level boxes; anything else by its beginning."""

    size: int = 0
    _sha: Any = field(default_factory=hashlib.sha256)
    _head: bytes = b""
    _header: bytes = b""
    _name: bytes = b""
    _left: int = 0
    _kept: dict[bytes, bytearray] = field(default_factory=dict)
    _whole: set[bytes] = field(default_factory=set)

    @property
    def sha256(self) -> str:
        return str(self._sha.hexdigest())

    def feed(self, piece: bytes) -> None:
        self._sha.update(piece)
        self.size += len(piece)
        self._head += piece[: max(0, 64 - len(self._head))]
        while piece:
            piece = self._inside(piece) if self._left else self._between(piece)

    def seen(self) -> Sniffed | None:
        """What it is; None for what is no picture, sound or film at all."""
        if self._head[4:8] != b"ftyp":
            return sniff(self._head)
        parts = [_box(name, bytes(self._kept.get(name, b""))) for name in (b"ftyp", b"moov") if name in self._whole]
        has_film = b"mdat" in self._whole or (self._name == b"mdat" and self._left > _TO_THE_END >> 1)
        return sniff(b"".join(parts) + (_box(b"mdat", b"") if has_film else b""))

    def seconds(self) -> float | None:
        """Of the movie header, where there is one."""
        index = bytes(self._kept.get(b"moov", b""))
        at = index.find(b"mvhd")
        if at < 0 or len(index) < at + 36:
            return None
        long = index[at + 4] == 1
        scale, length = struct.unpack(">IQ" if long else ">II", index[at + (24 if long else 16) :][: 12 if long else 8])
        return length / scale if scale else None

    def _between(self, piece: bytes) -> bytes:
        need = 16 if self._header[:4] == b"\0\0\0\1" else 8
        taken = piece[: need - len(self._header)]
        self._header += taken
        if len(self._header) == need and not (need == 8 and self._header[:4] == b"\0\0\0\1"):
            self._open()
        return piece[len(taken) :]

    def _open(self) -> None:
        size, self._name = int.from_bytes(self._header[:4], "big"), self._header[4:8]
        size = int.from_bytes(self._header[8:16], "big") if size == 1 else size
        self._left = _TO_THE_END if size == 0 else max(size - len(self._header), 0)
        self._kept.setdefault(self._name, bytearray())
        self._header = b""
        if not self._left:
            self._whole.add(self._name)

    def _inside(self, piece: bytes) -> bytes:
        taken = piece[: self._left]
        if self._name in (b"ftyp", b"moov") and len(self._kept[self._name]) < _MOST_KEPT:
            self._kept[self._name] += taken
        self._left -= len(taken)
        if not self._left:
            self._whole.add(self._name)
        return piece[len(taken) :]


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body
