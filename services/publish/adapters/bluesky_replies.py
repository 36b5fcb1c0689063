"""Answering and hiding what stands under a post.

An answer is a record of ours under a key made of the comment, the words and the instant of its arming: written again it
is the same one, and it is looked for in our own repository, which is never behind. Hiding is the reply control of the
thread (`threadgate.hiddenReplies`) in the repository of its root: apps fold such a reply away, and unfold it again.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.publish import measure
from services.publish.adapters.answering import CommentGone
from services.publish.adapters.atproto import CallFailed, Xrpc, facets_of, tid
from services.publish.adapters.base import ChannelError, Json, Reason

POST, GATE = "app.bsky.feed.post", "app.bsky.feed.threadgate"
MOST_HIDDEN = 300
GONE = Reason("Bình luận không còn trên Bluesky", "the comment is gone")
NOT_OURS = Reason("Bình luận không nằm dưới bài của tài khoản này nên không ẩn được", "the thread is another's")
FULL = Reason(f"Đã ẩn đủ {MOST_HIDDEN} trả lời dưới bài này, Bluesky không cho thêm", "the gate is full")


async def answer(xrpc: Xrpc, comment_id: str, text: str, at: datetime) -> Json | None:
    """The record of an answer; None where the comment is gone. Only reads."""
    above = await _post(xrpc, comment_id)
    if above is None:
        return None
    parent = {"uri": comment_id, "cid": str(above["cid"])}
    record: Json = {"$type": POST, "text": text, "createdAt": written(at)}
    if facets := facets_of(text):
        record["facets"] = facets
    return {**record, "reply": {"root": _root_of(above) or parent, "parent": parent}}


async def put(xrpc: Xrpc, key: str, record: Json) -> str:
    body = {"collection": POST, "rkey": key, "record": record}
    return str((await xrpc.call("POST", "com.atproto.repo.putRecord", body)).get("uri", ""))


async def find(xrpc: Xrpc, comment_id: str, text: str, since: datetime) -> str | None:
    found = await record_of(xrpc, POST, key_of(comment_id, text, since))
    if found is None or measure.squeezed((found.get("value") or {}).get("text")) != measure.squeezed(text):
        return None
    return str(found["uri"])


async def set_hidden(xrpc: Xrpc, comment_id: str, is_hidden: bool, now: datetime) -> None:
    """Reads the control and writes it anew, unless somebody changed it meanwhile: then it is done by a later try."""
    above = await _post(xrpc, comment_id)
    root = _root_of(above) if above is not None else None
    if root is None:
        raise CommentGone(comment_id)
    uri = str(root["uri"])
    if uri.split("/")[2] != await _own_did(xrpc):
        raise ChannelError(NOT_OURS)
    key = uri.rsplit("/", 1)[-1]
    kept = await record_of(xrpc, GATE, key)
    value = dict((kept or {}).get("value") or {"$type": GATE, "post": uri, "createdAt": written(now)})
    before = [str(one) for one in value.get("hiddenReplies") or []]
    after = [one for one in before if one != comment_id] + ([comment_id] if is_hidden else [])
    if (comment_id in before) == is_hidden:
        return
    if len(after) > MOST_HIDDEN:
        raise ChannelError(FULL)
    body: Json = {"collection": GATE, "rkey": key, "record": {**value, "hiddenReplies": after}}
    body["swapRecord"] = kept["cid"] if kept is not None else None
    await xrpc.call("POST", "com.atproto.repo.putRecord", body)


async def hidden_under(xrpc: Xrpc, post: Mapping[str, Any]) -> set[str]:
    """Addresses of replies that the thread of this post of ours hides."""
    root = str((_root_of(post) or post).get("uri") or "")
    gate = await record_of(xrpc, GATE, root.rsplit("/", 1)[-1])
    return {str(one) for one in ((gate or {}).get("value") or {}).get("hiddenReplies") or []}


async def record_of(xrpc: Xrpc, collection: str, key: str) -> Json | None:
    """Of our own repository."""
    try:
        return await xrpc.call("GET", "com.atproto.repo.getRecord", {"collection": collection, "rkey": key})
    except CallFailed as failed:
        if failed.error == "RecordNotFound" or "locate record" in failed.message:
            return None
        raise


def key_of(comment_id: str, text: str, at: datetime) -> str:
    """The same for the same arming of the same answer; of the instant to the millisecond, and of a digest."""
    told = hashlib.blake2b(f"{comment_id}\x1f{measure.squeezed(text)}".encode(), digest_size=10).digest()
    return tid(UUID(int=int(at.timestamp() * 1000) << 80 | int.from_bytes(told)))


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _post(xrpc: Xrpc, uri: str) -> Json | None:
    told = await xrpc.call("GET", "app.bsky.feed.getPosts", {"uris": [uri]})
    return next((dict(one) for one in told.get("posts") or [] if one.get("uri") == uri), None)


def _root_of(post: Mapping[str, Any]) -> Json | None:
    """What the thread of a reply begins with; None of what is no reply."""
    root = ((post.get("record") or {}).get("reply") or {}).get("root")
    return {"uri": str(root["uri"]), "cid": str(root["cid"])} if isinstance(root, dict) and root.get("uri") else None


async def _own_did(xrpc: Xrpc) -> str:
    return str((await xrpc.call("GET", "com.atproto.server.getSession", {})).get("did", ""))
