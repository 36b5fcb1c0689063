"""Secrets of channels at rest: an envelope for each row (JWE, A256GCMKW + A256GCM).

Each row has a data key of its own, wrapped by the key of the environment; `kid` names that key, so that a new one can
take over while the old one still reads. A row is bound to its channel by a protected header: a copy does not open as
another's. Rows of before (`dir`, the key itself) still open. Nothing here ever prints what it holds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter
from pydantic import SecretStr

from libs.common.envelope import CONTENT, WRAP, derived, header_of, key_name, opened
from libs.common.withheld import withhold

DIRECT = "dir"
MIN_KEY = 32
NO_SECRET = frozenset({"identifier", "username", "chat_id", "mailbox"})
"""Names of an account that lie beside its secret; and a reader's mailbox, of which there are too many to look for."""
_REGISTRY = JWERegistry(
    header_registry={"channel": HeaderParameter("id of the channel that the row belongs to", "str")},
    algorithms=[WRAP, DIRECT, CONTENT],
)


class CredentialsUnreadable(Exception):
    """The row was written with another key, for another channel, or changed since."""


@dataclass(frozen=True)
class _Key:
    """One key of the environment, in the two forms it is used in."""

    id: str
    wrapping: OctKey
    direct: OctKey

    @classmethod
    def of(cls, key: SecretStr) -> "_Key":
        secret = key.get_secret_value()
        if len(secret) < MIN_KEY:
            raise ValueError(f"the credentials key needs at least {MIN_KEY} characters")
        wrapping = derived(secret, b"lantoa-envelope")
        name = key_name(wrapping)
        return cls(name, OctKey.import_key(wrapping), OctKey.import_key(derived(secret, b"lantoa-publish")))


class Vault:
    """Seals with the current key, opens with it and with the old ones."""

    def __init__(self, key: SecretStr, old: Sequence[SecretStr] = ()) -> None:
        self._current = _Key.of(key)
        self._all = {known.id: known for known in (*map(_Key.of, old), self._current)}

    @property
    def key_id(self) -> str:
        """Names the current key, and tells nothing of it."""
        return self._current.id

    def seal(self, channel_id: UUID, secret: dict[str, Any]) -> bytes:
        _withhold(secret)
        header = {"alg": WRAP, "enc": CONTENT, "kid": self._current.id, "channel": str(channel_id)}
        plain = json.dumps(secret, ensure_ascii=False).encode()
        return jwe.encrypt_compact(header, plain, self._current.wrapping, registry=_REGISTRY).encode()

    def open(self, channel_id: UUID, sealed: bytes) -> dict[str, Any]:
        """Raises CredentialsUnreadable, which names the channel alone."""
        for key in self._keys_for(sealed):
            found = opened(sealed, key, _REGISTRY)
            if found is not None and found.plaintext is not None and _belongs(found.protected, channel_id):
                secret = dict(json.loads(found.plaintext))
                _withhold(secret)
                return secret
        raise CredentialsUnreadable(f"credentials of channel {channel_id}")

    def _keys_for(self, sealed: bytes) -> list[OctKey]:
        header = header_of(sealed)
        if header.get("alg") == WRAP:
            known = self._all.get(str(header.get("kid")))
            return [known.wrapping] if known else []
        return [known.direct for known in self._all.values()] if header.get("alg") == DIRECT else []


def key_id_of(sealed: bytes) -> str | None:
    """The name of the key that wraps a row's own; None for a row of before."""
    header = header_of(sealed)
    return str(header["kid"]) if header.get("alg") == WRAP and "kid" in header else None


def _withhold(secret: dict[str, Any]) -> None:
    """What was in our hands once is shown in no line of this process, whoever quotes it: a platform, a library."""
    withhold(*(value for name, value in secret.items() if isinstance(value, str) and name not in NO_SECRET))


def _belongs(header: dict[str, Any], channel_id: UUID) -> bool:
    return header.get("kid" if header["alg"] == DIRECT else "channel") == str(channel_id)
