"""What comes back: reports of mail servers (RFC 3464), complaints (RFC 5965) and mail that asks to be left alone.

Anybody can write to the return address, so only a signed token of ours says what a message is about; of everything else
in it only codes are read, nothing is kept, and what cannot be read is nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.mail_returns import MOST_BYTES, addressed_to, failed_for_good, parts_of
from libs.common.models.readers import SendState, SuppressionReason
from services.publish.readers import queries, subscribing
from services.publish.readers.keys import ReadersKeys
from services.publish.readers.sending import mailbox_said_no

_TOKEN = r"[a-z2-7]{42}"  # noqa: S105 - the shape of one
_RETURNED_TO = re.compile(rf"\bb-({_TOKEN})@", re.IGNORECASE)
_LEFT_TO = re.compile(rf"\bu-({_TOKEN})@", re.IGNORECASE)
_LINK = re.compile(rf"/nhan-tin/thoi/({_TOKEN})\b")
REMOVED_FROM = (SendState.HANDED_OVER, SendState.UNCLEAR, SendState.SENDING)
Kind = Literal["bounce", "complaint", "unsubscribe"]


@dataclass(frozen=True)
class Return:
    """`letter` or `reader`: the token that names it; `status`: of a bounce, what failed for good (`5.1.1`)."""

    kind: Kind
    letter: str | None = None
    reader: str | None = None
    status: str | None = None


def read(raw: bytes, recipient: str = "") -> Return | None:
    """What a message says, by its structure alone; None where it says nothing to us. `recipient`: of the envelope."""
    try:
        message = message_from_bytes(raw[:MOST_BYTES])
        parts, addressed = parts_of(message), addressed_to(message, recipient)
        return _complaint(parts) or _bounce(parts, addressed) or _leaving(addressed)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # a hostile message is no message
        return None


def _complaint(parts: list[Message]) -> Return | None:
    """The report, or the letter that it encloses, holds a token of ours."""
    reports = [part for part in parts if part.get_content_type() == "message/feedback-report"]
    told = " ".join(_flat(part) for part in reports)
    if not re.search(r"^feedback-type:\s*(abuse|fraud|opt-out)\b", told, re.IGNORECASE | re.MULTILINE):
        return None
    enclosed = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
    original = " ".join(_flat(part) for part in parts if part.get_content_type() in enclosed)
    letter, reader = _RETURNED_TO.search(f"{told} {original}"), _LINK.search(_unfolded(original))
    return Return("complaint", letter=_told(letter), reader=_told(reader)) if letter or reader else None


def _bounce(parts: list[Message], addressed: str) -> Return | None:
    letter, status = _RETURNED_TO.search(addressed), failed_for_good(parts)
    return Return("bounce", letter=_told(letter), status=status) if letter is not None and status is not None else None


def _leaving(addressed: str) -> Return | None:
    reader = _LEFT_TO.search(addressed)
    return Return("unsubscribe", reader=_told(reader)) if reader else None


def _told(found: re.Match[str] | None) -> str | None:
    return found[1].lower() if found else None


def _flat(part: Message) -> str:
    return part.as_bytes()[:MOST_BYTES].decode("utf-8", "replace")


def _unfolded(text: str) -> str:
    """Quoted-printable soft breaks and folded headers taken out, so that an address stands in one piece."""
    return re.sub(r"=\r?\n|\r?\n[ \t]+", "", text)


async def record(session: AsyncSession, told: Return, keys: ReadersKeys, now: datetime) -> bool:
    """Whether it was about a letter or a reader of ours."""
    send_id = keys.told_by("return", told.letter) if told.letter else None
    reader_id = keys.told_by("unsubscribe", told.reader) if told.reader else None
    send = await queries.lock_send(session, send_id) if send_id is not None else None
    match told.kind:
        case "unsubscribe":
            if reader_id is not None:
                await subscribing.unsubscribe(session, reader_id, now)
            return reader_id is not None
        case "bounce":
            if send is not None and send.state in REMOVED_FROM:
                send.state, send.code, send.updated_at = SendState.BOUNCED, told.status, now
                await mailbox_said_no(session, send, now)
            return send is not None
        case "complaint":
            if send is not None and send.state in (*REMOVED_FROM, SendState.BOUNCED):
                send.state, send.sent_at, send.updated_at = SendState.COMPLAINED, send.sent_at or now, now
            about = send.subscription_id if send is not None else reader_id
            subscription = await queries.lock_subscription(session, about) if about is not None else None
            if subscription is not None and subscription.key_hash is not None:
                reason = SuppressionReason.COMPLAINED
                await subscribing.end_everywhere(session, subscription.key_hash, reason, now)
            return subscription is not None
