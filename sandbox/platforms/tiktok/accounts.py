"""The creators, the apps that may act for them, and their rotating tokens."""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from sandbox.clock import VirtualClock
from sandbox.ledger import Act, Effect, Ledger
from sandbox.platforms.base import AccountIn
from sandbox.platforms.tiktok import rules
from sandbox.platforms.tiktok.wire import Json, Refused, TokenOfficeRefused
from sandbox.tokens import Kind, Pair, Policy, TokenRefused, Tokens, TokensIn

NAME, TOKEN = "tiktok", "token"
ACTIVE, REVOKED, BANNED = "active", "revoked", "banned"
STATUSES = (ACTIVE, REVOKED, BANNED)


@dataclass(frozen=True, slots=True)
class Creator:
    """One creator as one app sees them. `scopes` and `verified`: nothing means everything."""

    id: str
    handle: str
    name: str
    status: str
    followers: int
    client_key: str
    client_secret: SecretStr
    is_private: bool
    is_audited: bool
    longest: int
    posts_a_day: int
    switched_off: frozenset[str]
    """Of `comment`, `duet` and `stitch`."""
    scopes: frozenset[str]
    verified: frozenset[str]
    hook: str = ""
    """Where the app wants to be told; nothing: nowhere."""

    def privacies(self) -> tuple[str, ...]:
        return rules.PRIVATE if self.is_private else rules.PUBLIC

    def owns(self, url: str) -> bool:
        return not self.verified or (urlsplit(url).hostname or "") in self.verified


@dataclass(slots=True)
class Creators:
    clock: VirtualClock
    ledger: Ledger = field(repr=False)
    by_id: dict[str, Creator] = field(default_factory=dict)
    asked: dict[str, datetime] = field(default_factory=dict)
    """When `creator_info` was last asked."""
    _tokens: Tokens = field(init=False, repr=False)
    _given: dict[str, str] = field(default_factory=dict, repr=False)
    """Refresh tokens that were given from behind the stage, by their letters: the ids they stand for."""
    _calls: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policy = Policy(access=rules.ACCESS_LIVES, refresh=rules.REFRESH_LIVES, rotates=rules.ROTATES)
        self._tokens = Tokens(self.clock, policy)

    def clear(self) -> None:
        self.by_id.clear()
        self.asked.clear()
        self._tokens.clear()
        self._given.clear()
        self._calls.clear()

    def put(self, account: AccountIn) -> Creator:
        """`password` is a refresh token as after a login. `options`: `client_key`, `client_secret`, `private`,
        `audited`, `longest`, `posts_a_day`, `switched_off`, `scopes`, `verified`, `hook`. Raises ValueError."""
        if account.status not in STATUSES:
            raise ValueError(account.status)
        options = account.options
        made = Creator(
            id=f"-000{account.handle}",
            handle=account.handle,
            name=account.display_name or account.handle,
            status=account.status,
            followers=account.followers,
            client_key=str(options.get("client_key", "")),
            client_secret=SecretStr(str(options.get("client_secret", ""))),
            is_private=bool(options.get("private", False)),
            is_audited=bool(options.get("audited", True)),
            longest=int(options.get("longest", rules.LONGEST)),
            posts_a_day=int(options.get("posts_a_day", rules.POSTS_A_DAY)),
            switched_off=frozenset(options.get("switched_off", ())),
            scopes=frozenset(options.get("scopes", ())),
            verified=frozenset(options.get("verified", ())),
            hook=str(options.get("hook", "")),
        )
        self.by_id[made.id] = made
        self._login(made, account.password.get_secret_value())
        return made

    def _login(self, creator: Creator, refresh: str) -> None:
        """The token given is good again, as after a new consent; one that is good stays as it is."""
        if creator.status == REVOKED:
            self._tokens.end(creator.id, revoke=True)
            return
        try:
            self._tokens.check(self._given.get(refresh, ""), Kind.REFRESH)
        except TokenRefused:
            pair = self._tokens.open(creator.id)
            assert pair.refresh is not None
            self._given[refresh] = pair.refresh.id

    def named(self, name: str) -> Creator:
        found = next((one for one in self.by_id.values() if name in (one.handle, one.id)), None)
        if found is None:
            raise LookupError(name)
        return found

    def end(self, asked: TokensIn) -> int:
        creator = self.named(asked.account)
        if asked.revoke:
            self.by_id[creator.id] = replace(creator, status=REVOKED)
        return self._tokens.end(creator.id, asked.which, revoke=asked.revoke)

    # --- the token office ---

    def refresh(self, form: Mapping[str, str]) -> Json:
        """`oauth/token` with a refresh token, as a form; flat, without a wrapper."""
        if form.get("grant_type") != "refresh_token":
            raise TokenOfficeRefused(400, "invalid_request", "Only grant_type refresh_token is played")
        given = form.get("refresh_token", "")
        self._remember(given)
        token_id = self._given.get(given, given.removeprefix("rft."))
        try:
            held = self._tokens.check(token_id, Kind.REFRESH)
            self._require_client(self.by_id[held.account], form)
            return self._pair(self._tokens.rotate(token_id))
        except (TokenRefused, KeyError):
            raise TokenOfficeRefused(*rules.TOKEN_ERROR) from None

    def _require_client(self, creator: Creator, form: Mapping[str, str]) -> None:
        expected = f"{creator.client_key}|{creator.client_secret.get_secret_value()}"
        given = f"{form.get('client_key', '')}|{form.get('client_secret', '')}"
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise TokenOfficeRefused(*rules.CLIENT_ERROR, "Client key or secret is incorrect.")

    def _pair(self, pair: Pair) -> Json:
        assert pair.refresh is not None
        creator = self.by_id[pair.access.account]
        refresh = f"rft.{pair.refresh.id}"
        told = {"refresh_sha256": _digest(refresh)}
        self.ledger.record(Act(NAME, "token.refresh", creator.id, TOKEN, f"token/{creator.id}", Effect.UPDATED, told))
        return {
            "access_token": f"act.{pair.access.id}",
            "expires_in": int(rules.ACCESS_LIVES.total_seconds()),
            "open_id": creator.id,
            "refresh_token": refresh,
            "refresh_expires_in": int(rules.REFRESH_LIVES.total_seconds()),
            "scope": ",".join(sorted(creator.scopes or rules.SCOPES)),
            "token_type": "Bearer",
        }

    def _remember(self, given: str) -> None:
        """After a restart the ledger knows the last refresh token of each creator, by its hash."""
        for item in self.ledger.current.of(NAME, TOKEN):
            is_last = hmac.compare_digest(item.data["refresh_sha256"], _digest(given))
            if is_last and item.account in self.by_id and not self._tokens.knows(given.removeprefix("rft.")):
                self._login(self.by_id[item.account], given)

    # --- calls ---

    def authorized(self, token: str, *scopes: str) -> Creator:
        """Whose token it is, while it lives and may do this."""
        try:
            held = self._tokens.check(token.removeprefix("act."), Kind.ACCESS)
            creator = self.by_id[held.account]
        except (TokenRefused, KeyError):
            words = "The access token is invalid or not found in the request."
            raise Refused("access_token_invalid", words) from None
        if creator.scopes and not creator.scopes >= set(scopes):
            raise Refused("scope_not_authorized", f"The user did not authorize the scope {', '.join(scopes)}.")
        return creator

    def count(self, creator: Creator, operation: str) -> None:
        """One more call in the sliding minute; refused ones count as well."""
        now = self.clock.now()
        calls = self._calls.setdefault((creator.id, operation), deque())
        while calls and calls[0] <= now - rules.MINUTE:
            calls.popleft()
        calls.append(now)
        if len(calls) > rules.RATES.get(operation, rules.READS):
            raise Refused("rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")


def new_publish_id(prefix: str) -> str:
    return f"{prefix}~v2-1.{secrets.randbelow(10**19):019d}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
