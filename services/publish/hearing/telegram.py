"""Telegram: the bot's updates, told by a secret word in a header (there is no signature over the body).

A bot has either a webhook or getUpdates, never both; receipts of posts are read by getUpdates. So the hook is for a
bot of its own in the discussion group, or for a channel without one: docs/how-to/platform-webhooks.md.
"""

import json
from collections.abc import Mapping, Sequence

from services.publish.adapters.base import Account, Said
from services.publish.hearing.base import HOOKS, Commented, Heard, Json, Letter, instant, same

HEADER = "x-telegram-bot-api-secret-token"


class TelegramHook:
    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        return None

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        return same(letter.headers.get(HEADER, ""), word)

    def is_of(self, account: Account, named: str) -> bool:
        return False

    def read(self, letter: Letter) -> Sequence[Heard]:
        """A message of the discussion group that answers the automatic copy of a post, or another such message."""
        update = json.loads(letter.body)
        message = update.get("message") or update.get("edited_message") or {}
        above, text = message.get("reply_to_message") or {}, message.get("text") or message.get("caption")
        if not above or not text:
            return []
        event = Commented(_said(message, above, str(text)), is_new="message" in update)
        return [Heard(event, str(update["update_id"]))]


def _said(message: Json, above: Json, text: str) -> Said:
    """The post is named by its copy; an answer to an answer names only that."""
    post = (above.get("forward_origin") or {}) if above.get("is_automatic_forward") else {}
    return Said(
        _name(message),
        str(post.get("message_id") or ""),
        text,
        instant(message.get("date")),
        None if post else _name(above),
        is_ours=_is_ours(message, post),
    )


def _name(message: Json) -> str:
    return f"{message['chat']['id']}/{message['message_id']}"


def _is_ours(message: Json, post: Json) -> bool:
    """In the name of the channel itself or of its group; a reader may write in the name of a channel of their own."""
    writer = (message.get("sender_chat") or {}).get("id")
    return writer is not None and writer in (message["chat"]["id"], (post.get("chat") or {}).get("id"))


HOOKS.register("telegram")(TelegramHook())
