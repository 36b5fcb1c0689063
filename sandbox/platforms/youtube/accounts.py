"""The channels of this platform, each with the client of its API project and its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from sandbox.clock import VirtualClock
from sandbox.platforms.youtube import rules
from sandbox.platforms.youtube.discovery import Method
from sandbox.platforms.youtube.wire import Refused, oauth_refusal, unauthorized
from sandbox.tokens import Kind, Pair, Policy, Token, TokenRefused, Tokens, TokensIn

ACTIVE, REVOKED, NO_CHANNEL = "active", "revoked", "no_channel"
STATUSES = (ACTIVE, REVOKED, NO_CHANNEL)
INSERT = "youtube.videos.insert"


@dataclass(frozen=True, slots=True)
class Channel:
    """`id`: UC…; `client`: also the project whose quota is used. `is_audited`: whether its videos may be public."""

    id: str
    handle: str
    name: str
    status: str
    followers: int
    client: str
    client_secret: SecretStr = field(repr=False)
    refresh: SecretStr = field(repr=False)
    is_audited: bool = True
    long_uploads: str = "allowed"
    is_testing: bool = False
    scopes: tuple[str, ...] = rules.SCOPES
    uploads_a_day: int | None = None
    verdict: str = ""
    """What becomes of its next videos, where it is not well: `failed:codec`, `rejected:duplicate`."""
    issued_at: datetime | None = None
    has_comments: bool = True
    api_key: SecretStr = field(default=SecretStr(""), repr=False)
    """Of its project: by it anybody reads what is public."""
    processing: float = 0.0
    """Seconds from the last byte of a video to its being processed."""

    @property
    def uploads(self) -> str:
        """The playlist of all it has uploaded."""
        return "UU" + self.id[2:]


class Channels:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.by_id: dict[str, Channel] = {}
        self._tokens = Tokens(clock, Policy(access=rules.ACCESS, refresh=None, rotates=False))
        self._inserts: dict[tuple[str, str], int] = {}
        self._units: dict[tuple[str, str], int] = {}
        self._uploaded: dict[tuple[str, str], int] = {}

    def clear(self) -> None:
        for kept in (self.by_id, self._inserts, self._units, self._uploaded):
            kept.clear()
        self._tokens.clear()

    def put(self, channel: Channel) -> None:
        self.by_id[channel.id] = channel
        if channel.status == REVOKED:
            self._tokens.end(channel.id, revoke=True)

    def named(self, name: str) -> Channel | None:
        return self.by_id.get(name) or next((one for one in self.by_id.values() if one.handle == name), None)

    # --- tokens ---

    def grant(self, form: Mapping[str, str]) -> Response:
        """`POST /token` with `grant_type=refresh_token`."""
        if form.get("grant_type") != "refresh_token":
            return oauth_refusal("unsupported_grant_type")
        refresh = form.get("refresh_token", "")
        channel = next((one for one in self.by_id.values() if one.refresh.get_secret_value() == refresh), None)
        clients = {one.client: one.client_secret.get_secret_value() for one in self.by_id.values()}
        if clients.get(form.get("client_id", "")) != form.get("client_secret"):
            return oauth_refusal("invalid_client", 401)
        if channel is None or channel.client != form.get("client_id") or self._has_ended(channel):
            return oauth_refusal("invalid_grant")
        pair: Pair = self._tokens.open(channel.id)
        told = {
            "access_token": f"ya29.{pair.access.id}",
            "expires_in": int(rules.ACCESS.total_seconds()),
            "scope": " ".join(channel.scopes),
            "token_type": "Bearer",
        }
        if channel.is_testing:
            told["refresh_token_expires_in"] = int((self._ends(channel) - self._clock.now()).total_seconds())
        return JSONResponse(told)

    def _has_ended(self, channel: Channel) -> bool:
        return channel.status == REVOKED or self._clock.now() >= self._ends(channel)

    def _ends(self, channel: Channel) -> datetime:
        lives = rules.TESTING if channel.is_testing else rules.REFRESH
        return (channel.issued_at or self._clock.now()) + lives

    def end_tokens(self, asked: TokensIn) -> int:
        channel = self.named(asked.account)
        if channel is None:
            raise LookupError(asked.account)
        if asked.which.value != "access" and asked.revoke:
            self.put(replace(channel, status=REVOKED))
        return self._tokens.end(channel.id, revoke=asked.revoke)

    def authorized(self, token: str | None, method: Method | None = None) -> Channel:
        try:
            found: Token = self._tokens.check((token or "").removeprefix("ya29."), Kind.ACCESS)
        except TokenRefused:
            raise unauthorized() from None
        channel = self.by_id[found.account]
        if method is not None:
            self._require_scope(channel, method)
        return channel

    def reader(self, key: str, method: Method) -> Channel:
        """Whose project the key is of, as nobody: it sees what is public, and its project's quota is used."""
        owner = next((one for one in self.by_id.values() if one.api_key.get_secret_value() == key), None)
        if owner is None:
            raise Refused(*rules.BAD_KEY, "API key not valid. Please pass a valid API key.", "global")
        if method.http != "GET":
            raise unauthorized()
        return replace(owner, id="")

    def _require_scope(self, channel: Channel, method: Method) -> None:
        wanted = rules.SCOPES if method.most is not None else rules.SCOPES[1:]
        if method.http != "GET" and not set(wanted) & set(channel.scopes):
            raise Refused(*rules.NO_SCOPE, "Request had insufficient authentication scopes.", "global")

    # --- quota ---

    def count(self, channel: Channel, method: Method) -> None:
        """Counts a call against its bucket, whatever becomes of it."""
        key = (channel.client, self._day())
        book, most, cost = self._units, rules.UNITS, rules.COSTS.get(method.id, 1)
        if method.id == INSERT:
            book, most, cost = self._inserts, rules.INSERTS, 1
        if book.get(key, 0) + cost > most:
            status, reason, domain = rules.EXCEEDED
            words = "The request cannot be completed because you have exceeded your quota."
            raise Refused(status, reason, words, domain)
        book[key] = book.get(key, 0) + cost

    def used(self, client: str) -> dict[str, int]:
        """Today, Pacific time, by bucket."""
        key = (client, self._day())
        return {"inserts": self._inserts.get(key, 0), "units": self._units.get(key, 0)}

    def count_upload(self, channel: Channel) -> None:
        key = (channel.id, self._day())
        if channel.uploads_a_day is not None and self._uploaded.get(key, 0) >= channel.uploads_a_day:
            words = "The user has exceeded the number of videos they may upload."
            raise Refused(*rules.UPLOADS_A_DAY, words)
        self._uploaded[key] = self._uploaded.get(key, 0) + 1

    def _day(self) -> str:
        return self._clock.now().astimezone(ZoneInfo(rules.ZONE)).date().isoformat()


def require_channel(channel: Channel) -> None:
    if channel.status == NO_CHANNEL:
        raise Refused(*rules.NO_CHANNEL, "The account has no YouTube channel.", "youtube.header")
