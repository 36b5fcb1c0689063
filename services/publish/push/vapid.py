"""Who we are to push services: VAPID (RFC 8292), one permanent key pair.

Every subscription is bound to the public key that the browser was given: another key pair voids them all. What finds
a subscription again is therefore derived from the same key.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

LASTS = timedelta(hours=12)
"""Of a token; RFC 8292 allows 24 hours."""
RENEWED = timedelta(hours=1)
"""Before its end it is made anew."""
SCALAR = 32


class VapidKeyInvalid(ValueError):
    """The setting is not 32 bytes in base64url that are a private key of P-256. Never says what it is."""


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64url") from error


@dataclass
class Vapid:
    """`subject`: whom a push service may write to, `mailto:…` or `https://…`."""

    subject: str
    public: bytes
    """65 bytes: what browsers subscribe with (`applicationServerKey`)."""
    _key: ECKey = field(repr=False)
    _digests: bytes = field(repr=False)
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, private: SecretStr, subject: str) -> "Vapid":
        """Raises VapidKeyInvalid."""
        try:
            raw = unb64(private.get_secret_value().strip())
            key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
        except ValueError:
            raise VapidKeyInvalid(_WRITTEN) from None
        if len(raw) != SCALAR:
            raise VapidKeyInvalid(_WRITTEN)
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        digests = hashlib.blake2b(raw, digest_size=32, person=b"lantoa-push-find").digest()
        return cls(subject, point, ECKey.import_key(key), digests)

    @property
    def public_text(self) -> str:
        return b64(self.public)

    def authorization(self, origin: str, now: datetime) -> str:
        """The header for a push service; `origin` of the endpoint: `https://host`. A token serves for hours."""
        token, ends = self._tokens.get(origin, ("", now))
        if ends - now < RENEWED:
            ends = now + LASTS
            claims = {"aud": origin, "exp": int(ends.timestamp()), "sub": self.subject}
            token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key, algorithms=["ES256"])
            self._tokens[origin] = token, ends
        return f"vapid t={token}, k={self.public_text}"

    def digest(self, endpoint: str) -> bytes:
        """The HMAC that a subscription is found by."""
        return hmac.new(self._digests, endpoint.encode(), hashlib.sha256).digest()


def new_private_key() -> str:
    """For the setting: 32 bytes in base64url."""
    scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return b64(scalar.to_bytes(SCALAR, "big"))


_WRITTEN = "publish.push.vapid_private_key is 32 bytes in base64url (make one with `lantoa push new-key`)"
