"""What a bot is told: a queue of updates for each, read by getUpdates or sent to its webhook, never both."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox.platforms.base import World
from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.chats import Chat, Chats
from sandbox.platforms.telegram.wire import BadRequest, Call, Conflict, Json
from sandbox.pull import is_loopback
from sandbox.webhooks import Endpoint

NAME = "telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_LONGEST_POLL = 50.0
_STEP = 0.05


@dataclass(frozen=True, slots=True)
class _Update:
    id: int
    kind: str
    payload: Json
    chat_id: int
    expires_at: datetime

    def as_json(self) -> Json:
        return {"update_id": self.id, self.kind: self.payload}


@dataclass(frozen=True, slots=True)
class _Coming:
    at: datetime
    bot_id: int
    kind: str
    payload: Json
    chat_id: int


@dataclass(frozen=True, slots=True)
class Hook:
    url: str
    secret: str
    connections: int

    def sign(self, body: bytes, at: datetime, forged: bool) -> Mapping[str, str]:
        """A shared secret, not a signature: it says nothing about the body."""
        return {SECRET_HEADER: "khong-phai-ma-that" if forged else self.secret} if self.secret else {}


class Updates:
    def __init__(self, world: World, chats: Chats) -> None:
        self._world, self._chats = world, chats
        self._coming: list[_Coming] = []
        self._queues: dict[int, list[_Update]] = {}
        self._made: dict[int, int] = {}
        self._allowed: dict[int, tuple[str, ...]] = {}
        self._hooks: dict[int, Hook] = {}
        self._polls: dict[int, int] = {}
        world.webhooks.feed(self.settle)

    def clear(self) -> None:
        for bot_id in self._hooks:
            self._world.webhooks.withdraw(NAME, str(bot_id))
        for held in (self._coming, self._queues, self._made, self._allowed, self._hooks, self._polls):
            held.clear()

    def publish(self, chat: Chat, kind: str, payload: Json, after: float = 0.0, but: int | None = None) -> None:
        """To the chat's administrators; `but` is the bot that did it itself."""
        at = self._world.clock.now() + timedelta(seconds=after)
        for bot_id in self._chats.administrators(chat):
            if bot_id != but:
                self._coming.append(_Coming(at, bot_id, kind, payload, chat.id))

    def settle(self) -> None:
        """What the clock has reached gets its number; what nobody fetched in a day goes."""
        now = self._world.clock.now()
        due = sorted((c for c in self._coming if c.at <= now), key=lambda c: c.at)
        if due:
            self._coming = [c for c in self._coming if c.at > now]
        for one in due:
            if one.kind in self._allowed.get(one.bot_id, rules.UPDATE_KINDS):
                self._enqueue(one)
        for bot_id, queue in self._queues.items():
            self._queues[bot_id] = [u for u in queue if u.expires_at > now]

    def _enqueue(self, one: _Coming) -> None:
        number = self._made.get(one.bot_id, one.bot_id % 1_000_000 + 100_000_000) + 1
        self._made[one.bot_id] = number
        update = _Update(number, one.kind, one.payload, one.chat_id, one.at + rules.UPDATES_KEPT)
        self._queues.setdefault(one.bot_id, []).append(update)
        if one.bot_id in self._hooks:
            self._post(one.bot_id, update)

    # --- polling ---

    async def get(self, call: Call) -> list[Json]:
        bot_id, clock = call.bot_id, asyncio.get_running_loop()
        if bot_id in self._hooks:
            raise Conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._remember_allowed(call)
        turn = self._polls[bot_id] = self._polls.get(bot_id, 0) + 1
        self.settle()
        self._forget_before(bot_id, call.integer("offset") or 0)
        limit = min(max(call.integer("limit") or rules.UPDATES_BATCH, 1), rules.UPDATES_BATCH)
        until = clock.time() + min(max(call.integer("timeout") or 0, 0), _LONGEST_POLL)
        while True:
            self.settle()
            found = [u.as_json() for u in self._queues.get(bot_id, [])[:limit]]
            if found or clock.time() >= until:
                return found
            await asyncio.sleep(_STEP)
            if self._polls.get(bot_id) != turn:
                raise Conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )

    def _forget_before(self, bot_id: int, offset: int) -> None:
        queue = self._queues.get(bot_id, [])
        if offset > 0:
            self._queues[bot_id] = [u for u in queue if u.id >= offset]
        elif offset < 0:
            self._queues[bot_id] = queue[offset:]

    def _remember_allowed(self, call: Call) -> None:
        wanted = call.structure("allowed_updates")
        if isinstance(wanted, list):
            self._allowed[call.bot_id] = tuple(str(kind) for kind in wanted) or rules.UPDATE_KINDS

    # --- webhook ---

    def set_webhook(self, call: Call) -> bool:
        url, secret = call.text("url"), call.text("secret_token")
        if not url:
            return self.delete_webhook(call)
        _require_address(url)
        if secret and not re.fullmatch(rules.SECRET_TOKEN, secret):
            raise BadRequest("secret token contains unallowed characters")
        self._remember_allowed(call)
        self._hooks[call.bot_id] = Hook(url, secret, call.integer("max_connections") or 40)
        self._world.webhooks.withdraw(NAME, str(call.bot_id))
        self._drop_if_asked(call)
        for update in self._queues.get(call.bot_id, []):
            self._post(call.bot_id, update)
        return True

    def delete_webhook(self, call: Call) -> bool:
        self._hooks.pop(call.bot_id, None)
        self._world.webhooks.withdraw(NAME, str(call.bot_id))
        self._drop_if_asked(call)
        return True

    def webhook_info(self, call: Call) -> Json:
        self.settle()
        hook, pending = self._hooks.get(call.bot_id), len(self._queues.get(call.bot_id, []))
        told: Json = {"url": hook.url if hook else "", "has_custom_certificate": False, "pending_update_count": pending}
        if hook is not None:
            told["max_connections"] = hook.connections
        if call.bot_id in self._allowed:
            told["allowed_updates"] = list(self._allowed[call.bot_id])
        trouble = self._world.webhooks.trouble(NAME, str(call.bot_id))
        if trouble is not None:
            told |= {"last_error_date": int(trouble[0].timestamp()), "last_error_message": trouble[1]}
        return told

    def _drop_if_asked(self, call: Call) -> None:
        if call.flag("drop_pending_updates"):
            self._queues.pop(call.bot_id, None)

    def _post(self, bot_id: int, update: _Update) -> None:
        hook = self._hooks[bot_id]
        endpoint = Endpoint(NAME, str(bot_id), hook.url, hook.sign, rules.WEBHOOK)
        body = json.dumps(update.as_json()).encode()

        def done() -> None:
            self._queues[bot_id] = [u for u in self._queues.get(bot_id, []) if u.id != update.id]

        self._world.webhooks.post(endpoint, body, str(update.chat_id), done)


def _require_address(url: str) -> None:
    try:
        parts: Any = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequest("bad webhook: invalid URL") from None
    if rules.WEBHOOK_LOOPBACK and is_loopback(host):
        return
    if parts.scheme != "https":
        raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in rules.WEBHOOK_PORTS:
        raise BadRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
