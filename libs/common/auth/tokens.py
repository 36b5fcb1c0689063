"""Bearer tokens: signed JWTs checked against the issuer's public keys; only asymmetric algorithms count."""

import json
from datetime import datetime
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from libs.common.auth.dev import DEV_ISSUER
from libs.common.errors import Unauthenticated
from libs.common.settings import AuthSettings

ALGORITHMS = ["Ed25519", "RS256", "ES256"]
LEEWAY_SECONDS = 30


class TokenVerifier:
    """Checks signature, algorithm, issuer, audience and times. Holds public keys only."""

    @property
    def is_development(self) -> bool:
        """Whether tokens are trusted that anybody on this machine can make."""
        return self._settings.issuer == DEV_ISSUER

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        self._keys = KeySet.import_key_set(json.loads(Path(settings.jwks_file).read_text()))

    def subject(self, token: str, now: datetime) -> str:
        """The `sub` of a valid token; Unauthenticated, with the reason in Vietnamese, otherwise."""
        try:
            decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            self._check(decoded.claims, now)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Unauthenticated("Mã truy cập không hợp lệ hoặc đã hết hạn.") from error
        return str(decoded.claims["sub"])

    def _check(self, claims: dict[str, object], now: datetime) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        registry.validate(claims)
