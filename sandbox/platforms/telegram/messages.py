"""Messages: written to the ledger before they count, copied to the discussion group, edited and deleted."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from threading import RLock
from typing import Any

from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.chats import TELEGRAM, Chat, Chats
from sandbox.platforms.telegram.limits import Floods
from sandbox.platforms.telegram.markup import Formatted, formatted
from sandbox.platforms.telegram.media import Files, Medium, facts_of
from sandbox.platforms.telegram.updates import NAME, Updates
from sandbox.platforms.telegram.wire import BadRequest, Call, File, Json
from sandbox.pull import PullFailed, Trouble

POST = "post"
COPY = "forward"
GROUP = "group-message"
_PREVIEW = frozenset({"is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text"})
_SAME = ("text", "entities", "medium", "preview", "is_above")


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says; `medium` decides whether its text is a text or a caption."""

    said: Formatted
    medium: Medium | None = None
    preview: Json | None = None
    is_above: bool = False

    def as_data(self) -> Json:
        return {
            "text": self.said.text,
            "entities": list(self.said.entities),
            "medium": asdict(self.medium) if self.medium else None,
            "media_sha256": [self.medium.sha256] if self.medium else [],
            "preview": self.preview,
            "is_above": self.is_above,
        }


class Messages:
    def __init__(self, world: World, chats: Chats, updates: Updates, files: Files) -> None:
        self._world, self._chats, self._updates, self._files = world, chats, updates, files
        self._floods = Floods(world)
        self._last: dict[int, int] = {}
        self._lock = RLock()

    def clear(self) -> None:
        self._last.clear()
        self._floods.clear()

    # --- sending ---

    async def send_text(self, call: Call) -> Json:
        chat = self._allowed(call)
        return self._sent(call, chat, [_text(call)])[0]

    async def send_photo(self, call: Call) -> Json:
        return await self._send_file(call, "photo")

    async def send_video(self, call: Call) -> Json:
        return await self._send_file(call, "video")

    async def send_document(self, call: Call) -> Json:
        return await self._send_file(call, "document")

    async def send_album(self, call: Call) -> list[Json]:
        chat, asked = self._allowed(call), call.structure("media")
        if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
            raise BadRequest("can't parse media JSON object")
        fewest, most = rules.ALBUM
        if not fewest <= len(asked) <= most:
            raise BadRequest(f"media must include {fewest}-{most} items")
        kinds = {str(one.get("type")) for one in asked}
        if not any(kinds <= together for together in rules.ALBUM_MIX):
            raise BadRequest("can't use the media of the specified type in the album")
        return self._sent(call, chat, [await self._input(call, one) for one in asked])

    async def _send_file(self, call: Call, kind: str) -> Json:
        chat = self._allowed(call)
        medium = await self._medium(call, kind, call.text(kind), kind)
        return self._sent(call, chat, [_captioned(call.values, call.structure("caption_entities"), medium)])[0]

    async def _input(self, call: Call, one: Json) -> Content:
        """An InputMedia."""
        medium = await self._medium(call, str(one["type"]), str(one.get("media", "")), "media")
        return _captioned(one, one.get("caption_entities"), medium)

    async def _medium(self, call: Call, kind: str, value: str, field: str) -> Medium:
        facts = facts_of(dict(call.values))
        name = value.removeprefix("attach://") if value.startswith("attach://") else field
        if name in call.files and (not value or value.startswith("attach://")):
            return self._files.keep(kind, call.files[name], facts)
        if value.startswith(("http://", "https://")):
            return self._files.keep(kind, await self._pulled(call, kind, value), facts)
        if not value or value.startswith("attach://"):
            raise BadRequest(f"there is no {kind} in the request")
        return self._files.by_id(kind, value)

    async def _pulled(self, call: Call, kind: str, url: str) -> File:
        policy = rules.PULL_PHOTO if kind == "photo" else rules.PULL_FILE
        try:
            pulled = await self._world.puller.pull(NAME, str(call.bot_id), url, policy)
        except PullFailed as failed:
            if failed.trouble in (Trouble.TYPE, Trouble.EMPTY):
                raise BadRequest("wrong type of the web page content") from None
            raise BadRequest("failed to get HTTP URL content") from None
        return File(url.rsplit("/", 1)[-1], pulled.body, pulled.mime)

    def _allowed(self, call: Call) -> Chat:
        chat = self._chats.require(call)
        self._chats.require_right(chat, call.bot_id, "can_post_messages")
        if not call.again:
            self._floods.require_allowance(call.bot_id, chat)
        return chat

    def _sent(self, call: Call, chat: Chat, contents: Sequence[Content]) -> list[Json]:
        """One message, or the items of an album: all are possible before the first is recorded."""
        reply_to = self._reply_to(call, chat)
        album = str(10_000_000_000_000_000 + self._next_id(0)) if len(contents) > 1 else None
        made = []
        for content in contents:
            data = content.as_data() | {"bot_id": call.bot_id, "media_group_id": album, "reply_to": reply_to}
            item = self._create(call.method, chat, POST if chat.is_channel else GROUP, data)
            if chat.is_channel:
                self._forward(call.method, chat, item)
            made.append(self.shown(item))
        return made

    def _reply_to(self, call: Call, chat: Chat) -> int | None:
        asked = call.structure("reply_parameters")
        if not isinstance(asked, dict):
            return None
        wanted = asked.get("message_id")
        if isinstance(wanted, int) and self._item(chat.id, wanted) is not None:
            return wanted
        if asked.get("allow_sending_without_reply"):
            return None
        raise BadRequest("message to be replied not found")

    def _create(self, operation: str, chat: Chat, kind: str, data: Json) -> Item:
        with self._lock:
            number = self._next_id(chat.id)
            date = int(self._world.clock.now().timestamp())
            whole = {"chat_id": chat.id, "message_id": number, "date": date, **data}
            subject = f"{chat.id}/{number}"
            self._world.ledger.record(Act(NAME, operation, _name(chat), kind, subject, Effect.CREATED, whole))
        item = self._item(chat.id, number)
        assert item is not None
        return item

    def _next_id(self, chat_id: int) -> int:
        """Numbers of a chat are never used again, also after a restart; chat 0 numbers the albums."""
        with self._lock:
            if chat_id not in self._last:
                self._last[chat_id] = self._highest(chat_id)
            self._last[chat_id] += 1
            return self._last[chat_id]

    def _highest(self, chat_id: int) -> int:
        told = [e.act.data for e in self._world.ledger.entries(NAME) if "message_id" in e.act.data]
        if chat_id == 0:
            return max((int(d["media_group_id"]) % 10**16 for d in told if d.get("media_group_id")), default=0)
        return max((int(d["message_id"]) for d in told if d["chat_id"] == chat_id), default=0)

    # --- the discussion group ---

    def _forward(self, operation: str, chat: Chat, post: Item) -> None:
        group = self._chats.chats.get(chat.linked_id) if chat.linked_id else None
        if group is None:
            return
        origin = {"chat_id": chat.id, "message_id": post.data["message_id"], "date": post.data["date"]}
        data = {**_content_of(post.data), "bot_id": None, "media_group_id": post.data["media_group_id"]}
        copy = self._create(operation, group, COPY, {**data, "reply_to": None, "origin": origin})
        self._updates.publish(group, "message", self.shown(copy), after=self._forward_lag())

    def _forward_lag(self) -> float:
        return self._world.settings.telegram.forward_lag_seconds + self._world.lags.of(NAME).seconds

    def copies_of(self, post: Item) -> list[Item]:
        """At most one: the post's automatic forward."""
        wanted = (post.data["chat_id"], post.data["message_id"])
        copies = self._world.ledger.current.of(NAME, COPY)
        return [c for c in copies if (c.data["origin"]["chat_id"], c.data["origin"]["message_id"]) == wanted]

    def comment(self, post: Item, author: str, text: str) -> Item | None:
        """A reader's answer to a post; None where there is no discussion group."""
        copies = self.copies_of(post)
        if not copies:
            return None
        group = self._chats.chats[copies[0].data["chat_id"]]
        number = 5_000_000_000 + int.from_bytes(hashlib.sha256(author.encode()).digest()[:3])
        reader = {"id": number, "is_bot": False, "first_name": author or "Người đọc"}
        data = {**Content(Formatted(text)).as_data(), "bot_id": None, "media_group_id": None, "from": reader}
        item = self._create("engage", group, GROUP, {**data, "reply_to": copies[0].data["message_id"]})
        self._updates.publish(group, "message", self.shown(item))
        return item

    # --- editing ---

    async def edit_text(self, call: Call) -> Json:
        item = self._editable(call)
        if item.data["medium"] is not None:
            raise BadRequest("there is no text in the message to edit")
        return self._edited(call, item, _text(call))

    async def edit_caption(self, call: Call) -> Json:
        item = self._editable(call)
        if item.data["medium"] is None:
            raise BadRequest("there is no caption in the message to edit")
        content = _captioned(call.values, call.structure("caption_entities"), Medium(**item.data["medium"]))
        return self._edited(call, item, content)

    async def edit_media(self, call: Call) -> Json:
        item, asked = self._editable(call), call.structure("media")
        if not isinstance(asked, dict) or asked.get("type") not in ("photo", "video", "document"):
            raise BadRequest("can't parse media JSON object")
        if item.data["medium"] is None:
            raise BadRequest("there is no media in the message to edit")
        return self._edited(call, item, await self._input(call, asked))

    async def edit_markup(self, call: Call) -> Json:
        """Keyboards are not played: what is there has none, so that nothing ever changes."""
        item = self._editable(call)
        self._record(call.method, self._chats.chats[item.data["chat_id"]], item, Effect.UNCHANGED, {})
        raise BadRequest(rules.NOT_MODIFIED)

    def _editable(self, call: Call) -> Item:
        chat = self._chats.require(call)
        item = self._item(chat.id, call.integer("message_id") or 0)
        if item is None:
            raise BadRequest("message to edit not found")
        self._chats.require_right(chat, call.bot_id, "can_post_messages")
        if item.data["bot_id"] != call.bot_id:
            raise BadRequest("message can't be edited")
        return item

    def _edited(self, call: Call, item: Item, content: Content) -> Json:
        changed = content.as_data()
        chat = self._chats.chats[item.data["chat_id"]]
        if all(item.data[name] == changed[name] for name in _SAME):
            self._record(call.method, chat, item, Effect.UNCHANGED, {})
            raise BadRequest(rules.NOT_MODIFIED)
        changed["edit_date"] = int(self._world.clock.now().timestamp())
        self._record(call.method, chat, item, Effect.UPDATED, {**item.data, **changed})
        for copy in self.copies_of(item):
            group = self._chats.chats[copy.data["chat_id"]]
            self._record(call.method, group, copy, Effect.UPDATED, {**copy.data, **changed})
            self._updates.publish(group, "edited_message", self.shown(copy), after=self._forward_lag())
        return self.shown(item)

    async def pin(self, call: Call) -> bool:
        chat = self._chats.require(call)
        item = self._item(chat.id, call.integer("message_id") or 0)
        if item is None:
            raise BadRequest("message to pin not found")
        if chat.is_channel and "can_edit_messages" not in self._chats.rights[chat.id, call.bot_id]:
            raise BadRequest("not enough rights to manage pinned messages in the chat")
        self._record(call.method, chat, item, Effect.UPDATED, {**item.data, "is_pinned": True})
        return True

    # --- deleting ---

    async def delete(self, call: Call) -> bool:
        chat = self._chats.require(call)
        item = self._item(chat.id, call.integer("message_id") or 0)
        if item is None:
            raise BadRequest("message to delete not found")
        self._require_deletable(call, chat, item)
        self._delete(call, chat, item)
        return True

    async def delete_many(self, call: Call) -> bool:
        """Those that are there; all of them can be deleted before the first is."""
        chat, asked = self._chats.require(call), call.structure("message_ids")
        if not isinstance(asked, list) or not 1 <= len(asked) <= rules.MAX_DELETES:
            raise BadRequest(f"message_ids must have 1-{rules.MAX_DELETES} items")
        found = [item for number in asked if (item := self._item(chat.id, int(number))) is not None]
        for item in found:
            self._require_deletable(call, chat, item)
        for item in found:
            self._delete(call, chat, item)
        return True

    def _require_deletable(self, call: Call, chat: Chat, item: Item) -> None:
        rights, is_own = self._chats.rights[chat.id, call.bot_id], item.data["bot_id"] == call.bot_id
        by_right = "can_delete_messages" in rights or (is_own and "can_post_messages" in rights)
        too_old = self._world.clock.now() - item.created_at >= rules.DELETE_WINDOW
        stays = rules.DELETE_OLD_POSTS or self._world.settings.telegram.channel_posts_stay_deletable
        if not by_right or (too_old and not (stays and is_own and chat.is_channel)):
            raise BadRequest("message can't be deleted")

    def _delete(self, call: Call, chat: Chat, item: Item) -> None:
        copies = self.copies_of(item)
        self._record(call.method, chat, item, Effect.DELETED, {})
        for copy in copies:
            group = self._chats.chats[copy.data["chat_id"]]
            self._record(call.method, group, copy, Effect.DELETED, {})

    def _record(self, operation: str, chat: Chat, item: Item, effect: Effect, data: Json) -> None:
        self._world.ledger.record(Act(NAME, operation, _name(chat), item.kind, item.subject, effect, data))

    def _item(self, chat_id: int, number: int) -> Item | None:
        return self._world.ledger.current.get(NAME, f"{chat_id}/{number}")

    # --- as the API tells it ---

    def shown(self, item: Item) -> Json:
        """A Message."""
        data = item.data
        chat = self._chats.chats[data["chat_id"]]
        told: Json = {"message_id": data["message_id"], "date": data["date"], "chat": chat.as_json()}
        told |= self._sender(chat, data)
        if data.get("edit_date"):
            told["edit_date"] = data["edit_date"]
        if data.get("media_group_id"):
            told["media_group_id"] = data["media_group_id"]
        return {**told, **self._reply(chat, data), **_words(data)}

    def _sender(self, chat: Chat, data: Json) -> Json:
        origin = data.get("origin")
        if origin is not None:
            channel = self._chats.chats[origin["chat_id"]].as_json()
            source = {"type": "channel", "chat": channel, "message_id": origin["message_id"], "date": origin["date"]}
            return {"from": TELEGRAM, "sender_chat": channel, "is_automatic_forward": True, "forward_origin": source}
        if chat.is_channel:
            return {"sender_chat": chat.as_json()}
        bot = self._chats.bots.get(data["bot_id"] or 0)
        return {"from": bot.as_user() if bot else data.get("from", {})}

    def _reply(self, chat: Chat, data: Json) -> Json:
        answered = self._item(chat.id, data["reply_to"]) if data.get("reply_to") else None
        if answered is None:
            return {}
        return {"reply_to_message": self.shown(answered), "message_thread_id": data["reply_to"]}


def _text(call: Call) -> Content:
    said = formatted(call.text("text"), call.text("parse_mode"), call.structure("entities"))
    if not said.text:
        raise BadRequest("message text is empty")
    if said.units > rules.TEXT_UNITS:
        raise BadRequest("message is too long")
    preview = call.structure("link_preview_options")
    if preview is not None and not (isinstance(preview, dict) and preview.keys() <= _PREVIEW):
        raise BadRequest("can't parse link preview options JSON object")
    return Content(said, preview=preview or None)


def _captioned(values: Any, entities: Any, medium: Medium) -> Content:
    said = formatted(str(values.get("caption") or ""), str(values.get("parse_mode") or ""), entities)
    if said.units > rules.CAPTION_UNITS:
        raise BadRequest("message caption is too long")
    above = str(values.get("show_caption_above_media", "")).lower() in ("true", "1", "yes")
    return Content(said, medium, is_above=above)


def _content_of(data: Json) -> Json:
    return {name: data[name] for name in (*_SAME, "media_sha256")}


def _words(data: Json) -> Json:
    if data["medium"] is None:
        told: Json = {"text": data["text"]}
        told |= {"entities": data["entities"]} if data["entities"] else {}
        return told | ({"link_preview_options": data["preview"]} if data["preview"] else {})
    told = Medium(**data["medium"]).as_json()
    told |= {"caption": data["text"]} if data["text"] else {}
    told |= {"caption_entities": data["entities"]} if data["entities"] else {}
    return told | ({"show_caption_above_media": True} if data["is_above"] and data["text"] else {})


def _name(chat: Chat) -> str:
    return chat.username or str(chat.id)
