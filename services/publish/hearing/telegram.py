"""Telegram: the bot's updates, told by a secret word in a header (there is no signature over the body).

A bot has either a webhook or getUpdates, never both; receipts of posts are read by getUpdates. So the hook is for a
bot of its own in the discussion group, or for a channel without one: docs/how-to/platform-webhooks.md.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.publish.adapters.base import Account, Said
from services.publish.hearing.base import HOOKS, Commented, Heard, Letter, same

HEADER = "x-telegram-bot-api-secret-token"


class TelegramHook:
    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        return None

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        return same(letter.headers.get(HEADER, ""), word)

    def is_of(self, account: Account, named: str) -> bool:
        return False

    def read(self, letter: Letter) -> Sequence[Heard]:
        """A message of the discussion group that answers the automatic copy of a post of the channel."""
        update = json.loads(letter.body)
        message = update.get("message") or update.get("edited_message") or {}
        above = message.get("reply_to_message") or {}
        origin, text = above.get("forward_origin") or {}, message.get("text") or message.get("caption")
        if not above.get("is_automatic_forward") or not text or "message_id" not in origin:
            return []
        said = Said(
            f"{message['chat']['id']}/{message['message_id']}",
            str(origin["message_id"]),
            str(text),
            _when(message.get("date")),
            is_ours=bool(message.get("sender_chat")) and message["sender_chat"].get("type") == "channel",
        )
        return [Heard(Commented(said), str(update["update_id"]))]


def _when(value: Any) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else None


HOOKS.register("telegram")(TelegramHook())
