"""Follow-up codes: what a sender proves with that a case is theirs.

Ten letters of Crockford's base32 (50 bits; no I, L, O, U, and those typed for 1 and 0 are understood), from the
operating system's randomness. Stored is only their HMAC-SHA-256 under the feedback key; compared in constant time. With
at most five tries in a quarter of an hour, guessing one takes billions of years.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr

from libs.common.settings import MIN_KEY

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
MOST_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u00a0": None, "–": None})


def new_code() -> str:
    """As it is shown: two groups of five, which are easier to copy."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def normal(code: str) -> str | None:
    """What was typed, as it is compared; None where it cannot be a code."""
    letters = code.strip().upper().translate(_TYPED)
    return letters if len(letters) == LENGTH and not set(letters) - set(ALPHABET) else None


@dataclass(frozen=True)
class DigestKey:
    """Of codes and of the ids by which other doors know a report; one key of the environment in the form for this."""

    id: str
    _key: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: SecretStr) -> "DigestKey":
        raw = secret.get_secret_value()
        if len(raw) < MIN_KEY:
            raise ValueError(f"the feedback key needs at least {MIN_KEY} characters")
        key = hashlib.blake2b(raw.encode(), digest_size=32, person=b"lantoa-feedback").digest()
        return cls(hashlib.blake2b(key, digest_size=6, person=b"lantoa-key-id").hexdigest(), key)

    def of_code(self, case_id: UUID, letters: str) -> bytes:
        """Bound to its case: equal codes of two cases have different digests."""
        return self._mac(b"code", case_id.bytes + letters.encode())

    def of_origin(self, channel: str, external_id: str) -> bytes:
        return self._mac(b"origin", channel.encode() + b"\0" + external_id.encode())

    def _mac(self, purpose: bytes, told: bytes) -> bytes:
        return hmac.new(self._key, purpose + b"\0" + told, hashlib.sha256).digest()


def fits(keys: Sequence[DigestKey], key_id: str, case_id: UUID, code: str, digest: bytes) -> bool:
    """Whether this is the case's code. A code that cannot be one takes as long as one that is merely wrong."""
    key = next((one for one in keys if one.id == key_id), keys[0])
    letters = normal(code)
    same = hmac.compare_digest(key.of_code(case_id, letters or "0" * LENGTH), digest)
    return same and letters is not None
