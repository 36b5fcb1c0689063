"""DAG-CBOR, CIDs and TIDs, written from the specifications of the AT Protocol."""

import base64
import hashlib
import struct
from datetime import datetime
from threading import Lock
from typing import Any

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_DAG_CBOR, _RAW = 0x71, 0x55


class NotData(ValueError):
    """Not part of the protocol's data model."""


def record_cid(record: dict[str, Any]) -> str:
    return _cid(_DAG_CBOR, encode(record))


def blob_cid(data: bytes) -> str:
    return _cid(_RAW, data)


def digest_of(cid: str) -> bytes:
    """The SHA-256 a CID carries: of the bytes themselves, where it names a blob."""
    return base64.b32decode(_padded(cid[1:].upper()))[-32:]


def _cid(codec: int, data: bytes) -> str:
    binary = bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")


def encode(value: Any) -> bytes:
    """Canonical: shortest heads, keys of maps by length and then by bytes; there are no floats."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case str():
            data = value.encode("utf-8", "strict")
            return _head(3, len(data)) + data
        case list():
            return _head(4, len(value)) + b"".join(encode(item) for item in value)
        case {"$link": str(cid), **rest} if not rest:
            binary = b"\x00" + base64.b32decode(_padded(cid[1:].upper()))
            return b"\xd8\x2a" + _head(2, len(binary)) + binary
        case {"$bytes": str(written), **rest} if not rest:
            binary = base64.b64decode(written + "=" * (-len(written) % 4))
            return _head(2, len(binary)) + binary
        case dict():
            pairs = sorted((str(key).encode(), encode(item)) for key, item in value.items())
            pairs.sort(key=lambda pair: (len(pair[0]), pair[0]))
            return _head(5, len(pairs)) + b"".join(_head(3, len(key)) + key + item for key, item in pairs)
        case _:
            raise NotData(f"{type(value).__name__} is not in the data model")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)


def _head(major: int, size: int) -> bytes:
    kind = major << 5
    if size < 24:
        return bytes([kind | size])
    for code, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if size < limit:
            return bytes([kind | code]) + struct.pack(form, size)
    raise NotData("integers have 64 bits at most")


class TidClock:
    """Identifiers that only grow, whatever the clock does."""

    def __init__(self) -> None:
        self._lock, self._last = Lock(), 0

    def next(self, now: datetime) -> str:
        with self._lock:
            micros = max(int(now.timestamp() * 1_000_000), self._last + 1)
            self._last = micros
        value = micros << 10
        return "".join(_ALPHABET[value >> shift & 31] for shift in range(60, -1, -5))
