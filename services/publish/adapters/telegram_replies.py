"""Answering what readers write in the linked discussion group, as the channel's bot.

An id is `{group}/{message}`. There is no key against doubles and nothing can be read back: an answer whose end was not
heard is never sent again, and no machine can find it: a person looks. What the platform did answer is proved as a post
is, by an edit to the identical words ("message is not modified").
"""

from datetime import datetime, timedelta

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
from services.publish.adapters.botapi import BotApi, NotConnected, Refused

NO_COMMENT, SAME, NO_EDIT = "message to be replied not found", "message is not modified", "message to edit not found"
GONE = Reason("Bình luận không còn trong nhóm thảo luận", NO_COMMENT)


async def reply(bot: BotApi, comment_id: str, text: str, at: datetime, now: datetime) -> Outcome:
    chat, number = _parts(comment_id)
    try:
        sent = await bot.send("sendMessage", {**_said(chat, text), "reply_parameters": {"message_id": number}})
    except ChannelError as trouble:
        return _failed(trouble, at, now)
    made = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(made, int):
        return _unknown(at, now, "answer without message_id")
    return Published(f"{chat}/{made}", "")


async def stands(bot: BotApi, reply_id: str, text: str) -> bool:
    """Whether our own answer is there with just these words: it is given them once more."""
    chat, number = _parts(reply_id)
    try:
        await bot.ask("editMessageText", {**_said(chat, text), "message_id": number})
    except Refused as refused:
        if refused.says(NO_EDIT):
            return False
        if not refused.says(SAME):
            raise
    return True


def _said(chat: int, text: str) -> Json:
    """The words as they are, with no card of a page below them."""
    return {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}


def _parts(name: str) -> tuple[int, int]:
    chat, _, number = name.partition("/")
    return int(chat), int(number)


def _failed(trouble: ChannelError, at: datetime, now: datetime) -> Outcome:
    if isinstance(trouble, NotConnected):
        return Rejected(trouble.reason, permanent=False)
    if not isinstance(trouble, Refused):
        return _unknown(at, now, trouble.reason.en)
    if trouble.code == 429:
        return Throttled(now + timedelta(seconds=max(trouble.retry_after or 30, 1)))
    if trouble.code == 401:
        return AuthRequired(Reason(f"Bot Telegram cần kết nối lại: {trouble.reason.vi}", trouble.reason.en))
    if trouble.says(NO_COMMENT):
        return Rejected(GONE, permanent=True)
    if trouble.needs_person:  # of the group alone: the channel is posted to as before
        vi = f"Bot không viết được trong nhóm thảo luận, hãy thêm bot làm quản trị viên của nhóm: {trouble.reason.vi}"
        return Rejected(Reason(vi, trouble.reason.en), permanent=True)
    return Rejected(trouble.reason, permanent=True)


def _unknown(at: datetime, now: datetime, why: str) -> Unknown:
    reason = Reason("Không rõ Telegram đã nhận câu trả lời hay chưa", why)
    return Unknown(Prepared("reply", {}, at=at).as_handle(), now, reason)
