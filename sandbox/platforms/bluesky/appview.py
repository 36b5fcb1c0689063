"""What readers' apps see: posts with their counts and threads, some seconds behind the repositories."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sandbox.clock import iso
from sandbox.ledger import Item, Projection
from sandbox.platforms.base import World
from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.records import LIKE, POST, REPOST, THREADGATE
from sandbox.platforms.bluesky.repo import NAME, key_of
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
        uris = call.params["uris"]
        seen = self._caught_up()
        found = (seen.get(NAME, uri) for uri in uris)
        return {"posts": [self._view(item, seen) for item in found if item is not None and _is_post(item)]}

    def thread(self, call: Call) -> Json:
        uri, depth = str(call.params["uri"]), int(call.params["depth"])
        seen = self._caught_up()
        item = seen.get(NAME, uri)
        if item is None or not _is_post(item):
            raise InvalidRequest(f"Post not found: {uri}", "NotFound")
        return {"thread": self._thread(item, seen, depth)}

    def author_feed(self, call: Call) -> Json:
        account, seen = self._known(str(call.params["actor"])), self._caught_up()
        limit, cursor = int(call.params["limit"]), str(call.params.get("cursor", ""))
        mine = [i for i in seen.of(NAME, POST) if i.account == account.did]
        if call.params["filter"] == "posts_no_replies":
            mine = [i for i in mine if "reply" not in i.data["record"]]
        mine = sorted((i for i in mine if not cursor or i.seq < int(cursor)), key=lambda i: -i.seq)
        told: Json = {"feed": [{"post": self._view(item, seen)} for item in mine[:limit]]}
        return {**told, "cursor": str(mine[limit - 1].seq)} if len(mine) > limit else told

    def profile(self, call: Call) -> Json:
        account, seen = self._known(str(call.params["actor"])), self._caught_up()
        posts = sum(item.account == account.did for item in seen.of(NAME, POST))
        counts = {"followersCount": account.followers, "followsCount": 0, "postsCount": posts}
        return {**_actor(account), **counts}

    def resolve(self, call: Call) -> Json:
        account = self._sessions.find(str(call.params["handle"]))
        if account is None:
            raise InvalidRequest("Unable to resolve handle")
        return {"did": account.did}

    # --- views ---

    def _caught_up(self) -> Projection:
        behind = max(self._world.settings.bluesky.appview_lag_seconds, self._world.lags.of(NAME).seconds)
        until = self._world.clock.now() - timedelta(seconds=behind)
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
        author, gate = self._sessions.accounts.get(item.account), gate_of(item, seen)
        return {
            "$type": "app.bsky.feed.defs#postView",
            "uri": item.subject,
            "cid": item.data["cid"],
            "author": _actor(author) if author else {"did": item.account, "handle": READER},
            "record": item.data["record"],
            "indexedAt": iso(item.created_at),
            **counts(item, seen),
            **({"threadgate": _gate_view(gate)} if gate else {}),
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
        "likeCount": reactions.get("likes", 0) + _reactions(LIKE, item, seen),
        "repostCount": reactions.get("reposts", 0) + _reactions(REPOST, item, seen),
        "replyCount": sum(1 for _ in replies_to(item.subject, seen)),
        "quoteCount": reactions.get("quotes", 0),
        "bookmarkCount": 0,
    }


def replies_to(uri: str, seen: Projection) -> Iterable[Item]:
    """Oldest first, without those whose thread takes none from their author."""
    all_posts = [*seen.of(NAME, REPLY), *seen.of(NAME, POST)]
    found = [i for i in all_posts if _reply(i, "parent") == uri and not _is_shut_out(i, seen)]
    return sorted(found, key=lambda item: item.seq)


def gate_of(post: Item, seen: Projection) -> Item | None:
    """The reply control of a thread: in its author's repository, under the key of the root post."""
    return seen.get(NAME, f"at://{post.account}/{THREADGATE}/{key_of(post.subject)}")


def hidden_replies(post: Item, seen: Projection) -> set[str]:
    gate = gate_of(post, seen)
    return set(gate.data["record"].get("hiddenReplies", ())) if gate and rules.HIDDEN else set()


def _is_shut_out(reply: Item, seen: Projection) -> bool:
    """`allow: []` lets nobody in but the author of the thread; other rules need to know who follows whom."""
    root = seen.get(NAME, _reply(reply, "root"))
    gate = gate_of(root, seen) if root else None
    if root is None or gate is None or root.account == reply.account:
        return False
    return gate.data["record"].get("allow") == [] and bool(rules.NOBODY)


def _reactions(kind: str, item: Item, seen: Projection) -> int:
    """Of accounts that wrote them by the protocol; one account counts once."""
    return len({i.account for i in seen.of(NAME, kind) if _text(i.data["record"], "subject", "uri") == item.subject})


def _reply(item: Item, end: str) -> str:
    return _text(item.data["record"], "reply", end, "uri")


def _text(value: Any, *path: str) -> str:
    """What lies at the end of a path, of a record that may be unchecked."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def reader_did(author: str) -> str:
    return did_of(f"{author or 'doc-gia'}.{READER}")


def _gate_view(gate: Item) -> Json:
    return {"uri": gate.subject, "cid": gate.data["cid"], "record": gate.data["record"], "lists": []}


def _is_post(item: Item) -> bool:
    return item.kind in (POST, REPLY)


def _actor(account: Account) -> Json:
    return {"did": account.did, "handle": account.handle, "displayName": account.display_name}
