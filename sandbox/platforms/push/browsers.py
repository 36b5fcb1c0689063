"""The browsers: their keys, what waits for them at the push service, and the opening of what comes (RFC 8188, 8291)."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.platforms.push import rules

SALT, KEY_ID, LAST = rules.RECORD
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Unreadable(ValueError):
    """No message for this browser: it drops it, and nobody hears of that."""


def written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class Message:
    """What waits at the push service."""

    id: str
    body: bytes = field(repr=False)
    topic: str | None
    urgency: str
    until: datetime


@dataclass
class Browser:
    """`status`: active, expired (410) or unknown (404); `server_key`: with which it subscribed, written."""

    handle: str
    secret: str = field(repr=False)
    status: str = "active"
    is_online: bool = True
    server_key: str | None = None
    waiting: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        seed = hashlib.sha512(rules.FIXED_KEYS + self.secret.encode()).digest()
        self._key = ec.derive_private_key(int.from_bytes(seed[:48], "big") % (_ORDER - 1) + 1, ec.SECP256R1())
        self.auth = seed[48:64]

    @property
    def public(self) -> bytes:
        shape = serialization.PublicFormat.UncompressedPoint
        return self._key.public_key().public_bytes(serialization.Encoding.X962, shape)

    def keep(self, message: Message) -> None:
        """A message of the same topic that still waits is replaced."""
        same = [one for one in self.waiting if message.topic is not None and one.topic == message.topic]
        self.waiting = [one for one in self.waiting if one not in same] + [message]

    def open(self, body: bytes) -> dict[str, Any]:
        """The notification that a message asks for; raises Unreadable."""
        try:
            told = json.loads(self._decrypted(body))
            shown = told["notification"]
            if told["web_push"] != rules.DECLARATIVE or not shown["title"] or not shown["navigate"]:
                raise Unreadable("not a declarative message")
        except (InvalidTag, ValueError, KeyError, TypeError) as error:
            raise Unreadable(type(error).__name__) from None
        return dict(shown)

    def _decrypted(self, body: bytes) -> bytes:
        salt, size, length = body[:SALT], int.from_bytes(body[SALT : SALT + 4], "big"), body[SALT + 4]
        sender, sealed = body[SALT + 5 : SALT + 5 + length], body[SALT + 5 + length :]
        if length != KEY_ID or len(sealed) > size:
            raise Unreadable("more than one record, or no public key")
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._key.exchange(ec.ECDH(), theirs)
        mixed = _hkdf(self.auth, shared, b"WebPush: info\x00" + self.public + sender, 32)
        key = _hkdf(salt, mixed, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, mixed, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        if not padded or padded[-1] != LAST:
            raise Unreadable("no last record")
        return padded[:-1]


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, for one block."""
    mixed = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(mixed, info + b"\x01", hashlib.sha256).digest()[:length]
