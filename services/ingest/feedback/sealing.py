"""Who may be answered, at rest: an envelope for each case (JWE compact, RFC 7516, A256GCMKW + A256GCM).

Each row has a data key of its own, wrapped by the key of the environment; `kid` names that key, so that a new one can
take over while the old one still reads. A row is bound to its case by a protected header: a copy does not open as
another's. Nothing here ever prints what it holds.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter
from pydantic import SecretStr

from services.ingest.feedback.codes import MIN_KEY

_REGISTRY = JWERegistry(
    header_registry={"case": HeaderParameter("id of the case that the row belongs to", "str")},
    algorithms=["A256GCMKW", "A256GCM"],
)


class ContactUnreadable(Exception):
    """The row was written with a key that is not here any more, for another case, or changed since."""


class ContactVault:
    """Seals with the current key, opens with it and with the old ones."""

    def __init__(self, key: SecretStr, old: Sequence[SecretStr] = ()) -> None:
        self.key_id, self._current = _key(key)
        self._all = dict([*map(_key, old), (self.key_id, self._current)])

    def seal(self, case_id: UUID, contact: dict[str, str]) -> bytes:
        header = {"alg": "A256GCMKW", "enc": "A256GCM", "kid": self.key_id, "case": str(case_id)}
        plain = json.dumps(contact, ensure_ascii=False).encode()
        return jwe.encrypt_compact(header, plain, self._current, registry=_REGISTRY).encode()

    def open(self, case_id: UUID, sealed: bytes) -> dict[str, str]:
        """Raises ContactUnreadable, which names the case alone."""
        key = self._all.get(str(_header(sealed).get("kid")))
        opened = None if key is None else _opened(sealed, key)
        if opened is None or opened.plaintext is None or opened.protected.get("case") != str(case_id):
            raise ContactUnreadable(f"contact of case {case_id}")
        return {str(name): str(value) for name, value in json.loads(opened.plaintext).items()}


def _key(secret: SecretStr) -> tuple[str, OctKey]:
    raw = secret.get_secret_value()
    if len(raw) < MIN_KEY:
        raise ValueError(f"the feedback key needs at least {MIN_KEY} characters")
    wrapping = hashlib.blake2b(raw.encode(), digest_size=32, person=b"lantoa-contacts").digest()
    name = hashlib.blake2b(wrapping, digest_size=6, person=b"lantoa-key-id").hexdigest()
    return name, OctKey.import_key(wrapping)


def _opened(sealed: bytes, key: OctKey) -> jwe.CompactEncryption | None:
    try:
        return jwe.decrypt_compact(sealed, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        return None


def _header(sealed: bytes) -> dict[str, Any]:
    """What the first part says, before anything is believed of it."""
    first = sealed.partition(b".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
