"""Sealed rows: an envelope for each (JWE compact, RFC 7516, A256GCMKW + A256GCM), and the keys that wrap them.

Each row has a data key of its own, wrapped by the key of the environment; `kid` names that key, so that a new one can
take over while the old one still reads. A row is bound to whose it is by a protected header: a copy does not open as
another's. Nothing here ever prints what it holds.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter
from pydantic import SecretStr

from libs.common.settings import MIN_KEY

WRAP, CONTENT = "A256GCMKW", "A256GCM"


def derived(secret: str, purpose: bytes) -> bytes:
    """32 bytes of a secret for one purpose (BLAKE2b, RFC 7693): one secret serves several, and none tells another."""
    return hashlib.blake2b(secret.encode(), digest_size=32, person=purpose).digest()


def key_name(wrapping: bytes) -> str:
    """Names a wrapping key in a header, and tells nothing of it."""
    return hashlib.blake2b(wrapping, digest_size=6, person=b"lantoa-key-id").hexdigest()


def opened(sealed: bytes, key: OctKey, registry: JWERegistry) -> jwe.CompactEncryption | None:
    """None for what another key sealed, and for what was changed since."""
    try:
        return jwe.decrypt_compact(sealed, key, registry=registry)
    except (JoseError, ValueError):
        return None


def header_of(sealed: bytes) -> dict[str, Any]:
    """What the first part says, before anything is believed of it."""
    first = sealed.partition(b".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class RowUnreadable(Exception):
    """The row was sealed with a key that is not here any more, for another owner, or changed since."""


class RowVault:
    """Seals the rows of one table with the current key, opens them with it and with the old ones.

    bound_to: the protected header that holds the id of a row's owner. purpose: at most 16 bytes, the table's own.
    Raises ValueError for a key of fewer than 32 characters.
    """

    def __init__(self, bound_to: str, purpose: bytes, key: SecretStr, old: Sequence[SecretStr] = ()) -> None:
        told = {bound_to: HeaderParameter("id of whose row it is", "str")}
        self._bound_to, self._registry = bound_to, JWERegistry(header_registry=told, algorithms=[WRAP, CONTENT])
        self.key_id, self._current = _named(key, purpose)
        self._all = dict([*(_named(each, purpose) for each in old), (self.key_id, self._current)])

    def seal(self, owner_id: UUID, secret: Mapping[str, str]) -> bytes:
        header = {"alg": WRAP, "enc": CONTENT, "kid": self.key_id, self._bound_to: str(owner_id)}
        plain = json.dumps(secret, ensure_ascii=False).encode()
        return jwe.encrypt_compact(header, plain, self._current, registry=self._registry).encode()

    def open(self, owner_id: UUID, sealed: bytes) -> dict[str, str]:
        """Raises RowUnreadable, which names the owner alone."""
        key = self._all.get(str(header_of(sealed).get("kid")))
        found = None if key is None else opened(sealed, key, self._registry)
        if found is None or found.plaintext is None or found.protected.get(self._bound_to) != str(owner_id):
            raise RowUnreadable(f"sealed row of {self._bound_to} {owner_id}")
        return {str(name): str(value) for name, value in json.loads(found.plaintext).items()}


def _named(key: SecretStr, purpose: bytes) -> tuple[str, OctKey]:
    raw = key.get_secret_value()
    if len(raw) < MIN_KEY:
        raise ValueError(f"a key that seals needs at least {MIN_KEY} characters")
    wrapping = derived(raw, purpose)
    return key_name(wrapping), OctKey.import_key(wrapping)
