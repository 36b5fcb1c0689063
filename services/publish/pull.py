"""Addresses from which a platform fetches our pictures and videos: signed, for a while, and good for nothing else.

The signature is HMAC-SHA256 over file, type and end; whoever has the address has the file until then, and no other.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from pydantic import SecretStr

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}
"""Platforms look at the end of the address before they look at the file."""


@dataclass(frozen=True)
class PullSigner:
    public_url: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, public_url: str, secret: SecretStr) -> "PullSigner":
        """Its own key, derived: an address tells nothing about the key that seals secrets."""
        raw = secret.get_secret_value().encode()
        return cls(public_url.rstrip("/"), hashlib.blake2b(raw, digest_size=32, person=b"lantoa-pull").digest())

    def link(self, sha256: str, mime: str, lasts: timedelta, now: datetime) -> str:
        """`<public_url>/m/<end>/<signature>/<sha256>.<extension>`; `end` in Unix seconds."""
        end = int((now + lasts).timestamp())
        extension = EXTENSIONS[mime]
        return f"{self.public_url}/m/{end}/{self._signature(sha256, extension, end)}/{quote(sha256)}.{extension}"

    def is_good(self, sha256: str, extension: str, end: int, signature: str, now: datetime) -> bool:
        """In constant time for the signature; an end that has passed is no longer good."""
        told = hmac.compare_digest(self._signature(sha256, extension, end).encode(), signature.encode())
        return told and datetime.fromtimestamp(end, UTC) > now

    def _signature(self, sha256: str, extension: str, end: int) -> str:
        return hmac.new(self.key, f"{sha256}.{extension}.{end}".encode(), hashlib.sha256).hexdigest()
