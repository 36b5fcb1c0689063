"""Receipts of a channel's posts: the automatic forwards that its linked discussion group receives.

They are read without an offset, so that nothing is forgotten that others need; a bot whose queue is full (100) then
shows no new ones, unless it is ours alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.publish.adapters.base import Json
from services.publish.adapters.botapi import AnswerLost, BotApi
from services.publish.adapters.telegram_text import PostId

TWIN_WITHIN = timedelta(minutes=2)
PENDING_UPDATES = 100


@dataclass(frozen=True)
class Receipt:
    """A post as the discussion group received it; an album is one."""

    post: PostId
    text: str
    at: datetime


@dataclass(frozen=True)
class Receipts:
    bot: BotApi
    chat: str
    discussion: str
    owns_updates: bool = False

    async def all(self) -> list[Receipt]:
        page = await self._updates({})
        updates = list(page)
        while self.owns_updates and len(page) == PENDING_UPDATES:
            page = await self._updates({"offset": int(page[-1]["update_id"]) + 1})
            updates += page
        messages = [update["message"] for update in updates if isinstance(update.get("message"), dict)]
        albums: dict[str, list[Json]] = {}
        for message in messages:
            if self._is_receipt(message):
                album = message.get("media_group_id") or f"one {message.get('message_id')}"
                albums.setdefault(str(album), []).append(message)
        return sorted((_receipt(items) for items in albums.values()), key=lambda r: r.post.numbers)

    async def _updates(self, where: Json) -> list[Json]:
        found = await self.bot.ask("getUpdates", {"limit": PENDING_UPDATES, "timeout": 0, **where})
        if not isinstance(found, list) or not all(isinstance(one, dict) and "update_id" in one for one in found):
            raise AnswerLost("not a list of updates")
        return found

    def _is_receipt(self, message: Json) -> bool:
        origin = message.get("forward_origin") or {}
        return bool(
            message.get("is_automatic_forward")
            and _is_chat(message.get("chat"), self.discussion)
            and _is_chat(origin.get("chat"), self.chat)
            and isinstance(origin.get("message_id"), int)
        )


def _receipt(items: Sequence[Json]) -> Receipt:
    ordered = sorted(items, key=lambda m: int(m["forward_origin"]["message_id"]))
    numbers = tuple(int(m["forward_origin"]["message_id"]) for m in ordered)
    text = next((str(m[n]) for m in ordered for n in ("text", "caption") if m.get(n)), "")
    at = datetime.fromtimestamp(int(ordered[0]["forward_origin"].get("date") or 0), UTC)
    return Receipt(PostId(numbers, "text" not in ordered[0]), text, at)


def is_of(receipt: Receipt, payload: Json) -> bool:
    media = payload.get("media") or []
    said = str(payload.get("caption" if media else "text", ""))
    is_as_many = len(receipt.post.numbers) == max(len(media), 1)
    return is_as_many and receipt.post.has_media == bool(media) and receipt.text.split() == said.split()


def is_twin(receipt: Receipt, mine: Receipt, payload: Json) -> bool:
    return is_of(receipt, payload) and abs(receipt.at - mine.at) <= TWIN_WITHIN


def _is_chat(chat: Any, wanted: str | None) -> bool:
    if not isinstance(chat, dict) or wanted is None:
        return False
    return wanted.lower() in (str(chat.get("id")), f"@{chat.get('username', '')}".lower())
