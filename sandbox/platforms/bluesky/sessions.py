"""Accounts and their logins: signed tokens that expire, refresh tokens that are used once."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from sandbox.clock import VirtualClock
from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.wire import AuthRequired, Call, InvalidRequest, Json, XrpcError
from sandbox.tokens import Kind, Pair, Policy, Reason, Token, TokenRefused, Tokens, TokensIn, Which

_SCOPES = {Kind.ACCESS: "com.atproto.appPass", Kind.REFRESH: "com.atproto.refresh"}
_TYPES = {Kind.ACCESS: "at+jwt", Kind.REFRESH: "refresh+jwt"}
_POLICY = Policy(rules.ACCESS_LIFETIME, rules.REFRESH_LIFETIME, grace=rules.REFRESH_GRACE)
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


@dataclass(slots=True)
class Sessions:
    clock: VirtualClock
    accounts: dict[str, Account] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = Tokens(self.clock, _POLICY)

    def put(self, handle: str, password: SecretStr, name: str, status: str, followers: int) -> Account:
        if status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}")
        did = did_of(handle)
        account = Account(did, handle.lower(), password, name, status, followers)
        before = self.accounts.get(did)
        if before is not None and before.password != password:
            self._tokens.end(did, Which.REFRESH, revoke=True)
        self.accounts[did] = account
        return account

    def clear(self) -> None:
        self.accounts.clear()
        self._tokens.clear()

    def find(self, repo: str) -> Account | None:
        """By DID or handle."""
        known = self.accounts.get(repo)
        return known or next((a for a in self.accounts.values() if a.handle == repo.lower()), None)

    def end_tokens(self, asked: TokensIn) -> int:
        account = self.find(asked.account)
        if account is None:
            raise LookupError(asked.account)
        return self._tokens.end(account.did, asked.which, revoke=asked.revoke)

    # --- com.atproto.server ---

    def create(self, call: Call) -> Json:
        account = self.find(str(call.body["identifier"]))
        given = account.password.get_secret_value() if account else ""
        if account is None or not hmac.compare_digest(given.encode(), str(call.body["password"]).encode()):
            raise AuthRequired("Invalid identifier or password")
        if account.status == "auth_factor" and not call.body.get("authFactorToken"):
            raise AuthRequired("A sign in code has been sent to your email address", "AuthFactorTokenRequired")
        _require_open(account)
        return self._opened(account, call, self._tokens.open(account.did))

    def refresh(self, call: Call) -> Json:
        token = self._token_of(call, Kind.REFRESH)
        account = self.accounts.get(token.account)
        if account is None:
            raise InvalidRequest(f"Could not find user info for account: {token.account}")
        _require_open(account)
        return self._opened(account, call, self._tokens.rotate(token.id))

    def delete(self, call: Call) -> Json:
        self._tokens.forget(self._token_of(call, Kind.REFRESH).id)
        return {}

    def get(self, call: Call) -> Json:
        account = self.authorized(call)
        return {"did": account.did, "handle": account.handle, "active": account.status == "active"}

    def authorized(self, call: Call) -> Account:
        """The account behind an access token."""
        account = self.accounts.get(self._token_of(call, Kind.ACCESS).account)
        if account is None:
            raise InvalidRequest("Token could not be verified", "InvalidToken")
        _require_open(account)
        return account

    # --- tokens ---

    def _opened(self, account: Account, call: Call, pair: Pair) -> Json:
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
            "accessJwt": self._written(pair.access),
            "refreshJwt": self._written(pair.refresh),
            "active": True,
        }

    def _token_of(self, call: Call, kind: Kind) -> Token:
        claims = self._claims(call.token, kind)
        try:
            return self._tokens.check(str(claims["jti"]), kind)
        except TokenRefused as refused:
            ran_out = refused.reason is Reason.EXPIRED or kind is Kind.ACCESS
            message = "Token has expired" if ran_out else "Token has been revoked"
            raise XrpcError(rules.EXPIRED, "ExpiredToken", message) from None

    def _written(self, token: Token | None) -> str:
        if token is None or token.expires_at is None:
            raise ValueError("every token of this platform ends")
        claims = {
            "scope": _SCOPES[token.kind],
            "sub": token.account,
            "jti": token.id,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }
        head = json.dumps({"typ": _TYPES[token.kind], "alg": "HS256"})
        body = f"{_b64(head.encode())}.{_b64(json.dumps(claims).encode())}"
        return f"{body}.{_b64(self._signed(body))}"

    def _signed(self, body: str) -> bytes:
        return hmac.digest(self._key, body.encode(), hashlib.sha256)

    def _claims(self, token: str | None, kind: Kind) -> dict[str, Any]:
        if not token:
            raise AuthRequired(error="AuthMissing")
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_b64(self._signed(body)).encode(), signature.encode()):
            raise InvalidRequest("Token could not be verified", "InvalidToken")
        claims: dict[str, Any] = json.loads(_unb64(body.split(".")[1]))
        if self.clock.now().timestamp() >= claims["exp"]:
            raise XrpcError(rules.EXPIRED, "ExpiredToken", "Token has expired")
        if claims["scope"] != _SCOPES[kind]:
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
