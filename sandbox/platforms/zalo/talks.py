"""Messages between a person and the account: read ten at once, answered while the person wrote within the window."""

import json
import secrets
from dataclasses import dataclass

from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.zalo import rules
from sandbox.platforms.zalo.hooks import SENDER
from sandbox.platforms.zalo.oas import NAME, Oa
from sandbox.platforms.zalo.wire import Call, Json, Refused, invalid, needed, require_only

MESSAGE = "message"
OURS, THEIRS = 0, 1


@dataclass(frozen=True, slots=True)
class Talks:
    world: World

    def written(self, oa: Oa, text: str) -> str:
        """By a person to the account; the id of the message."""
        return self._kept(oa, "message.receive", SENDER, THEIRS, text, None)

    def answer(self, oa: Oa, call: Call) -> Json:
        """`POST /v3.0/oa/message/cs`."""
        require_only(call.body, "recipient", "message")
        recipient, message = call.body.get("recipient"), call.body.get("message")
        if not isinstance(recipient, dict) or not isinstance(message, dict):
            raise invalid("recipient and message are objects")
        require_only(recipient, "user_id")
        require_only(message, "text", "quote_message_id")
        user, text = needed(recipient, "user_id"), needed(message, "text", rules.MESSAGE_TEXT)
        if not oa.may_message:
            raise Refused(*rules.PERMISSION)
        if not oa.has_package:
            raise Refused(*rules.PACKAGE)
        quoted = message.get("quote_message_id")
        if quoted is not None and quoted not in {one.subject for one in self._of(oa, user)}:
            raise invalid("quote_message_id is invalid")
        theirs = [one for one in self._of(oa, user) if one.data["src"] == THEIRS]
        now = self.world.clock.now()
        if not theirs or max(one.created_at for one in theirs) <= now - rules.WINDOW:
            raise Refused(*rules.NO_WINDOW)
        number = self._kept(oa, "message.cs", user, OURS, text, quoted)
        is_free = max(one.created_at for one in theirs) > now - rules.FREE
        quota = {"quota_type": "reply" if is_free else "sub_quota"}
        sent = str(int(now.timestamp() * 1000))
        return {"message_id": number, "user_id": user, "sent_time": sent, "quota": quota}

    def read(self, oa: Oa, call: Call) -> list[Json]:
        """`GET /v2.0/oa/conversation?data={...}`: newest first."""
        try:
            asked = json.loads(str(call.query.get("data", "")))
            user, offset, count = (
                str(asked["user_id"]),
                int(asked.get("offset", 0)),
                int(asked.get("count", rules.TALK)),
            )
        except (ValueError, KeyError, TypeError):
            raise invalid("data is invalid") from None
        if not 1 <= count <= rules.TALK or offset < 0:
            raise invalid("count is 1 to 10")
        newest = sorted(self._of(oa, user), key=lambda one: -one.seq)
        return [_told(oa, one) for one in newest[offset : offset + count]]

    def _of(self, oa: Oa, user: str) -> list[Item]:
        found = self.world.ledger.current.of(NAME, MESSAGE)
        return [one for one in found if one.account == oa.id and one.data["user"] == user]

    def _kept(self, oa: Oa, operation: str, user: str, src: int, text: str, quoted: str | None) -> str:
        number = secrets.token_hex(8)
        data = {"user": user, "src": src, "text": text, "quoted": quoted}
        self.world.ledger.record(Act(NAME, operation, oa.id, MESSAGE, number, Effect.CREATED, data))
        return number


def _told(oa: Oa, item: Item) -> Json:
    ours, user = item.data["src"] == OURS, item.data["user"]
    return {
        "src": item.data["src"],
        "time": int(item.created_at.timestamp() * 1000),
        "type": "text",
        "message": item.data["text"],
        "message_id": item.subject,
        "from_id": oa.id if ours else user,
        "to_id": user if ours else oa.id,
        "from_display_name": oa.name if ours else "Một người nhắn",
        "to_display_name": "Một người nhắn" if ours else oa.name,
    }
