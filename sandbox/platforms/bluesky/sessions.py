"""Accounts and their logins: signed tokens that expire, refresh tokens that are used once."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from sandbox.clock import VirtualClock
from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.wire import AuthRequired, Call, InvalidRequest, Json, XrpcError

_ACCESS, _REFRESH = "com.atproto.appPass", "com.atproto.refresh"
_CLOSED = {
    "takendown": ("AccountTakedown", "Account has been taken down"),
    "suspended": ("AccountTakedown", "Account has been taken down"),
    "deactivated": ("AccountDeactivated", "Account is deactivated"),
}
STATUSES = ("active", "auth_factor", *_CLOSED)
HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Account:
    did: str
    handle: str
    password: SecretStr
    display_name: str = ""
    status: str = "active"
    followers: int = 0


@dataclass(frozen=True, slots=True)
class _Grant:
    """A refresh token that may still be used; `successor` is the id of the one it led to."""

    did: str
    expires_at: datetime
    successor: str | None = None


@dataclass(slots=True)
class Sessions:
    clock: VirtualClock
    accounts: dict[str, Account] = field(default_factory=dict)
    _grants: dict[str, _Grant] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def put(self, handle: str, password: SecretStr, name: str, status: str, followers: int) -> Account:
        if status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}")
        did = did_of(handle)
        account = Account(did, handle.lower(), password, name, status, followers)
        before = self.accounts.get(did)
        if before is not None and before.password != password:
            self._grants = {jti: grant for jti, grant in self._grants.items() if grant.did != did}
        self.accounts[did] = account
        return account

    def clear(self) -> None:
        self.accounts.clear()
        self._grants.clear()

    def find(self, repo: str) -> Account | None:
        """By DID or handle."""
        known = self.accounts.get(repo)
        return known or next((a for a in self.accounts.values() if a.handle == repo.lower()), None)

    # --- com.atproto.server ---

    def create(self, call: Call) -> Json:
        identifier, password = call.text("identifier"), call.text("password")
        account = self.find(identifier)
        given = account.password.get_secret_value() if account else ""
        if account is None or not hmac.compare_digest(given.encode(), password.encode()):
            raise AuthRequired("Invalid identifier or password")
        if account.status == "auth_factor" and not call.body.get("authFactorToken"):
            raise AuthRequired("A sign in code has been sent to your email address", "AuthFactorTokenRequired")
        _require_open(account)
        return self._opened(account, call, self._grant(account.did))

    def refresh(self, call: Call) -> Json:
        claims = self._claims(call.token, _REFRESH)
        account = self.accounts.get(str(claims["sub"]))
        if account is None:
            raise InvalidRequest(f"Could not find user info for account: {claims['sub']}")
        _require_open(account)
        return self._opened(account, call, self._rotated(str(claims["jti"])))

    def delete(self, call: Call) -> Json:
        self._grants.pop(str(self._claims(call.token, _REFRESH)["jti"]), None)
        return {}

    def get(self, call: Call) -> Json:
        account = self.authorized(call)
        return {"did": account.did, "handle": account.handle, "active": account.status == "active"}

    def authorized(self, call: Call) -> Account:
        """The account behind an access token."""
        account = self.accounts.get(str(self._claims(call.token, _ACCESS)["sub"]))
        if account is None:
            raise InvalidRequest("Token could not be verified", "InvalidToken")
        _require_open(account)
        return account

    # --- tokens ---

    def _opened(self, account: Account, call: Call, jti: str) -> Json:
        now = self.clock.now()
        grant = self._grants[jti]
        doc = {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": account.did,
            "alsoKnownAs": [f"at://{account.handle}"],
            "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": call.base_url}],
        }
        return {
            "did": account.did,
            "didDoc": doc,
            "handle": account.handle,
            "accessJwt": self._token(account.did, _ACCESS, secrets.token_hex(8), now, now + rules.ACCESS_LIFETIME),
            "refreshJwt": self._token(account.did, _REFRESH, jti, now, grant.expires_at),
            "active": True,
        }

    def _grant(self, did: str, jti: str | None = None) -> str:
        jti = jti or secrets.token_hex(16)
        self._grants[jti] = _Grant(did, self.clock.now() + rules.REFRESH_LIFETIME)
        return jti

    def _rotated(self, jti: str) -> str:
        grant, now = self._grants.get(jti), self.clock.now()
        if grant is None or grant.expires_at <= now:
            raise XrpcError(rules.EXPIRED, "ExpiredToken", "Token has been revoked")
        successor = grant.successor or secrets.token_hex(16)
        self._grants[jti] = replace(
            grant, successor=successor, expires_at=min(grant.expires_at, now + rules.REFRESH_GRACE)
        )
        return successor if successor in self._grants else self._grant(grant.did, successor)

    def _token(self, did: str, scope: str, jti: str, now: datetime, until: datetime) -> str:
        kind = "refresh+jwt" if scope == _REFRESH else "at+jwt"
        claims = {"scope": scope, "sub": did, "jti": jti, "iat": int(now.timestamp()), "exp": int(until.timestamp())}
        body = f"{_b64(json.dumps({'typ': kind, 'alg': 'HS256'}).encode())}.{_b64(json.dumps(claims).encode())}"
        return f"{body}.{_b64(self._signed(body))}"

    def _signed(self, body: str) -> bytes:
        return hmac.digest(self._key, body.encode(), hashlib.sha256)

    def _claims(self, token: str | None, scope: str) -> dict[str, Any]:
        if not token:
            raise AuthRequired(error="AuthMissing")
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_b64(self._signed(body)).encode(), signature.encode()):
            raise InvalidRequest("Token could not be verified", "InvalidToken")
        claims: dict[str, Any] = json.loads(_unb64(body.split(".")[1]))
        if self.clock.now().timestamp() >= claims["exp"]:
            raise XrpcError(rules.EXPIRED, "ExpiredToken", "Token has expired")
        if claims["scope"] != scope:
            raise InvalidRequest("Bad token scope", "InvalidToken")
        return claims


def did_of(handle: str) -> str:
    """The same handle keeps its DID over restarts of the sandbox."""
    digest = hashlib.sha256(f"lantoa-sandbox:{handle.lower()}".encode()).digest()
    return f"did:plc:{base64.b32encode(digest).decode().lower()[:24]}"


def _require_open(account: Account) -> None:
    if account.status in _CLOSED:
        error, message = _CLOSED[account.status]
        raise XrpcError(rules.CLOSED, error, message)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
