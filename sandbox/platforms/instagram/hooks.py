"""What Instagram tells an app of the comments under a post, signed with the app's secret over the raw bytes."""

from typing import Any

from pydantic import SecretStr

from sandbox.ledger import Item
from sandbox.platforms import meta
from sandbox.platforms.base import World
from sandbox.platforms.instagram import rules
from sandbox.platforms.instagram.making import NAME
from sandbox.platforms.meta import Json
from sandbox.webhooks import Endpoint


class Hooks:
    """The callback is set in the app's dashboard, which is not played: it comes with the account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._to: dict[str, Endpoint] = {}

    def clear(self) -> None:
        self._to.clear()

    def put(self, account_id: str, options: dict[str, Any]) -> None:
        self._to.pop(account_id, None)
        url, secret = str(options.get("hook", "")), SecretStr(str(options.get("app_secret", "")))
        if url:
            self._to[account_id] = Endpoint(NAME, account_id, url, meta.Signer(secret), meta.WEBHOOKS)

    def comment(self, item: Item) -> None:
        """With who wrote it, as the platform does; the account's own answers too."""
        to = self._to.get(item.account)
        if to is None:
            return
        author = item.data["author"]
        number = item.account if item.data.get("is_ours") else str(17 * 10**15 + len(author))
        value: Json = {"id": item.subject, "text": item.data["text"], "from": {"id": number, "username": author}}
        value["media"] = {"id": item.data["post_id"], "media_product_type": "FEED"}
        if item.data["parent_id"]:
            value["parent_id"] = item.data["parent_id"]
        change = {"field": rules.WEBHOOK, "value": value}
        self._world.webhooks.post(to, meta.event(NAME, item.account, self._world.clock.now(), [change]))
