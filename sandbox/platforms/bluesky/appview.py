"""What readers' apps see: posts with their counts and threads, some seconds behind the repositories."""

from collections.abc import Iterable
from datetime import timedelta

from sandbox.clock import iso
from sandbox.ledger import Item, Projection
from sandbox.platforms.base import World
from sandbox.platforms.bluesky.lexicon import POST
from sandbox.platforms.bluesky.repo import NAME
from sandbox.platforms.bluesky.sessions import Account, Sessions, did_of
from sandbox.platforms.bluesky.wire import Call, InvalidRequest, Json

REPLY = "reader-reply"
READER = "nguoi-doc.test"


class AppView:
    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world, self._sessions = world, sessions
        self._seen = Projection()

    def clear(self) -> None:
        self._seen = Projection()

    # --- app.bsky ---

    def posts(self, call: Call) -> Json:
        """Those of the asked that are there; the others are left out."""
        uris = call.params.get("uris") or call.params.get("uris[]") or []
        if not uris:
            raise InvalidRequest('Params must have the property "uris"')
        if len(uris) > 25:
            raise InvalidRequest("Params/uris must not have more than 25 elements")
        seen = self._caught_up()
        found = (seen.get(NAME, uri) for uri in uris)
        return {"posts": [self._view(item, seen) for item in found if item is not None and _is_post(item)]}

    def thread(self, call: Call) -> Json:
        uri, depth = call.param("uri"), int(call.params.get("depth", ["6"])[0])
        seen = self._caught_up()
        item = seen.get(NAME, uri)
        if item is None or not _is_post(item):
            raise InvalidRequest(f"Post not found: {uri}", "NotFound")
        return {"thread": self._thread(item, seen, depth)}

    def author_feed(self, call: Call) -> Json:
        account, seen = self._known(call.param("actor")), self._caught_up()
        limit, cursor = call.number("limit", 50, 100), call.params.get("cursor", [""])[0]
        mine = [i for i in seen.of(NAME, POST) if i.account == account.did]
        if call.params.get("filter", [""])[0] == "posts_no_replies":
            mine = [i for i in mine if "reply" not in i.data["record"]]
        mine = sorted((i for i in mine if not cursor or i.seq < int(cursor)), key=lambda i: -i.seq)
        told: Json = {"feed": [{"post": self._view(item, seen)} for item in mine[:limit]]}
        return {**told, "cursor": str(mine[limit - 1].seq)} if len(mine) > limit else told

    def profile(self, call: Call) -> Json:
        account, seen = self._known(call.param("actor")), self._caught_up()
        posts = sum(item.account == account.did for item in seen.of(NAME, POST))
        counts = {"followersCount": account.followers, "followsCount": 0, "postsCount": posts}
        return {**_actor(account), **counts}

    def resolve(self, call: Call) -> Json:
        account = self._sessions.find(call.param("handle"))
        if account is None:
            raise InvalidRequest("Unable to resolve handle")
        return {"did": account.did}

    # --- views ---

    def _caught_up(self) -> Projection:
        until = self._world.clock.now() - timedelta(seconds=self._world.settings.bluesky.appview_lag_seconds)
        for entry in self._world.ledger.entries(after=self._seen.applied):
            if entry.at > until:
                break
            self._seen.apply(entry)
        return self._seen

    def _thread(self, item: Item, seen: Projection, depth: int) -> Json:
        view: Json = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(item, seen)}
        if depth > 0:
            view["replies"] = [self._thread(reply, seen, depth - 1) for reply in replies_to(item.subject, seen)]
        return view

    def _view(self, item: Item, seen: Projection) -> Json:
        author = self._sessions.accounts.get(item.account)
        return {
            "$type": "app.bsky.feed.defs#postView",
            "uri": item.subject,
            "cid": item.data["cid"],
            "author": _actor(author) if author else {"did": item.account, "handle": READER},
            "record": item.data["record"],
            "indexedAt": iso(item.created_at),
            **counts(item, seen),
        }

    def _known(self, actor: str) -> Account:
        account = self._sessions.find(actor)
        if account is None:
            raise InvalidRequest("Profile not found")
        return account


def counts(item: Item, seen: Projection) -> dict[str, int]:
    """As the platform names them; there are no views or impressions."""
    reactions = item.engagement
    return {
        "likeCount": reactions.get("likes", 0),
        "repostCount": reactions.get("reposts", 0),
        "replyCount": sum(1 for _ in replies_to(item.subject, seen)),
        "quoteCount": reactions.get("quotes", 0),
        "bookmarkCount": 0,
    }


def replies_to(uri: str, seen: Projection) -> Iterable[Item]:
    """Oldest first."""
    all_posts = [*seen.of(NAME, REPLY), *seen.of(NAME, POST)]
    found = [i for i in all_posts if i.data["record"].get("reply", {}).get("parent", {}).get("uri") == uri]
    return sorted(found, key=lambda item: item.seq)


def reader_did(author: str) -> str:
    return did_of(f"{author or 'doc-gia'}.{READER}")


def _is_post(item: Item) -> bool:
    return item.kind in (POST, REPLY)


def _actor(account: Account) -> Json:
    return {"did": account.did, "handle": account.handle, "displayName": account.display_name}
