"""Zalo: that somebody wrote to the account; apps are told of no comments under articles.

Signed with the account's secret key (`secret.oa_secret`, not the app's): plain SHA-256 over the app's id, the raw
bytes, a time and the key. Which time is signed is told in two ways: the header's, where there is one, else the body's.
A message belongs to no post of ours: it goes to the officers alone, masked, and its writer only under seal, for as long
as Zalo lets us answer. Of a picture or a file nothing is fetched: that one was sent is all that is told.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.publish.adapters.base import Account, Said
from services.publish.hearing.base import HOOKS, UNREADABLE, Heard, Letter, Messaged, same

SIGNATURE, TIME = "x-zevent-signature", "x-zevent-timestamp"
SENT = {
    "user_send_text": "",
    "user_send_link": "[liên kết]",
    "user_send_image": "[ảnh]",
    "user_send_video": "[video]",
    "user_send_audio": "[tin thoại]",
    "user_send_file": "[tệp]",
    "user_send_gif": "[ảnh động]",
    "user_send_sticker": "[nhãn dán]",
    "user_send_location": "[vị trí]",
}
"""What people send, and what stands for it."""
WINDOW = timedelta(days=7)
"""How long after it a message may be answered."""
FRESH = timedelta(hours=13)
"""How far the signed time may be from ours: Zalo sends again for up to 12 hours, by one reading with the first time."""


class ZaloHook:
    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        """Zalo asks nothing before it sends."""
        return None

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        secret, app = str(account.secret.get("oa_secret", "")), str(account.settings.get("app_id", ""))
        at = letter.headers.get(TIME) or _time_inside(letter.body)
        if not secret or not _is_fresh(at, letter.at):
            return False
        mac = hashlib.sha256(app.encode() + letter.body + at.encode() + secret.encode()).hexdigest()
        return same(letter.headers.get(SIGNATURE, "").removeprefix("mac="), mac)

    def read(self, letter: Letter) -> Sequence[Heard]:
        """Ids are strings: they are longer than what a number holds. Other events are taken, and say nothing to us."""
        told = json.loads(letter.body)
        name = told["event_name"]
        if name not in SENT:
            return []
        message, written = told["message"], str(told["timestamp"])
        text, number = f"{message.get('text') or ''} {SENT[name]}".strip(), str(message["msg_id"])
        address = f"{told['sender']['id']}/{number}"
        said = Said(id=number, post_id="", text=text, at=_instant(written), reply_to=address)
        return [Heard(Messaged(said, WINDOW), f"{name} {number}", str(told["recipient"]["id"]))]

    def is_of(self, account: Account, named: str) -> bool:
        """By `settings.oa_id`; a channel that does not say it is the only one of its app."""
        known = str(account.settings.get("oa_id") or "")
        return not known or known == named


def _time_inside(body: bytes) -> str:
    try:
        return str(json.loads(body)["timestamp"])
    except UNREADABLE:
        return ""


def _instant(milliseconds: str) -> datetime | None:
    if not (milliseconds.isascii() and milliseconds.isdecimal()) or len(milliseconds) > 14:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _is_fresh(milliseconds: str, now: datetime) -> bool:
    at = _instant(milliseconds)
    return at is not None and abs(at - now) <= FRESH


HOOKS.register("zalo")(ZaloHook())
