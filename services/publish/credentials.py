"""Secrets of channels, encrypted at rest (JWE, dir + A256GCM) and bound to their channel.

A copy of one channel's row does not open as another's, and nothing here ever prints what it holds.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

ALGORITHMS = ["dir", "A256GCM"]
MIN_KEY = 32


class CredentialsUnreadable(Exception):
    """The row was written with another key, for another channel, or changed since."""


class Vault:
    def __init__(self, key: SecretStr) -> None:
        secret = key.get_secret_value()
        if len(secret) < MIN_KEY:
            raise ValueError(f"the credentials key needs at least {MIN_KEY} characters")
        derived = hashlib.blake2b(secret.encode(), digest_size=32, person=b"lantoa-publish")
        self._key = OctKey.import_key(derived.digest())

    def seal(self, channel_id: UUID, secret: dict[str, Any]) -> bytes:
        header = {"alg": "dir", "enc": "A256GCM", "kid": str(channel_id)}
        plain = json.dumps(secret, ensure_ascii=False).encode()
        return jwe.encrypt_compact(header, plain, self._key, algorithms=ALGORITHMS).encode()

    def open(self, channel_id: UUID, sealed: bytes) -> dict[str, Any]:
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            raise CredentialsUnreadable(f"credentials of channel {channel_id}") from None
        if opened.protected.get("kid") != str(channel_id) or opened.plaintext is None:
            raise CredentialsUnreadable(f"credentials of channel {channel_id}")
        secret = json.loads(opened.plaintext)
        return dict(secret)
