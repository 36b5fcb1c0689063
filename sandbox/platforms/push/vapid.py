"""Whether a request comes from whom the subscription was made for (RFC 8292)."""

import json
import re
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.platforms.push import rules
from sandbox.platforms.push.browsers import read, written

_HEADER = re.compile(r"vapid\s+t=([A-Za-z0-9_.-]+)\s*,\s*k=([A-Za-z0-9_-]+)")


class NotAuthorized(ValueError):
    """401: nothing that could be checked; 403: checked, and not right."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def check(header: str, origin: str, server_key: str | None, now: datetime) -> str:
    """The server's key, written; raises NotAuthorized."""
    found = _HEADER.fullmatch(header.strip())
    if found is None:
        raise NotAuthorized(401, "no vapid token")
    token, key = found.groups()
    claims = _verified(token, key)
    if server_key is not None and read(server_key) != read(key):
        raise NotAuthorized(403, "the subscription was made with another key")
    ends = claims.get("exp")
    if not isinstance(ends, (int, float)) or not 0 < ends - now.timestamp() <= rules.TOKEN_LASTS.total_seconds():
        raise NotAuthorized(403, "exp is over, or too far ahead")
    if claims.get("aud") != origin:
        raise NotAuthorized(403, f"aud is not {origin}")
    if not re.fullmatch(rules.SUBJECT, str(claims.get("sub", ""))):
        raise NotAuthorized(403, "sub is neither mailto: nor https:")
    return written(read(key))


def _verified(token: str, key: str) -> dict[str, object]:
    try:
        head, body, signature = token.split(".")
        raw = read(signature)
        if json.loads(read(head)).get("alg") != "ES256" or len(raw) != 64:
            raise NotAuthorized(403, "not signed with ES256")
        pair = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read(key))
        public.verify(pair, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
        return dict(json.loads(read(body)))
    except InvalidSignature:
        raise NotAuthorized(403, "the signature is not of this key") from None
    except NotAuthorized:
        raise
    except (ValueError, AttributeError) as error:
        raise NotAuthorized(401, type(error).__name__) from None
