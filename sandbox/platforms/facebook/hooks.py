"""Webhooks of the pages' apps: the callback is asked first, then told of posts and comments in the field `feed`."""

import secrets

import httpx
from pydantic import SecretStr

from sandbox.ledger import Item
from sandbox.platforms import meta
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.pages import NAME, Page, Pages, Subscription
from sandbox.platforms.facebook.views import COMMENT
from sandbox.platforms.meta import Call, Json, Refused, parameter
from sandbox.pull import PullFailed, require_reachable
from sandbox.webhooks import Endpoint


class Hooks:
    def __init__(self, world: World, pages: Pages) -> None:
        self._world, self._pages = world, pages
        self._standing: dict[str, Item] = {}
        """What was told of and not of its end."""

    def clear(self) -> None:
        self._standing.clear()

    # --- subscribing ---

    async def subscribe_app(self, app_id: str, call: Call) -> Json:
        """`POST /{app}/subscriptions` with the app's token; the address has to answer the challenge."""
        call.require_only("object", "callback_url", "fields", "verify_token")
        secret = self._app_secret(app_id, call)
        if call.text("object") != rules.CALLBACK:
            raise parameter("object", "Param object must be page")
        fields = frozenset((call.text("fields") or "").replace(" ", "").split(","))
        _require_fields(fields)
        await self._verify(call.text("callback_url") or "", call.text("verify_token") or "")
        self._pages.apps[app_id] = Subscription(call.text("callback_url") or "", fields, secret)
        return {"success": True}

    def _app_secret(self, app_id: str, call: Call) -> SecretStr:
        for holder in self._pages.holders():
            if holder.app_id == app_id and call.token == f"{app_id}|{holder.app_secret.get_secret_value()}":
                return holder.app_secret
        raise Refused(190, "Invalid OAuth access token signature.")

    async def _verify(self, url: str, token: str) -> None:
        challenge = str(secrets.randbelow(10**10))
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}
        try:
            require_reachable(url, self._world.settings.hosts())
            async with self._world.webhooks.client(5) as http:
                answer = await http.get(url, params=asked)
        except (PullFailed, httpx.HTTPError) as error:
            why = f"Callback verification failed: {type(error).__name__}"
            raise Refused(2200, f"(#2200) {why}") from None
        if answer.status_code != 200 or answer.text != challenge:
            raise Refused(2200, f"(#2200) Callback verification failed: HTTP Status Code = {answer.status_code}")

    def subscribe_page(self, page: Page, call: Call) -> Json:
        call.require_only("subscribed_fields")
        fields = frozenset((call.text("subscribed_fields") or "").replace(" ", "").split(","))
        _require_fields(fields)
        self._pages.subscribed[page.id] = fields
        return {"success": True}

    def subscribed(self, page: Page, call: Call) -> Json:
        call.require_only()
        fields = sorted(self._pages.subscribed.get(page.id, ()))
        return {"data": [{"id": page.holder.app_id, "name": "Lan Tỏa", "subscribed_fields": fields}] if fields else []}

    # --- telling ---

    def look(self) -> None:
        """What somebody took away in the app itself is told too."""
        for item in list(self._standing.values()):
            if self._world.ledger.current.get(NAME, item.subject) is None:
                self._ended(item)

    def _ended(self, item: Item) -> None:
        if item.kind != COMMENT:
            self.post(item, "remove")
            return
        del self._standing[item.subject]
        ids = {"post_id": item.data["post_id"], "comment_id": item.subject}
        self._tell(item.account, {"item": "comment", "verb": "remove", **ids})

    def post(self, item: Item, verb: str) -> None:
        self._standing[item.subject] = item
        if verb == "remove":
            del self._standing[item.subject]
        data = item.data
        kind = "video" if data["video_id"] else "photo" if data["media_ids"] else "share" if data["link"] else "status"
        told: Json = {"item": kind, "verb": verb, "post_id": item.subject, "from": self._author(item.account)}
        if verb != "remove":
            told |= {"message": data["message"], "published": 1}
        self._tell(item.account, {**told, **({"link": data["link"]} if data["link"] else {})})

    def comment(self, item: Item, author: str) -> None:
        self._standing[item.subject] = item
        post_id = item.data["post_id"]
        reader = {"id": str(10**15 + len(author)), "name": author}
        said = {
            "message": item.data["text"],
            "from": self._author(item.account) if item.data.get("is_ours") else reader,
        }
        ids = {"post_id": post_id, "comment_id": item.subject, "parent_id": item.data["parent_id"] or post_id}
        self._tell(item.account, {"item": "comment", "verb": "add", **ids, **said})

    def hidden(self, item: Item, is_hidden: bool) -> None:
        ids = {"post_id": item.data["post_id"], "comment_id": item.subject}
        self._tell(item.account, {"item": "comment", "verb": "hide" if is_hidden else "unhide", **ids})

    def reaction(self, post: Item, author: str) -> None:
        who = {"id": str(10**15 + len(author)), "name": author}
        value = {"item": "reaction", "verb": "add", "post_id": post.subject, "reaction_type": "like", "from": who}
        self._tell(post.account, value)

    def _author(self, page_id: str) -> Json:
        page = self._pages.by_id.get(page_id)
        return {"id": page_id, "name": page.name if page else page_id}

    def _tell(self, page_id: str, value: Json) -> None:
        """Both the app and the page have to be subscribed."""
        page = self._pages.by_id.get(page_id)
        app = self._pages.apps.get(page.holder.app_id) if page else None
        fields = self._pages.subscribed.get(page_id, frozenset())
        if page is None or app is None or rules.FEED not in fields & app.fields:
            return
        now = self._world.clock.now()
        told = {"field": rules.FEED, "value": {**value, "created_time": int(now.timestamp())}}
        to = Endpoint(NAME, page_id, app.url, meta.Signer(app.secret), meta.WEBHOOKS)
        self._world.webhooks.post(to, meta.event("page", page_id, now, [told]))


def _require_fields(fields: frozenset[str]) -> None:
    unknown = fields - set(rules.SUBSCRIBED)
    if unknown or not fields:
        raise parameter("fields", f"Param fields must be of {{{', '.join(rules.SUBSCRIBED)}}}")
