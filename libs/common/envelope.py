"""What sealed rows share: an envelope for each (JWE compact, RFC 7516), its header read, and the key that wraps it."""

import base64
import binascii
import hashlib
import json
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey

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
