"""TikTok: what became of posts and of our permission; this API tells of no comments.

One callback for each app, signed with the app's secret over the time and the raw bytes. What happened is written as
JSON inside a JSON string. Events come at least once, also again after three days.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.publish.adapters.base import Account, Reason
from services.publish.hearing.base import HOOKS, Ended, Event, Heard, Json, Letter, Touched, same

SIGNATURE = "tiktok-signature"
FRESH = timedelta(minutes=5)
"""How far the signed time may be from ours: what somebody recorded is not taken later."""
OF_SENDINGS = frozenset(
    {
        "post.publish.failed",
        "post.publish.complete",
        "post.publish.inbox_delivered",
        "post.publish.publicly_available",
    }
)
GONE, REMOVED = "post.publish.no_longer_publicaly_available", "authorization.removed"
"""The first as TikTok spells it."""


class TiktokHook:
    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        """TikTok asks nothing before it sends."""
        return None

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        secret, parts = str(account.secret.get("client_secret", "")), _parts(letter.headers.get(SIGNATURE, ""))
        at, given = parts.get("t", ""), parts.get("s", "")
        signed = hmac.new(secret.encode(), at.encode() + b"." + letter.body, hashlib.sha256).hexdigest()
        return bool(secret) and same(given, signed) and _is_fresh(at, letter.at)

    def read(self, letter: Letter) -> Sequence[Heard]:
        told = json.loads(letter.body)
        event = _event(str(told["event"]), json.loads(told.get("content") or "{}"))
        key = json.dumps([told["event"], told.get("create_time"), told.get("user_openid"), told.get("content")])
        return [] if event is None else [Heard(event, key, str(told["user_openid"]))]

    def is_of(self, account: Account, named: str) -> bool:
        """By `settings.open_id`; a channel that does not say it is the only one of its app."""
        known = str(account.settings.get("open_id") or "")
        return not known or known == named


def _event(name: str, content: Json) -> Event | None:
    if name == REMOVED:
        vi = f"Quyền của ứng dụng trên tài khoản TikTok đã bị gỡ (lý do {content.get('reason', 'không rõ')})"
        return Ended(Reason(vi, f"{REMOVED}: {content.get('reason')}"))
    if name in OF_SENDINGS:
        return Touched(str(content["publish_id"]))
    if name == GONE:
        return Touched(str(content.get("post_id") or content["publish_id"]))
    return None


def _parts(written: str) -> dict[str, str]:
    """Of `t=…,s=…`."""
    pairs = (part.strip().partition("=") for part in written.split(","))
    return {name: value for name, _, value in pairs if value}


def _is_fresh(written: str, now: datetime) -> bool:
    if not written.isdecimal() or len(written) > 12:
        return False
    return abs(datetime.fromtimestamp(int(written), UTC) - now) <= FRESH


HOOKS.register("tiktok")(TiktokHook())
