"""Rotating tokens, as platforms give them: an access token that ends soon, and a refresh token that leads to the next.

A login opens a family. A refresh token used leads to its successor; used again within the grace it leads to the same
successor, later (at once, where there is no grace) it is dead, and where the platform says so it takes its whole
family along, as after a theft. Times are those of the sandbox's clock. What a token looks like on the wire is the
platform's business: here it is an unguessable id.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from threading import RLock
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from sandbox.clock import VirtualClock


class Kind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"


class Reason(StrEnum):
    """Why a token opens nothing."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"


class TokenRefused(LookupError):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Policy:
    """How long tokens live and how a refresh token goes."""

    access: timedelta | None
    """None: the access token does not end by itself."""
    refresh: timedelta | None = None
    """None: there are no refresh tokens."""
    grace: timedelta = timedelta()
    """How long a used refresh token still leads to its successor; nothing: it is dead at once."""
    rotates: bool = True
    """False: the same refresh token serves until it ends."""
    reuse_ends_family: bool = False
    """A dead refresh token presented again ends all that came of the same login."""


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    kind: Kind
    account: str
    family: str
    issued_at: datetime
    expires_at: datetime | None
    successor: str | None = None
    """The id of the refresh token this one led to."""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    access: Token
    refresh: Token | None


class Which(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"
    ALL = "all"


class TokensIn(BaseModel):
    """Asks a platform to end the tokens of one account now, whatever they were promised."""

    account: str
    which: Which = Which.ALL
    revoke: bool = False
    """False: as if their time had run out; True: as if the owner or the platform had withdrawn them."""


@runtime_checkable
class GivesTokens(Protocol):
    """A platform whose tokens can be ended from behind the stage."""

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        """How many were ended, as ``{"ended": n}``; LookupError where nobody has that name."""


@dataclass(slots=True)
class Tokens:
    """All tokens of one platform. Safe to call from several threads."""

    clock: VirtualClock
    policy: Policy
    _tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=RLock, repr=False)

    def open(self, account: str) -> Pair:
        """A login: a family of its own."""
        with self._lock:
            return self._pair(account, secrets.token_hex(8), secrets.token_hex(16))

    def rotate(self, refresh_id: str) -> Pair:
        """What a refresh token leads to. Raises TokenRefused."""
        with self._lock:
            token, now = self._live(refresh_id, Kind.REFRESH), self.clock.now()
            if not self.policy.rotates:
                return Pair(self._issue(Kind.ACCESS, token.account, token.family), token)
            if token.successor is None:
                until = now + self.policy.grace
                ends = until if token.expires_at is None else min(until, token.expires_at)
                token = replace(token, successor=secrets.token_hex(16), expires_at=ends)
                self._tokens[token.id] = token
            return self._pair(token.account, token.family, str(token.successor))

    def check(self, token_id: str, kind: Kind = Kind.ACCESS) -> Token:
        """The token while it opens something. Raises TokenRefused."""
        with self._lock:
            return self._live(token_id, kind)

    def knows(self, token_id: str) -> bool:
        """Whether it was ever given, dead or alive."""
        with self._lock:
            return token_id in self._tokens

    def end(self, account: str, which: Which = Which.ALL, *, revoke: bool = False) -> int:
        """Ends an account's tokens at this instant, and says how many there were."""
        with self._lock:
            ended = list(self._of(account, which))
            for token in ended:
                self._end(token, revoke)
            return len(ended)

    def forget(self, token_id: str) -> None:
        """A logout: this token alone is withdrawn."""
        with self._lock:
            if token_id in self._tokens:
                self._end(self._tokens[token_id], revoke=True)

    def clear(self) -> None:
        with self._lock:
            self._tokens.clear()

    def _pair(self, account: str, family: str, refresh_id: str) -> Pair:
        access = self._issue(Kind.ACCESS, account, family)
        if self.policy.refresh is None:
            return Pair(access, None)
        return Pair(access, self._tokens.get(refresh_id) or self._issue(Kind.REFRESH, account, family, refresh_id))

    def _issue(self, kind: Kind, account: str, family: str, token_id: str = "") -> Token:
        now, life = self.clock.now(), self.policy.access if kind is Kind.ACCESS else self.policy.refresh
        token = Token(
            token_id or secrets.token_hex(16), kind, account, family, now, None if life is None else now + life
        )
        self._tokens[token.id] = token
        return token

    def _live(self, token_id: str, kind: Kind) -> Token:
        token = self._tokens.get(token_id)
        if token is None or token.kind is not kind:
            raise TokenRefused(Reason.UNKNOWN)
        if token.revoked:
            raise TokenRefused(Reason.REVOKED)
        if token.expires_at is None or self.clock.now() < token.expires_at:
            return token
        if token.successor is None:
            raise TokenRefused(Reason.EXPIRED)
        if self.policy.reuse_ends_family:
            self._end_family(token.family)
        raise TokenRefused(Reason.USED)

    def _of(self, account: str, which: Which) -> Iterator[Token]:
        for token in self._tokens.values():
            if token.account == account and not token.revoked and which in (Which.ALL, Which(token.kind.value)):
                yield token

    def _end_family(self, family: str) -> None:
        for token in list(self._tokens.values()):
            if token.family == family:
                self._end(token, revoke=True)

    def _end(self, token: Token, revoke: bool) -> None:
        now = self.clock.now()
        ends = now if token.expires_at is None else min(now, token.expires_at)
        self._tokens[token.id] = replace(token, expires_at=ends, revoked=token.revoked or revoke)
