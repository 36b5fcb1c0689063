"""Webhooks of Meta's platforms: one callback for each app, signed with the app's secret over the raw bytes.

The bodies are ASCII with every other letter escaped, and slashes too: what a parser writes again has another
signature. Shapes: shared facts of the Graph API's webhooks; marked [memory] there, so every field may be missing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.publish.adapters.base import Account
from services.publish.hearing.base import Heard, Json, Letter, same

SIGNATURE = "x-hub-signature-256"
PREFIX = "sha256="


class MetaHook:
    """`account_setting`: the channel's setting that holds the account's number."""

    account_setting = "page"

    def challenge(self, query: Mapping[str, str], word: str) -> str | None:
        """`hub.challenge` is a number; anything else would let somebody put words on our page."""
        wanted, echo = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        is_asked = query.get("hub.mode") == "subscribe" and echo.isascii() and echo.isalnum() and len(echo) <= 100
        return echo if is_asked and same(wanted, word) else None

    def is_genuine(self, letter: Letter, account: Account, word: str) -> bool:
        secret, given = str(account.secret.get("app_secret", "")), letter.headers.get(SIGNATURE, "")
        signed = hmac.new(secret.encode(), letter.body, hashlib.sha256).hexdigest()
        return bool(secret) and same(given, PREFIX + signed)

    def is_of(self, account: Account, named: str) -> bool:
        return str(account.settings.get(self.account_setting, "")) == named

    def read(self, letter: Letter) -> Sequence[Heard]:
        told = json.loads(letter.body)
        return [heard for account, change in changes(told) for heard in self.heard(account, change)]

    def heard(self, account: str, change: Json) -> Iterator[Heard]:
        raise NotImplementedError


def changes(told: Any) -> Iterator[tuple[str, Json]]:
    """Of each entry, whose it is and what changed."""
    for entry in told["entry"]:
        for change in entry.get("changes") or ():
            yield str(entry["id"]), change


def key_of(change: Any) -> str:
    """The same whenever the same is sent again: Meta numbers no events."""
    return json.dumps(change, sort_keys=True)


def seconds(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError):
        return None
