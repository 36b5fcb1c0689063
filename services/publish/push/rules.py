"""What web push decides: what a push service's answer means, when to try again, what a browser is shown. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.retry_after import asked_until
from services.publish.push.vapid import b64

LEASE = timedelta(seconds=60)
"""A send that is under way longer is sent again; far longer than one request may take."""
BACKOFF = tuple(timedelta(seconds=each) for each in (10, 30, 120, 600, 1800, 3600))
WITHDRAWAL_LASTS = timedelta(days=28)
"""The longest that push services keep a message: who comes back late is told all the same."""
SENDS_KEPT = timedelta(days=30)
"""After its notice was done; as long as a take-down can still take the place of what was shown."""
GONE = frozenset({404, 410})
THROTTLED = 429
WEB_PUSH = 8030
"""Marks Declarative Web Push (W3C Push API): a browser that knows it shows the notice without our script."""
WITHDRAWN = {
    "title": "Thông báo đã được gỡ",
    "body": "Thông báo gửi tới bạn trước đó đã được gỡ. Bấm để xem bản tin của thành phố.",
}


@dataclass(frozen=True)
class Accepted:
    """The push service has it. Nobody says whether it was shown."""

    status: int


@dataclass(frozen=True)
class Gone:
    """There is no such subscription any more."""


@dataclass(frozen=True)
class Refused:
    """The same again would be refused again."""

    status: int | None


@dataclass(frozen=True)
class Later:
    """Not taken, or nobody knows; `is_host`: the whole push service wants to be left alone until then."""

    until: datetime
    status: int | None = None
    is_host: bool = False


Verdict = Accepted | Gone | Refused | Later


def verdict(status: int, retry_after: str | None, tries: int, now: datetime) -> Verdict:
    """RFC 8030, sections 5, 7.3 and 8.4; `tries` counts this one."""
    if 200 <= status < 300:
        return Accepted(status)
    if status in GONE:
        return Gone()
    if status == THROTTLED or status >= 500:
        asked = asked_until(retry_after, now)
        until = max(asked, now + BACKOFF[0]) if asked else now + pause_after(tries)
        return Later(until, status, is_host=status == THROTTLED)
    return Refused(status)


def pause_after(tries: int) -> timedelta:
    return BACKOFF[min(max(tries, 1), len(BACKOFF)) - 1]


def tag_of(thread: UUID) -> str:
    """22 letters of base64url, at most 32 (RFC 8030, section 5.4): the `Topic` by which a push service replaces what
    waits, and the `tag` by which a browser replaces what it shows."""
    return b64(thread.bytes)


def message(payload: dict[str, Any], thread: UUID, notice_id: UUID) -> bytes:
    """What the browser shows; the same words for our script and for a browser that shows them by itself."""
    shown = {
        "title": payload["title"],
        "body": payload["body"],
        "navigate": payload["navigate"],
        "lang": payload["lang"],
        "dir": "ltr",
        "tag": tag_of(thread),
        "silent": bool(payload.get("is_silent")),
        "data": {"notice": str(notice_id)},
        **({"image": payload["image"]} if payload.get("image") else {}),
    }
    told = {"web_push": WEB_PUSH, "notification": shown, "mutable": True}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def withdrawal(news: dict[str, Any]) -> dict[str, Any]:
    """What takes the place of a notice: none of its words; its page says what became of it."""
    return {**WITHDRAWN, "navigate": news["navigate"], "lang": "vi", "is_silent": True}
