"""Answering what stands under a post: a status of ours below the comment, as visible as that, which names its writer so
that their server tells them. The name is read for the sending alone, and kept nowhere.

The Idempotency-Key is made of the comment and the words: for an hour the same words under it are one answer.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.publish import measure
from services.publish.adapters.base import (
    ChannelError,
    Json,
    Outcome,
    Prepared,
    Published,
    Reason,
    Rejected,
    Said,
    Throttled,
    Unknown,
)
from services.publish.adapters.mastodon_api import GONE, AnswerLost, Api, NotConnected, Refused
from services.publish.adapters.mastodon_text import length, unnamed
from services.publish.adapters.reading import instant

CLOCKS_APART = timedelta(minutes=5)
"""How far the instance's clock may be from ours."""
PUBLIC = frozenset({"public", "unlisted"})
ACCOUNT = re.compile(r"\w[\w.-]*(?:@[\w.-]+\w)?", re.ASCII)
NAMED = re.compile(r"^@\S+\s+")
COMMENT_GONE = Reason("Bình luận không còn trên Mastodon", "the comment is gone")


def comment(post: Mapping[str, Any], of: str, ours: str) -> Said:
    """Without the accounts it names, whoever wrote it."""
    above = str(post.get("in_reply_to_id") or "")
    return Said(
        str(post["id"]),
        of,
        unnamed(post),
        instant(post.get("created_at")),
        above if above and above != of else None,
        is_ours=(post.get("account") or {}).get("id") == ours,
    )


async def reply(api: Api, told: Json, comment_id: str, text: str, at: datetime, now: datetime) -> Outcome:
    """`told`: what the instance said of itself; its limit counts the name too."""
    try:
        above = await api.call("GET", f"v1/statuses/{comment_id}")
    except Refused as refused:
        return _certainly_not(refused, now)
    except ChannelError as trouble:
        return Rejected(trouble.reason, permanent=False)
    if above.get("visibility") not in PUBLIC:
        return Rejected(Reason("Bình luận không còn công khai", "the comment is not public"), permanent=True)
    words, most = _addressed(above, text), int(told["max_characters"])
    if (used := length(words, int(told["characters_reserved_per_url"]))) > most:
        vi = f"Câu trả lời dài {used} ký tự (kể cả tên người được trả lời), Mastodon nhận {most}"
        return Rejected(Reason(vi, f"{used} of {most} characters"), permanent=True)
    body = {"status": words, "in_reply_to_id": comment_id, "visibility": above["visibility"]}
    try:
        made = await api.call("POST", "v1/statuses", json=body, headers={"Idempotency-Key": _key(comment_id, text)})
    except NotConnected as trouble:
        return Rejected(trouble.reason, permanent=False)
    except AnswerLost as lost:
        return _unknown(comment_id, at, now, str(lost))
    except Refused as refused:
        return _unknown(comment_id, at, now, str(refused)) if refused.is_unclear else _certainly_not(refused, now)
    if not isinstance(made, dict) or not made.get("id") or "content" not in made:
        return _unknown(comment_id, at, now, "answer without a post")
    return Published(str(made["id"]), str(made.get("url") or ""))


async def find(api: Api, ours: str, comment_id: str, text: str, since: datetime) -> str | None:
    """Among our own answers to it; by their source, as the page does not show a name's server."""
    try:
        told = await api.call("GET", f"v1/statuses/{comment_id}/context")
    except Refused as refused:
        raise ChannelError(COMMENT_GONE) if refused.status == GONE else refused from None
    wanted = measure.squeezed(text)
    for one in told.get("descendants") or []:
        is_ours = (one.get("account") or {}).get("id") == ours and one.get("in_reply_to_id") == comment_id
        if not is_ours or (instant(one.get("created_at")) or since) < since - CLOCKS_APART:
            continue
        source = str((await api.call("GET", f"v1/statuses/{one['id']}/source")).get("text", ""))
        if wanted in (measure.squeezed(source), measure.squeezed(NAMED.sub("", source))):
            return str(one["id"])
    return None


def _addressed(above: Mapping[str, Any], text: str) -> str:
    name = str((above.get("account") or {}).get("acct") or "")
    return f"@{name} {text}" if ACCOUNT.fullmatch(name) else text


def _key(comment_id: str, text: str) -> str:
    told = f"{comment_id}\x1f{measure.squeezed(text)}".encode()
    return f"lantoa-reply-{hashlib.blake2b(told, digest_size=16).hexdigest()}"


def _certainly_not(refused: Refused, now: datetime) -> Outcome:
    if refused.status == 429:
        return Throttled(refused.reset_at(now))
    if refused.needs_person:
        return refused.reconnect()
    if refused.is_unclear:  # of the reading before: nothing was sent
        return Rejected(refused.reason, permanent=False)
    if refused.status == GONE:
        return Rejected(COMMENT_GONE, permanent=True)
    why = f"Mastodon không nhận câu trả lời: {refused.message or refused.status}"
    return Rejected(Reason(why, str(refused)), permanent=True)


def _unknown(comment_id: str, at: datetime, now: datetime, why: str) -> Unknown:
    reason = Reason("Không rõ Mastodon đã nhận câu trả lời hay chưa, đang xem lại", why)
    return Unknown(Prepared(comment_id, {}, at=at).as_handle(), now, reason)
