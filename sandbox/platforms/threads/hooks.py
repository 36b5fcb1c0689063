"""What Threads tells an app by itself: one object `values` in each letter, signed with the Threads app's own secret."""

import json
from dataclasses import dataclass

from pydantic import SecretStr

from sandbox.ledger import Item
from sandbox.platforms import meta
from sandbox.platforms.base import World
from sandbox.platforms.containers import Account
from sandbox.platforms.meta import Json
from sandbox.platforms.threads import rules
from sandbox.platforms.threads.making import NAME
from sandbox.webhooks import Endpoint


@dataclass(frozen=True, slots=True)
class Hook:
    url: str
    secret: SecretStr


class Hooks:
    """`by_account`: where an account's app is told, as set in the app's dashboard."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_account: dict[str, Hook] = {}

    def reply(self, account: Account, item: Item, root: str, username: str) -> None:
        value = {
            "id": item.subject,
            "username": username,
            "text": item.data["text"],
            "media_type": "TEXT_POST",
            "replied_to": {"id": item.data["reply_to"]},
            "root_post": {"id": root, "owner_id": account.id, "username": account.handle},
            "shortcode": f"T{int(item.subject):x}",
            "timestamp": meta.stamp(item.created_at),
        }
        self._tell(account, "moderate", "replies", value)

    def post(self, account: Account, field: str, subject: str) -> None:
        """`field`: publish or delete."""
        value = {"id": subject, "timestamp": meta.stamp(self._world.clock.now())}
        self._tell(account, "interaction", field, value)

    def _tell(self, account: Account, topic: str, field: str, value: Json) -> None:
        hook = self.by_account.get(account.id)
        if hook is None or field not in rules.HOOK:
            return
        told = {
            "app_id": "3550202600003",
            "topic": topic,
            "target_id": account.id,
            "time": int(self._world.clock.now().timestamp()),
            "subscription_id": "234567",
            "has_uid_field": False,
            "values": {"value": value, "field": field},
        }
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode()
        self._world.webhooks.post(Endpoint(NAME, account.id, hook.url, meta.Signer(hook.secret), meta.WEBHOOKS), body)
