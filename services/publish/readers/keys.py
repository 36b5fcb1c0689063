"""What is derived from the readers' key: the HMAC an address is found by, and tokens that name a subscription.

A token is the MAC of its purpose, the id and (for `confirm`) an end, and then those, in base32: letters that stand in
an address of the web and of mail alike. It is checked in constant time, and serves for its own purpose alone.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import SecretStr

Purpose = Literal["unsubscribe", "return"]
CONFIRM_WITHIN = timedelta(hours=48)
MAC = 10
"""Bytes: 80 bits, guessed online, with the id before them."""
MOST = 60
"""Characters of the longest token."""


@dataclass(frozen=True)
class ReadersKeys:
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: SecretStr) -> "ReadersKeys":
        raw = secret.get_secret_value().encode()
        return cls(hashlib.blake2b(raw, digest_size=32, person=b"lantoa-readers").digest())

    # --- addresses ---

    def hash_of(self, address: str) -> bytes:
        """Of the mailbox: letters of either case are one."""
        return self._mac(b"address", normal(address).encode(), 32)

    def domain_hash_of(self, address: str) -> bytes:
        return self._mac(b"domain", normal(address).rpartition("@")[2].encode(), 16)

    # --- tokens ---

    def confirm_token(self, subscription_id: UUID, now: datetime) -> str:
        """Serves once within 48 hours of `now`; afterwards the reader asks again."""
        end = int((now + CONFIRM_WITHIN).timestamp()).to_bytes(5, "big")
        return _written(self._mac(b"confirm", subscription_id.bytes + end, MAC) + subscription_id.bytes + end)

    def confirmed(self, token: str, now: datetime) -> UUID | None:
        read = _read(token, MAC + 21)
        if read is None or not hmac.compare_digest(self._mac(b"confirm", read[MAC:], MAC), read[:MAC]):
            return None
        end = datetime.fromtimestamp(int.from_bytes(read[-5:], "big"), UTC)
        return UUID(bytes=read[MAC:-5]) if now < end else None

    def token(self, purpose: Purpose, about: UUID) -> str:
        """`unsubscribe` names a subscription, `return` a letter; neither ends."""
        return _written(self._mac(purpose.encode(), about.bytes, MAC) + about.bytes)

    def told_by(self, purpose: Purpose, token: str) -> UUID | None:
        read = _read(token, MAC + 16)
        if read is None or not hmac.compare_digest(self._mac(purpose.encode(), read[MAC:], MAC), read[:MAC]):
            return None
        return UUID(bytes=read[MAC:])

    def _mac(self, purpose: bytes, told: bytes, size: int) -> bytes:
        return hmac.new(self.key, purpose + b"\0" + told, hashlib.sha256).digest()[:size]


def normal(address: str) -> str:
    """As it is compared: the local part too, which in practice no provider tells apart by case."""
    return address.strip().lower()


def _written(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _read(token: str, size: int) -> bytes | None:
    if not token.isascii() or len(token) > MOST:
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == size and _written(raw) == token.lower() else None
