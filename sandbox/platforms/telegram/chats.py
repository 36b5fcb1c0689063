"""Bots, the channels they post to, the linked discussion groups, and what each bot may do there."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.wire import BadRequest, Call, Forbidden, Json, TelegramError

RIGHTS = frozenset({"can_post_messages", "can_edit_messages", "can_delete_messages"})
_OTHER_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_send_welcome_messages",
)  # fmt: skip
_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)
STATUSES = ("active", "revoked", "kicked", "readonly")
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
"""Who brings a channel's posts to its discussion group."""


@dataclass(frozen=True, slots=True)
class Bot:
    id: int
    token: SecretStr
    is_revoked: bool = False

    @property
    def username(self) -> str:
        return f"lantoa_{self.id}_bot"

    def as_user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": "Lan Tỏa", "username": self.username}


@dataclass(frozen=True, slots=True)
class Chat:
    id: int
    kind: str
    title: str
    username: str = ""
    linked_id: int | None = None
    members: int = 0
    migrated_to: int | None = None

    @property
    def is_channel(self) -> bool:
        return self.kind == "channel"

    def as_json(self) -> Json:
        told: Json = {"id": self.id, "title": self.title, "type": self.kind}
        return {**told, "username": self.username} if self.username else told


@dataclass(slots=True)
class Chats:
    bots: dict[int, Bot] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    rights: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)
    """(chat, bot) → its rights as an administrator."""
    kicked: set[tuple[int, int]] = field(default_factory=set)

    def put(
        self, username: str, token: SecretStr, title: str, status: str, members: int, options: dict[str, Any]
    ) -> tuple[Chat, Bot]:
        """A channel with its bot; options: discussion (bool), rights (names), migrated_to (id)."""
        bot = Bot(int(token.get_secret_value().partition(":")[0]), token, status == "revoked")
        group = self._put_group(username, title, bot) if options.get("discussion") else None
        linked, moved = group.id if group else None, options.get("migrated_to")
        chat = Chat(chat_id_of(username), "channel", title or username, username, linked, members, moved)
        self.bots[bot.id], self.chats[chat.id] = bot, chat
        allowed = frozenset(options.get("rights", ())) if "rights" in options else RIGHTS
        self.rights[chat.id, bot.id] = frozenset() if status == "readonly" else allowed & RIGHTS
        self.kicked.discard((chat.id, bot.id))
        if status == "kicked":
            self.kicked.add((chat.id, bot.id))
        return chat, bot

    def clear(self) -> None:
        self.bots.clear()
        self.chats.clear()
        self.rights.clear()
        self.kicked.clear()

    # --- who asks, and where ---

    def authorized(self, token: str) -> Bot:
        number, colon, _ = token.partition(":")
        if not colon or not number.isdecimal() or len(token) > 80:
            raise TelegramError(rules.BAD_TOKEN, "Unauthorized: invalid token specified")
        bot = self.bots.get(int(number))
        known = bot.token.get_secret_value() if bot else ""
        if bot is None or bot.is_revoked or not hmac.compare_digest(known.encode(), token.encode()):
            raise TelegramError(rules.BAD_TOKEN, "Unauthorized")
        return bot

    def require(self, call: Call) -> Chat:
        """The chat that `chat_id` names, where the bot has access to it."""
        named = call.text("chat_id")
        if not named:
            raise BadRequest("chat_id is empty")
        chat = self._named(named)
        if chat is None or (chat.id, call.bot_id) not in self.rights:
            raise BadRequest("chat not found")
        if chat.migrated_to is not None:
            raise BadRequest("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        if (chat.id, call.bot_id) in self.kicked:
            raise Forbidden(rules.KICKED if chat.is_channel else "bot was kicked from the supergroup chat")
        return chat

    def require_right(self, chat: Chat, bot_id: int, right: str) -> None:
        if chat.is_channel and right not in self.rights[chat.id, bot_id]:
            raise BadRequest(rules.NO_RIGHTS)

    def administrators(self, chat: Chat) -> list[int]:
        """The bots that are told of what happens in a chat."""
        return [bot for (where, bot) in self.rights if where == chat.id and (where, bot) not in self.kicked]

    def _named(self, named: str) -> Chat | None:
        if named.startswith("@"):
            wanted = named[1:].lower()
            return next((c for c in self.chats.values() if c.username.lower() == wanted), None)
        try:
            return self.chats.get(int(named))
        except ValueError:
            return None

    def _put_group(self, username: str, title: str, bot: Bot) -> Chat:
        group = Chat(
            chat_id_of(f"{username}/discussion"),
            "supergroup",
            f"Thảo luận: {title or username}",
            linked_id=chat_id_of(username),
        )
        self.chats[group.id], self.rights[group.id, bot.id] = group, RIGHTS
        return group

    # --- methods ---

    def get_me(self, call: Call) -> Json:
        more = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}
        return {**self.bots[call.bot_id].as_user(), **more}

    def get_chat(self, call: Call) -> Json:
        chat = self.require(call)
        told = {**chat.as_json(), "accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}
        return {**told, "linked_chat_id": chat.linked_id} if chat.linked_id else told

    def get_member_count(self, call: Call) -> int:
        return self.require(call).members

    def get_member(self, call: Call) -> Json:
        chat, user = self.require(call), call.integer("user_id")
        if user not in self.bots:
            raise BadRequest("invalid user_id specified" if user is None else "member not found")
        told: Json = {"user": self.bots[user].as_user()}
        if (chat.id, user) in self.kicked:
            return {**told, "status": "kicked", "until_date": 0}
        if (chat.id, user) not in self.rights:
            return {**told, "status": "left"}
        given = self.rights[chat.id, user]
        rights = {name: name in given for name in sorted(RIGHTS)}
        others = {name: name == "can_manage_chat" for name in _OTHER_RIGHTS}
        return {**told, "status": "administrator", **others, **rights}


def chat_id_of(name: str) -> int:
    """The same name keeps its id over restarts of the sandbox; channels and supergroups begin with -100."""
    digest = hashlib.sha256(f"lantoa-sandbox-telegram:{name.lower()}".encode()).digest()
    return -(1_000_000_000_000 + int.from_bytes(digest[:5]) % 1_000_000_000 + 1_000_000_000)
