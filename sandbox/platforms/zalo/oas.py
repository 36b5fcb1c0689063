"""The official accounts, the apps that may act for them, and their refresh tokens that serve once."""

import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from sandbox.clock import VirtualClock
from sandbox.ledger import Act, Effect, Ledger
from sandbox.platforms.base import AccountIn
from sandbox.platforms.zalo import rules
from sandbox.platforms.zalo.wire import Json, Refused
from sandbox.tokens import Kind, Pair, Policy, TokenRefused, Tokens, TokensIn

NAME, TOKEN = "zalo", "token"
ACTIVE, REVOKED = "active", "revoked"
STATUSES = (ACTIVE, REVOKED)


@dataclass(frozen=True, slots=True)
class Oa:
    """One official account as one app sees it. `broadcasts`: how many of the month are left; `package`: whether it
    includes the calls of messages."""

    id: str
    handle: str
    name: str
    status: str
    followers: int
    app_id: str
    app_secret: SecretStr
    oa_secret: SecretStr
    broadcasts: int
    has_package: bool
    may_message: bool
    hook: str


@dataclass(slots=True)
class Oas:
    clock: VirtualClock
    ledger: Ledger = field(repr=False)
    access: timedelta
    by_id: dict[str, Oa] = field(default_factory=dict)
    _tokens: Tokens = field(init=False, repr=False)
    _given: dict[str, str] = field(default_factory=dict, repr=False)
    """Refresh tokens that were given from behind the stage, by their letters: the ids they stand for."""
    _calls: dict[str, deque[datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policy = Policy(access=self.access, refresh=rules.REFRESH_LIVES, rotates=rules.ROTATES)
        self._tokens = Tokens(self.clock, policy)

    def clear(self) -> None:
        self.by_id.clear()
        self._tokens.clear()
        self._given.clear()
        self._calls.clear()

    def put(self, account: AccountIn) -> Oa:
        """`password` is a refresh token as after a consent. `options`: `app_id`, `app_secret`, `oa_secret`,
        `broadcasts`, `package`, `may_message`, `hook`. Raises ValueError."""
        if account.status not in STATUSES:
            raise ValueError(account.status)
        options = account.options
        made = Oa(
            id=str(options.get("id") or 4_000_000_000_000_000_000 + int(_digest(account.handle)[:12], 16)),
            handle=account.handle,
            name=account.display_name or account.handle,
            status=account.status,
            followers=account.followers,
            app_id=str(options.get("app_id", "")),
            app_secret=SecretStr(str(options.get("app_secret", ""))),
            oa_secret=SecretStr(str(options.get("oa_secret", ""))),
            broadcasts=int(options.get("broadcasts", rules.BROADCASTS)),
            has_package=bool(options.get("package", True)),
            may_message=bool(options.get("may_message", True)),
            hook=str(options.get("hook", "")),
        )
        self.by_id[made.id] = made
        self._login(made, account.password.get_secret_value())
        return made

    def _login(self, oa: Oa, refresh: str) -> None:
        """The token given is good again, as after a new consent; one that is good stays as it is."""
        if oa.status == REVOKED:
            self._tokens.end(oa.id, revoke=True)
            return
        try:
            self._tokens.check(self._given.get(refresh, ""), Kind.REFRESH)
        except TokenRefused:
            pair = self._tokens.open(oa.id)
            assert pair.refresh is not None
            self._given[refresh] = pair.refresh.id

    def spend_broadcast(self, oa: Oa) -> None:
        self.by_id[oa.id] = replace(oa, broadcasts=oa.broadcasts - 1)

    def end(self, asked: TokensIn) -> int:
        oa = next((one for one in self.by_id.values() if asked.account in (one.handle, one.id)), None)
        if oa is None:
            raise LookupError(asked.account)
        if asked.revoke:
            self.by_id[oa.id] = replace(oa, status=REVOKED)
        return self._tokens.end(oa.id, asked.which, revoke=asked.revoke)

    # --- the token office ---

    def refresh(self, secret: str, form: Mapping[str, str]) -> Json:
        """`POST /v4/oa/access_token` with the app's secret in a header."""
        if form.get("grant_type") != "refresh_token":
            raise Refused(*rules.BAD_APP)
        given = form.get("refresh_token", "")
        self._remember(given)
        token_id = self._given.get(given, given)
        try:
            held = self._tokens.check(token_id, Kind.REFRESH)
            self._require_app(self.by_id[held.account], secret, form)
            return self._pair(self._tokens.rotate(token_id))
        except (TokenRefused, KeyError):
            raise Refused(*rules.BAD_REFRESH) from None

    def _require_app(self, oa: Oa, secret: str, form: Mapping[str, str]) -> None:
        expected, given = f"{oa.app_id}|{oa.app_secret.get_secret_value()}", f"{form.get('app_id', '')}|{secret}"
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise Refused(*rules.BAD_APP)

    def _pair(self, pair: Pair) -> Json:
        assert pair.refresh is not None
        account, refresh = pair.access.account, pair.refresh.id
        told = {"refresh_sha256": _digest(refresh)}
        self.ledger.record(Act(NAME, "token.refresh", account, TOKEN, f"token/{account}", Effect.UPDATED, told))
        seconds = int(self.access.total_seconds())
        ends = str(seconds) if rules.EXPIRES_AS_TEXT else seconds
        return {"access_token": pair.access.id, "refresh_token": refresh, "expires_in": ends}

    def _remember(self, given: str) -> None:
        """After a restart the ledger knows the last refresh token of each account, by its hash."""
        for item in self.ledger.current.of(NAME, TOKEN):
            is_last = hmac.compare_digest(item.data["refresh_sha256"], _digest(given))
            if is_last and item.account in self.by_id and not self._tokens.knows(given):
                self._login(self.by_id[item.account], given)

    # --- calls ---

    def authorized(self, token: str) -> Oa:
        try:
            return self.by_id[self._tokens.check(token, Kind.ACCESS).account]
        except (TokenRefused, KeyError):
            raise Refused(*rules.DEAD_TOKEN) from None

    def count(self, oa: Oa) -> None:
        """One more call in the sliding minute; refused ones count as well."""
        now = self.clock.now()
        calls = self._calls.setdefault(oa.id, deque())
        while calls and calls[0] <= now - rules.MINUTE:
            calls.popleft()
        calls.append(now)
        if len(calls) > rules.CALLS_A_MINUTE:
            raise Refused(*rules.RATE)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
