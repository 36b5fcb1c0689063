"""Answering and hiding what stands under a video. Threads have one level: an answer to an answer joins its thread.

There is no key against doubles: an answer that was not heard of is looked for in the thread, and never sent again.
Hiding is `heldForReview`, which only the channel's own people see, and which is undone by `published`. `rejected` is
not used: what was rejected cannot be listed any more, so nobody could see that it is to be shown again.
"""

from datetime import datetime, timedelta

from services.publish import measure
from services.publish.adapters.answering import CommentGone
from services.publish.adapters.base import (
    AuthRequired,
    ChannelError,
    Json,
    Outcome,
    Prepared,
    Published,
    Reason,
    Rejected,
    Throttled,
    Unknown,
)
from services.publish.adapters.reading import instant
from services.publish.adapters.youtube_api import NAME, AnswerLost, Api, Meaning, Refused
from services.publish.adapters.youtube_comments import list_replies, writer_of

CLOCKS_APART = timedelta(seconds=60)
HELD, SHOWN = "heldForReview", "published"
GONE = Reason(f"Bình luận không còn trên {NAME}", "the comment is gone")


async def reply(api: Api, comment_id: str, text: str, at: datetime, now: datetime) -> Outcome:
    try:
        thread = await _thread_of(api, comment_id)
    except ChannelError as trouble:
        return _not_sent(trouble, now)
    if thread is None:
        return Rejected(GONE, permanent=True)
    said = {"snippet": {"parentId": thread, "textOriginal": text}}
    try:
        made = await api.post("comments", said, part="snippet")
    except ChannelError as trouble:
        if isinstance(trouble, AnswerLost) or (isinstance(trouble, Refused) and trouble.meaning is Meaning.UNCLEAR):
            return _unknown(comment_id, at, now, trouble.reason.en)
        return _not_sent(trouble, now)
    return Published(str(made["id"]), "") if made.get("id") else _unknown(comment_id, at, now, "answer without id")


async def find(api: Api, channel_id: str, comment_id: str, text: str, since: datetime) -> str | None:
    """The newest of the channel's own answers in the thread that says so."""
    thread = await _thread_of(api, comment_id)
    if thread is None:
        raise ChannelError(GONE)
    wanted = measure.squeezed(text)
    alike = [
        (at, str(one["id"]))
        for one in await list_replies(api, thread)
        if writer_of(one) == channel_id
        and measure.squeezed(_text(one)) == wanted
        and (at := instant((one.get("snippet") or {}).get("publishedAt")) or since) >= since - CLOCKS_APART
    ]
    return max(alike)[1] if alike else None


async def set_hidden(api: Api, comment_id: str, is_hidden: bool) -> None:
    wanted = HELD if is_hidden else SHOWN
    try:
        await api.command("comments/setModerationStatus", id=comment_id, moderationStatus=wanted)
    except Refused as refused:
        if refused.meaning is Meaning.GONE:
            raise CommentGone(comment_id) from None
        raise


async def _thread_of(api: Api, comment_id: str) -> str | None:
    """The id of the comment that it stands under, or its own; None where it is gone."""
    try:
        told = await api.get("comments", part="snippet", id=comment_id, textFormat="plainText")
    except Refused as refused:
        if refused.meaning is Meaning.GONE:
            return None
        raise
    found = next((one for one in told.get("items") or [] if one.get("id") == comment_id), None)
    return None if found is None else str((found.get("snippet") or {}).get("parentId") or comment_id)


def _text(comment: Json) -> str:
    snippet = comment.get("snippet") or {}
    return str(snippet.get("textOriginal") or snippet.get("textDisplay") or "")


def _not_sent(trouble: ChannelError, now: datetime) -> Outcome:
    """Of what was certainly not done."""
    if not isinstance(trouble, Refused) or trouble.meaning is Meaning.UNCLEAR:
        return Rejected(trouble.reason, permanent=False)
    if (until := trouble.until(now)) is not None:
        return Throttled(until)
    if trouble.needs_person:
        vi = f"Tài khoản {NAME} cần kết nối lại: {trouble.reason.vi}"
        return AuthRequired(Reason(vi, trouble.reason.en))
    return Rejected(GONE if trouble.meaning is Meaning.GONE else trouble.reason, permanent=True)


def _unknown(comment_id: str, at: datetime, now: datetime, why: str) -> Unknown:
    reason = Reason(f"Không rõ {NAME} đã nhận câu trả lời hay chưa, đang xem lại", why)
    return Unknown(Prepared(comment_id, {}, at=at).as_handle(), now, reason)
