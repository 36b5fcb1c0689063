"""Where a letter comes back to: an address that names its sending, with a MAC so that nobody can name another."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr

_MAC = 20
"""Hex digits: 80 bits."""
_RETURNED_TO = re.compile(rf"\br-([0-9a-f]{{32}})-([0-9a-f]{{{_MAC}}})@", re.IGNORECASE)


@dataclass(frozen=True)
class ReturnPaths:
    """domain: empty where no mail server hands over what comes back. key: the token that it shows."""

    domain: str
    key: SecretStr | None

    def of(self, sending_id: UUID) -> str | None:
        if self.key is None:
            return None
        return f"r-{sending_id.hex}-{self._mac(sending_id.hex)}@{self.domain}"

    def named_in(self, addresses: str) -> UUID | None:
        """The sending that an address of ours among these names."""
        found = _RETURNED_TO.search(addresses)
        if found is None or self.key is None:
            return None
        told, mac = found[1].lower(), found[2].lower()
        return UUID(told) if hmac.compare_digest(self._mac(told), mac) else None

    def _mac(self, told: str) -> str:
        key = self.key.get_secret_value().encode() if self.key is not None else b""
        return hmac.new(key, b"report returns\0" + told.encode(), hashlib.sha256).hexdigest()[:_MAC]
