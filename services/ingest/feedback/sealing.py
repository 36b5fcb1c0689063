"""Who may be answered, at rest: an envelope for each case (JWE compact, RFC 7516, A256GCMKW + A256GCM).

Each row has a data key of its own, wrapped by the key of the environment; `kid` names that key, so that a new one can
take over while the old one still reads. A row is bound to its case by a protected header: a copy does not open as
another's. Nothing here ever prints what it holds.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter
from pydantic import SecretStr

from libs.common.envelope import CONTENT, WRAP, derived, header_of, key_name, opened
from services.ingest.feedback.codes import MIN_KEY

_REGISTRY = JWERegistry(
    header_registry={"case": HeaderParameter("id of the case that the row belongs to", "str")},
    algorithms=[WRAP, CONTENT],
)


class ContactUnreadable(Exception):
    """The row was written with a key that is not here any more, for another case, or changed since."""


class ContactVault:
    """Seals with the current key, opens with it and with the old ones."""

    def __init__(self, key: SecretStr, old: Sequence[SecretStr] = ()) -> None:
        self.key_id, self._current = _key(key)
        self._all = dict([*map(_key, old), (self.key_id, self._current)])

    def seal(self, case_id: UUID, contact: dict[str, str]) -> bytes:
        header = {"alg": WRAP, "enc": CONTENT, "kid": self.key_id, "case": str(case_id)}
        plain = json.dumps(contact, ensure_ascii=False).encode()
        return jwe.encrypt_compact(header, plain, self._current, registry=_REGISTRY).encode()

    def open(self, case_id: UUID, sealed: bytes) -> dict[str, str]:
        """Raises ContactUnreadable, which names the case alone."""
        key = self._all.get(str(header_of(sealed).get("kid")))
        found = None if key is None else opened(sealed, key, _REGISTRY)
        if found is None or found.plaintext is None or found.protected.get("case") != str(case_id):
            raise ContactUnreadable(f"contact of case {case_id}")
        return {str(name): str(value) for name, value in json.loads(found.plaintext).items()}


def _key(secret: SecretStr) -> tuple[str, OctKey]:
    raw = secret.get_secret_value()
    if len(raw) < MIN_KEY:
        raise ValueError(f"the feedback key needs at least {MIN_KEY} characters")
    wrapping = derived(raw, b"lantoa-contacts")
    return key_name(wrapping), OctKey.import_key(wrapping)
