"""What Instagram and Threads have in common: containers that media are fetched into, and doors that ask for them.

Not a platform itself (no ``build``). A container is on the ledger from its making to its publishing; what state it is
in is a question of the clock.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms import meta
from sandbox.platforms.base import AccountIn, World
from sandbox.platforms.meta import Call, Holder, Json, Refused, missing, parameter
from sandbox.rules import Mark, rule
from sandbox.tokens import TokensIn, Which

CONTAINER = "container"
LIVES = rule(
    "meta.container.lives", Mark.DOCS, "a container not published is EXPIRED after 24 hours", timedelta(hours=24)
).value
STAYS_PUBLISHED = rule(
    "meta.container.published", Mark.PEER, "a published container stays PUBLISHED, also after 24 hours", True
).value
TWICE = rule(
    "meta.container.twice",
    Mark.OURS,
    "publishing a published container is refused and counted (what the platforms do is not known)",
    (100, "(#100) The container was already published"),
).value
RENEWED = rule(
    "meta.token.renewed",
    Mark.PEER,
    "a long-lived token at least 24 hours old is renewed for 60 days; the old one serves until its own end",
    (timedelta(hours=24), timedelta(days=60)),
).value
TOO_YOUNG = rule("meta.token.young", Mark.MEMORY, "a younger token is refused with 100", 100).value
RENEWED_WITH_SAME = rule(
    "meta.token.new", Mark.MEMORY, "the renewed token is another string (it may be the same at the platform)", False
).value


class State(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


# --- accounts and tokens ---


@dataclass(frozen=True, slots=True)
class Token:
    value: SecretStr
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    handle: str
    name: str
    status: str
    followers: int
    posts_a_day: int
    scopes: frozenset[str]
    """Nothing: everything."""
    tokens: tuple[Token, ...] = field(repr=False)


@dataclass(slots=True)
class Accounts:
    """`statuses`: what an account can be beside what every token of Meta's can."""

    statuses: tuple[str, ...]
    by_id: dict[str, Account] = field(default_factory=dict)

    def clear(self) -> None:
        self.by_id.clear()

    def put(self, account: AccountIn, now: datetime, posts_a_day: int) -> Account:
        """`options`: `id`, `posts_a_day`, `scopes`; the token starts its 60 days now."""
        if account.status not in (*meta.STATUSES, *self.statuses):
            raise ValueError(account.status)
        options = account.options
        account_id = str(options.get("id") or number_of(account.handle))
        made = Account(
            account_id,
            account.handle,
            account.display_name or account.handle,
            account.status,
            account.followers,
            int(options.get("posts_a_day", posts_a_day)),
            frozenset(str(scope) for scope in options.get("scopes", ())),
            (Token(account.password, now, now + RENEWED[1]),),
        )
        self.by_id[account_id] = made
        return made

    def named(self, name: str) -> Account | None:
        return self.by_id.get(name) or next((one for one in self.by_id.values() if one.handle == name), None)

    def authorized(self, call: Call, now: datetime, *scopes: str) -> Account:
        found = self.by_id[meta.authorized(call, self._holders(), now).id]
        lacking = [scope for scope in scopes if found.scopes and scope not in found.scopes]
        if lacking or found.status == meta.PERMISSION_LOST:
            raise Refused(10, f"(#10) Application does not have permission for this action: {', '.join(scopes)}")
        return found

    def bearer(self, call: Call) -> Account | None:
        """Whose token it is, alive or dead."""
        given = call.token or ""
        return next((a for a in self.by_id.values() for t in a.tokens if t.value.get_secret_value() == given), None)

    def renew(self, call: Call, now: datetime, grant: str) -> Json:
        if call.text("grant_type") != grant:
            raise parameter("grant_type", f"Param grant_type must be {grant}")
        account = self.authorized(call, now)
        used = next(token for token in account.tokens if token.value.get_secret_value() == call.token)
        if now - used.issued_at < RENEWED[0]:
            raise Refused(TOO_YOUNG, "(#100) The token must be at least 24 hours old to be refreshed")
        made = Token(SecretStr(f"{(call.token or '').partition('~')[0]}~{int(now.timestamp())}"), now, now + RENEWED[1])
        self.by_id[account.id] = replace(account, tokens=(*account.tokens, made))
        lasts = int(RENEWED[1].total_seconds())
        return {"access_token": made.value.get_secret_value(), "token_type": "bearer", "expires_in": lasts}

    def end(self, asked: TokensIn, now: datetime) -> int:
        account = self.named(asked.account)
        if account is None:
            raise LookupError(asked.account)
        live = [token for token in account.tokens if token.expires_at > now]
        if asked.which is Which.REFRESH or not live:
            return 0
        if asked.revoke:
            self.by_id[account.id] = replace(account, status="revoked")
        else:
            ended = tuple(replace(token, expires_at=min(now, token.expires_at)) for token in account.tokens)
            self.by_id[account.id] = replace(account, tokens=ended)
        return len(live)

    def _holders(self) -> list[Holder]:
        none = SecretStr("")
        return [
            Holder(one.id, token.value, "", none, one.status, token.expires_at, scopes=tuple(one.scopes))
            for one in self.by_id.values()
            for token in one.tokens
        ]


def number_of(handle: str) -> str:
    """A number for a name, the same each time."""
    return f"17841{int.from_bytes(handle.encode()[-6:].rjust(6, b'0'), 'big') % 10**12:012d}"


# --- containers ---


@dataclass(frozen=True, slots=True)
class Made:
    """What goes into a container. `error`: in the platform's words, told by its state and not at once."""

    type: str
    text: str = ""
    media_sha256: tuple[str, ...] = ()
    alts: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    is_child: bool = False
    seconds: float = 0.0
    error: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


class Containers:
    def __init__(self, world: World, platform: str) -> None:
        self._world, self._platform = world, platform

    def next_id(self) -> str:
        """Grows with the ledger: what is made is recorded at once."""
        return str(17_900_000_000_000_000 + len(self._world.ledger.entries()) + 1)

    def create(self, account: Account, operation: str, made: Made) -> Item:
        data = {
            "type": made.type,
            "text": made.text,
            "media_sha256": list(made.media_sha256),
            "alts": list(made.alts),
            "children": list(made.children),
            "is_child": made.is_child,
            "ready_at": iso(self._world.clock.now() + timedelta(seconds=made.seconds)),
            "error": made.error,
            "post": None,
            **made.more,
        }
        subject = self.next_id()
        self._world.ledger.record(Act(self._platform, operation, account.id, CONTAINER, subject, Effect.CREATED, data))
        return self._require(subject)

    def get(self, subject: str) -> Item | None:
        item = self._world.ledger.current.get(self._platform, subject)
        return item if item is not None and item.kind == CONTAINER else None

    def own(self, account: Account, subject: str) -> Item:
        item = self.get(subject)
        if item is None or item.account != account.id:
            raise missing(subject)
        return item

    def _require(self, subject: str) -> Item:
        item = self.get(subject)
        assert item is not None
        return item

    def state(self, item: Item) -> State:
        now, data = self._world.clock.now(), item.data
        if data["post"] is not None:
            return State.PUBLISHED
        if now >= item.created_at + LIVES:
            return State.EXPIRED
        if now < datetime.fromisoformat(data["ready_at"]):
            return State.IN_PROGRESS
        return State.ERROR if data["error"] else State.FINISHED

    def publish(self, item: Item, operation: str, kind: str, more: Mapping[str, Any]) -> str:
        """One more post of it: the container remembers the first."""
        ledger, post, data = self._world.ledger, self.next_id(), item.data
        told = {name: data[name] for name in ("type", "text", "media_sha256", "alts")}
        ledger.record(
            Act(
                self._platform,
                operation,
                item.account,
                kind,
                post,
                Effect.CREATED,
                {**told, "container": item.subject, **more},
            )
        )
        kept = {**data, "post": data["post"] or post}
        ledger.record(Act(self._platform, operation, item.account, CONTAINER, item.subject, Effect.UPDATED, kept))
        return post

    def refuse_second(self, item: Item, operation: str) -> Refused:
        """Counted, so that a test sees that somebody tried."""
        told = {"post": item.data["post"]}
        self._world.ledger.record(
            Act(self._platform, operation, item.account, CONTAINER, item.subject, Effect.UNCHANGED, told)
        )
        return Refused(*TWICE)

    def posts_since(self, account: Account, kind: str, effect: Effect, window: timedelta) -> int:
        """How many were made (or deleted) in the window; what is gone counts as well."""
        since = self._world.clock.now() - window
        return sum(
            entry.act.kind == kind
            and entry.act.account == account.id
            and entry.act.effect is effect
            and entry.at > since
            for entry in self._world.ledger.entries(self._platform)
        )


# --- doors ---


@dataclass(frozen=True, slots=True)
class Door:
    method: str
    path: re.Pattern[str]
    operation: str
    answer: Callable[[Call], Awaitable[Json]]


def door(method: str, path: str, operation: str, answer: Callable[[Call], Any]) -> Door:
    async def told(call: Call) -> Json:
        given = answer(call)
        return dict(await given if isinstance(given, Awaitable) else given)

    return Door(method, re.compile(path), operation, told)


def found_door(doors: Sequence[Door], method: str, path: str) -> tuple[Door | None, dict[str, str]]:
    for one in doors:
        found = one.path.fullmatch(path) if one.method == method else None
        if found:
            return one, found.groupdict()
    return None, {}


def pick(call: Call, node: str, told: Mapping[str, Callable[[], Any]], default: Sequence[str]) -> Json:
    """Only the fields asked for; unknown ones are refused, absent ones left out."""
    wanted = call.fields() or list(default)
    for name in wanted:
        if name not in told:
            raise Refused(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")
    found = {name: told[name]() for name in dict.fromkeys([*wanted, "id"])}
    return {name: value for name, value in found.items() if value is not None}


def metric(name: str, value: int) -> Json:
    return {"name": name, "period": "lifetime", "values": [{"value": value}], "title": name.capitalize()}
