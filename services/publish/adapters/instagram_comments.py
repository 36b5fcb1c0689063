"""What stands under a post on Instagram: read without who wrote it, answered as the account, hidden and shown again.

An answer to an answer stands under the first comment, and a hidden comment cannot be answered. `user` is told of the
account's own words alone, so that they are known without asking for anybody's name. Facts: docs/channels/instagram.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.publish import measure
from services.publish.adapters.answering import CommentGone
from services.publish.adapters.base import (
    MOST_COMMENTS,
    ChannelError,
    Json,
    Outcome,
    Prepared,
    Published,
    Reason,
    Rejected,
    Said,
)
from services.publish.adapters.containers import SERVER, pages
from services.publish.adapters.graph import AnswerLost, Graph, Meaning, Refused, committed
from services.publish.adapters.reading import instant

NAME = "Instagram"
PAGE = 50
FIELDS = "id,text,timestamp,parent_id,hidden,user"
CLOCKS_APART = timedelta(minutes=1)
GONE = Reason("Bình luận không còn trên Instagram", "the comment is gone")


async def read(graph: Graph, post_id: str) -> list[Said]:
    """Without `from` and `username`: who wrote them is not asked for."""
    found = list[Said]()
    for one in await _rows(graph, f"{post_id}/comments", f"{FIELDS},replies{{{FIELDS}}}"):
        replies = one.get("replies") or {}
        below = replies.get("data") or []
        if (replies.get("paging") or {}).get("next"):
            below = await _rows(graph, f"{one['id']}/replies", FIELDS)
        found += [_said(each, post_id) for each in (one, *below) if each.get("text")]
        if len(found) >= MOST_COMMENTS:
            break
    return found[:MOST_COMMENTS]


async def reply(graph: Graph, comment_id: str, text: str, at: datetime) -> Outcome:
    """Asked once. That a comment is gone is a no for good, as the platform tells it with no other."""
    try:
        told = await graph.post(f"{comment_id}/replies", message=text)
    except Refused as refused:
        if refused.meaning is Meaning.GONE:
            return Rejected(Reason(GONE.vi, refused.reason.en), permanent=True)
        trouble: ChannelError = AnswerLost(NAME, refused.reason.en) if refused.subcode in SERVER else refused
    except ChannelError as error:
        trouble = error
    else:
        if told.get("id"):
            return Published(str(told["id"]), "")
        trouble = AnswerLost(NAME, "answer without id")
    return committed(trouble, Prepared(comment_id, {}, at=at), graph.tools, NAME)


async def find_reply(graph: Graph, owner: str, comment_id: str, text: str, since: datetime) -> str | None:
    """Among our own answers of the whole thread, the newest."""
    told = await _comment(graph, owner, comment_id, "id,parent_id")
    if told is None:
        raise ChannelError(GONE)
    thread, wanted = str(told.get("parent_id") or comment_id), measure.squeezed(text)
    alike = [
        one
        for one in await _rows(graph, f"{thread}/replies", FIELDS)
        if one.get("user")
        and measure.squeezed(one.get("text")) == wanted
        and (instant(one.get("timestamp")) or since) >= since - CLOCKS_APART
    ]
    newest = max(alike, key=lambda one: (instant(one.get("timestamp")) or since, str(one["id"])), default=None)
    return str(newest["id"]) if newest is not None else None


async def set_hidden(graph: Graph, owner: str, comment_id: str, is_hidden: bool) -> None:
    try:
        told = await graph.post(comment_id, hide=is_hidden)
    except Refused as refused:
        if refused.meaning is Meaning.GONE and await _comment(graph, owner, comment_id, "id") is None:
            raise CommentGone(comment_id) from None
        raise
    if told.get("success") is not True:
        raise AnswerLost(NAME, "hiding without success")


async def _comment(graph: Graph, owner: str, comment_id: str, fields: str) -> Json | None:
    """None where it is gone, which counts only while the account itself can be read."""
    try:
        return await graph.get(comment_id, fields=fields)
    except Refused as refused:
        if refused.meaning is not Meaning.GONE:
            raise
    await graph.get(owner, fields="id,username")
    return None


async def _rows(graph: Graph, path: str, fields: str) -> list[Json]:
    """Of every page of a list, as far as any comments are read."""
    query = {"fields": fields, "limit": str(PAGE)}
    return [row async for rows in pages(graph, path, query, MOST_COMMENTS // PAGE) for row in rows if row.get("id")]


def _said(comment: Mapping[str, Any], post_id: str) -> Said:
    parent = comment.get("parent_id")
    return Said(
        str(comment["id"]),
        post_id,
        str(comment["text"]),
        instant(comment.get("timestamp")),
        str(parent) if parent else None,
        is_ours=bool(comment.get("user")),
        is_hidden=comment.get("hidden") is True,
    )
