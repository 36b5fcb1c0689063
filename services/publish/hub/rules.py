"""What the hub takes, how it signs, and when it tries again (W3C WebSub). Pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from libs.common.models.bulletin import HubMode, HubTopic

PATH = "/hub"
MOST_FORM = 8192
MOST_ADDRESS = 2000
MOST_SECRET = 200
"""Bytes, fewer than these (5.1)."""
LEASES = (timedelta(minutes=10), timedelta(days=10), timedelta(days=30))
"""The shortest, what is given to who asks for none, and the longest."""
MEDIA_TYPES = {
    HubTopic.RSS: "application/rss+xml; charset=utf-8",
    HubTopic.ATOM: "application/atom+xml; charset=utf-8",
    HubTopic.JSON: "application/feed+json; charset=utf-8",
}
CLAIMED_FOR = timedelta(minutes=2)
"""A worker that has not said after this what became of it is taken for dead."""
ASKED_AGAIN = (timedelta(seconds=30), timedelta(minutes=5))
"""After the first and the second try to verify that failed; then the wish is dropped."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
MOST_FAILURES = 30
"""In a row, about a day: then the subscription is over."""
HOST = re.compile(r"[a-z0-9.:-]{1,253}")


class NotTaken(ValueError):
    """What was asked can't be. `name`: the field; `vi` and `en`: why."""

    def __init__(self, name: str, vi: str, en: str) -> None:
        super().__init__(f"{name}: {vi} / {en}")


@dataclass(frozen=True)
class Wish:
    """What a subscriber asks for."""

    mode: HubMode
    topic: HubTopic
    callback: str
    host: str
    secret: str | None
    lease: timedelta


def wish_of(body: bytes, addresses: Mapping[str, HubTopic], *, may_be_plain: bool) -> Wish:
    """From a form (5.1). `addresses`: our topics by their address; `may_be_plain`: callbacks may be http.
    Raises NotTaken."""
    told = _fields(body)
    mode = told.get("hub.mode", "")
    if mode not in list(HubMode):
        raise NotTaken("hub.mode", "phải là subscribe hoặc unsubscribe", "is subscribe or unsubscribe")
    topic = addresses.get(told.get("hub.topic", ""))
    if topic is None:
        raise NotTaken("hub.topic", "không phải nguồn tin của bản tin này", "is no feed of this bulletin")
    callback, host = _callback(told.get("hub.callback", ""), may_be_plain)
    secret = told.get("hub.secret") or None
    if secret is not None and len(secret.encode()) >= MOST_SECRET:
        raise NotTaken("hub.secret", "phải dưới 200 byte", "is shorter than 200 bytes")
    return Wish(HubMode(mode), topic, callback, host, secret, lease_of(told.get("hub.lease_seconds", "")))


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise NotTaken("hub.mode", "không đọc được biểu mẫu", "the form can't be read") from None
    return dict(reversed(pairs))  # said twice, the first counts


def _callback(address: str, may_be_plain: bool) -> tuple[str, str]:
    wrong = NotTaken("hub.callback", "phải là địa chỉ https đầy đủ", "is a whole https address")
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise wrong from None
    is_plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    is_scheme = parts.scheme == "https" or (may_be_plain and parts.scheme == "http")
    is_bare = parts.username is None and parts.password is None and not parts.fragment
    if not (is_plain and is_scheme and is_bare and HOST.fullmatch(host) and len(address) <= MOST_ADDRESS):
        raise wrong
    return address, host


def lease_of(told: str) -> timedelta:
    """As asked for, within our bounds."""
    shortest, usual, longest = LEASES
    if not (told.isascii() and told.isdigit() and int(told[:9])):
        return usual
    return min(max(timedelta(seconds=int(told[:9])), shortest), longest)


def asking(callback: str, mode: str, topic: str, challenge: str, lease: timedelta) -> str:
    """The address at which a subscriber is asked whether it was they; what its query said stays (5.3)."""
    told = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
    if mode == HubMode.SUBSCRIBE:
        told["hub.lease_seconds"] = str(int(lease.total_seconds()))
    parts = urlsplit(callback)
    query = "&".join(filter(None, [parts.query, urlencode(told)]))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def signature(body: bytes, secret: str) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def pause_after(failures: int) -> timedelta:
    """Before a push is tried again: 10 seconds, doubling to an hour."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 12)), LONGEST_PAUSE)
