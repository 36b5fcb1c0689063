"""Accounts and their access tokens: one token each, with its scopes, alive until it is replaced or revoked."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from pydantic import SecretStr

from sandbox.platforms.mastodon import rules
from sandbox.platforms.mastodon.wire import Call, Refused

ACTIVE, DISABLED, REVOKED = "active", "disabled", "revoked"
STATUSES = (ACTIVE, DISABLED, REVOKED)
USERNAME = re.compile(r"[a-zA-Z0-9_]{1,30}")
READER_DOMAIN = "ban-doc.test"


@dataclass(frozen=True, slots=True)
class Account:
    """Without scopes the token may do everything."""

    id: str
    username: str
    token: SecretStr
    display_name: str = ""
    status: str = ACTIVE
    followers: int = 0
    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        return not self.scopes or not self.scopes.isdisjoint({scope, scope.partition(":")[0]})


@dataclass(slots=True)
class Accounts:
    by_id: dict[str, Account] = field(default_factory=dict)
    _dead: set[str] = field(default_factory=set, repr=False)

    def put(self, account: Account) -> Account:
        """A new token ends the old one."""
        before = self.by_id.get(account.id)
        if before is not None and before.token != account.token:
            self._dead.add(_digest(before.token.get_secret_value()))
        self._dead.discard(_digest(account.token.get_secret_value()))
        self.by_id[account.id] = account
        return account

    def clear(self) -> None:
        self.by_id.clear()
        self._dead.clear()

    def named(self, username: str) -> Account | None:
        return self.by_id.get(account_id(username))

    def bearer(self, call: Call) -> Account | None:
        """The account of the token, if it is a living one."""
        given = (call.token or "").encode()
        for account in self.by_id.values():
            if account.status != REVOKED and hmac.compare_digest(account.token.get_secret_value().encode(), given):
                return account
        return None

    def viewer(self, call: Call) -> Account | None:
        """None without a token; a token that is given has to be good."""
        return self.authorized(call) if call.token is not None else None

    def authorized(self, call: Call, *scopes: str) -> Account:
        """The account, if its token may do one of these."""
        account = self.bearer(call)
        if account is None:
            raise Refused(rules.UNAUTHORIZED, rules.REVOKED if self._is_dead(call.token or "") else None)
        if scopes and not any(account.may(scope) for scope in scopes):
            raise Refused(403, rules.OUT_OF_SCOPE)
        if account.status == DISABLED:
            raise Refused(403, rules.DISABLED)
        return account

    def _is_dead(self, token: str) -> bool:
        revoked = (a.token.get_secret_value() for a in self.by_id.values() if a.status == REVOKED)
        return _digest(token) in self._dead or any(hmac.compare_digest(one.encode(), token.encode()) for one in revoked)


def account_id(username: str) -> str:
    """A number in a string, the same over restarts of the sandbox."""
    return str(10**14 + int.from_bytes(hashlib.sha256(username.lower().encode()).digest()[:5], "big"))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
