"""Bearer tokens: JWTs checked against the issuer's public keys; a token proves who somebody is and nothing more.

Guarantees: nothing of a token is believed before its signature; the key is chosen by id and must fit the algorithm,
which is asymmetric; claims are read once and strictly, so that no two readers can see two values; size is bounded
before anything is parsed, and the arithmetic of a signature runs outside the event loop.
"""

import asyncio
import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from libs.common.auth.dev import DEV_ISSUER
from libs.common.auth.keys import ALGORITHMS, DiscoveredKeys, FileKeys, Key, KeySource
from libs.common.errors import Unauthenticated
from libs.common.settings import AuthSettings

LEEWAY_SECONDS = 30
MAX_CHARACTERS = 16 * 1024
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What a header may call an access token (RFC 9068, and the older plain JWT); an absent type is one of these too."""
OF_OTHER_TOKENS = ("events", "at_hash", "c_hash", "s_hash")
"""Claims of ID and logout tokens. One bound to a key (`cnf`) is refused as well: its bearer has not shown the key."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ERRORS = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class BadToken(ValueError):
    """Not a token of ours; why is for tests and never told to whoever sent it."""


@dataclass(frozen=True)
class Unverified:
    """What a token says of itself, before it is known whether that is true."""

    text: str
    algorithm: str
    key_id: str | None
    claims: Mapping[str, Any]


class TokenVerifier:
    """Checks signature, algorithm, type, issuer, audience and times. Holds public keys only."""

    @property
    def is_development(self) -> bool:
        """Whether tokens are trusted that anybody on this machine can make."""
        return self._settings.issuer == DEV_ISSUER

    def __init__(self, settings: AuthSettings, keys: KeySource | None = None) -> None:
        self._settings = settings
        file = settings.jwks_file
        self._keys = keys or (FileKeys(file) if file is not None else DiscoveredKeys(settings))

    async def subject(self, token: str, now: datetime) -> str:
        """The `sub` of a valid token; Unauthenticated, with the reason in Vietnamese, otherwise."""
        try:
            told = read_token(token)
            check_claims(told.claims, self._settings, now)  # first: what is not for us asks the issuer for nothing
            keys = await self._keys.keys_for(told.key_id)
            key = keys.find(told.key_id, told.algorithm)
            if key is None:
                raise BadToken("no key for it")
            await asyncio.to_thread(check_signature, told, key)
        except _ERRORS as error:
            raise Unauthenticated("Mã truy cập không hợp lệ hoặc đã hết hạn.") from error
        return str(told.claims["sub"])


def read_token(token: str) -> Unverified:
    """A signed compact JWT and nothing else: not encrypted, not nested, not with parts we do not understand."""
    if len(token) > MAX_CHARACTERS:
        raise BadToken("too long")
    if not _COMPACT.fullmatch(token):
        raise BadToken("not a signed compact token")
    first, second, _ = token.split(".")
    header, claims = _read_object(first), _read_object(second)
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise BadToken("algorithm is not allowed")
    if not isinstance(kind, str) or kind.lower() not in TYPES or {"crit", "b64", "cty", "zip", "enc"} & set(header):
        raise BadToken("not an access token")
    if not (key_id is None or (isinstance(key_id, str) and 0 < len(key_id) <= 200)):
        raise BadToken("key id is not a text")
    return Unverified(token, algorithm, key_id, claims)


def _read_object(segment: str) -> dict[str, Any]:
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode("utf-8", "strict")
    except binascii.Error as error:
        raise BadToken("not base64url") from error
    found = json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse)
    if not isinstance(found, dict):
        raise BadToken("not an object")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadToken("a member is there twice")
    return made


def _refuse(constant: str) -> None:
    raise BadToken(f"{constant} is not JSON")


def check_claims(claims: Mapping[str, Any], settings: AuthSettings, now: datetime) -> None:
    for name in ("exp", "nbf", "iat"):
        if name in claims and not _is_instant(claims[name]):
            raise BadToken(f"{name} is not an instant")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise BadToken("no subject")
    if "cnf" in claims or any(name in claims for name in OF_OTHER_TOKENS):
        raise BadToken("not a bearer's access token")
    if str(claims.get("typ", "Bearer")).lower() != "bearer":  # Keycloak marks ID and refresh tokens so
        raise BadToken("another kind of token")
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.audience},
        sub={"essential": True},
        exp={"essential": True},
    )
    registry.validate(dict(claims))


def _is_instant(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def check_signature(told: Unverified, key: Key) -> None:
    """Raises JoseError where the key did not sign exactly this text."""
    jws.deserialize_compact(told.text, key, algorithms=[told.algorithm])
