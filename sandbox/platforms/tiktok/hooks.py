"""What TikTok tells an app by itself: signed, with the facts as JSON inside a string, at least once each."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from sandbox.ledger import Item
from sandbox.platforms.base import World
from sandbox.platforms.tiktok import rules
from sandbox.platforms.tiktok.accounts import NAME, Creator, Creators
from sandbox.platforms.tiktok.posting import TASK, Posting
from sandbox.platforms.tiktok.wire import Json
from sandbox.webhooks import Endpoint, WebhookPolicy

POLICY = WebhookPolicy(ack_seconds=5.0, delays=rules.HOOK_DELAYS, keep=rules.HOOK_KEPT)


@dataclass(frozen=True, slots=True)
class Signer:
    """Over the time and the raw bytes, with the app's secret; forged: with another."""

    secret: SecretStr

    def __call__(self, body: bytes, at: datetime, forged: bool) -> Mapping[str, str]:
        key = b"somebody-else" if forged else self.secret.get_secret_value().encode()
        written = str(int(at.timestamp()))
        signed = hmac.new(key, written.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"TikTok-Signature": f"t={written},s={signed}"}


class Hooks:
    def __init__(self, world: World, creators: Creators, posting: Posting) -> None:
        self._world, self._creators, self._posting = world, creators, posting
        self._told: set[tuple[str, str]] = set()
        world.webhooks.feed(self._look)

    def clear(self) -> None:
        self._told.clear()

    def tell(self, creator: Creator, event: str, content: Json) -> None:
        if not creator.hook:
            return
        told = {
            "client_key": creator.client_key,
            "event": event,
            "create_time": int(self._world.clock.now().timestamp()),
            "user_openid": creator.id,
            "content": json.dumps(content, separators=(",", ":")),
        }
        to = Endpoint(NAME, creator.id, creator.hook, Signer(creator.client_secret), POLICY)
        self._world.webhooks.post(to, json.dumps(told, separators=(",", ":")).encode())

    def _look(self) -> None:
        """What the clock has brought about since."""
        self._posting.settle()
        for task in self._world.ledger.current.of(NAME, TASK):
            creator = self._creators.by_id.get(task.account)
            if creator is None or not creator.hook:
                continue
            for event, content in self._of(task):
                if (task.subject, event) not in self._told:
                    self._told.add((task.subject, event))
                    self.tell(creator, event, {"publish_id": task.subject, **content})

    def _of(self, task: Item) -> Iterator[tuple[str, Json]]:
        data = task.data
        kind = {"publish_type": "INBOX_SHARE" if data["is_draft"] else "DIRECT_PUBLISH"}
        match self._posting.state(task):
            case "FAILED":
                yield "post.publish.failed", {"reason": data["reason"], **kind}
            case "SEND_TO_USER_INBOX":
                yield "post.publish.inbox_delivered", kind
            case "PUBLISH_COMPLETE":
                yield "post.publish.complete", kind
            case _:
                pass
        post = self._world.ledger.current.get(NAME, data["post"] or "")
        if post is not None and self._posting.is_public(post):
            yield "post.publish.publicly_available", {"post_id": post.subject, **kind}
        elif post is None and (task.subject, "post.publish.publicly_available") in self._told:
            yield "post.publish.no_longer_publicaly_available", {"post_id": data["post"], **kind}
