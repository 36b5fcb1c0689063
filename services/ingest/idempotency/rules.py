"""What makes two requests the same one. Pure.

The header is that of draft-ietf-httpapi-idempotency-key-header-07: a String of RFC 9651 (`"8e03978e-…"`); a bare token
is taken too, as most clients send it.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.ingest.idempotency.problems import InvalidIdempotencyKey

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
"""How long an answer can be had again; after that the key is as new."""

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"')
_BARE = re.compile(r"[!#-+\--:<-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that names a key: SHA-256 of who calls, which door and the key; SHA-256 of the body."""

    key_hash: bytes
    body_hash: bytes

    @property
    def lock(self) -> int:
        """The key as a signed 64-bit number, for a lock of the database."""
        return int.from_bytes(self.key_hash[:8], "big", signed=True)


def call_of(header: str | None, *, caller: UUID, door: str, body: bytes) -> Call | None:
    """The request by its header; None where it names no key. Raises InvalidIdempotencyKey."""
    if header is None:
        return None
    digest = hashlib.sha256()
    for part in (caller.bytes, door.encode(), key_of(header).encode()):
        digest.update(len(part).to_bytes(4, "big") + part)
    return Call(digest.digest(), hashlib.sha256(body).digest())


def key_of(header: str) -> str:
    """The key that a header names: 1 to 255 printable ASCII characters. Raises InvalidIdempotencyKey."""
    told = header.strip()
    if quoted := _QUOTED.fullmatch(told):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if _BARE.fullmatch(told):
        return told
    raise InvalidIdempotencyKey(
        f"{HEADER} phải là một chuỗi 1 đến 255 ký tự ASCII in được, nên đặt trong dấu nháy kép."
    )
