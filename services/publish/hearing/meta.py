"""Webhooks of Meta's platforms: one callback for each app, signed with the app's secret over the raw bytes.

The bodies are ASCII with every other letter escaped, and slashes too: what a parser writes again has another
signature. Shapes: shared facts of the Graph API's webhooks; marked [memory] there, so every field may be missing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.publish.adapters.base import Account
from services.publish.hearing.base import Event, Heard, Json, Letter, same

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
        return [
            Heard(event, key, account)
            for account, key, change in changes(told)
            for event in self.events(account, change)
        ]

    def events(self, account: str, change: Json) -> Iterator[Event]:
        raise NotImplementedError


def changes(told: Any) -> Iterator[tuple[str, str, Json]]:
    """Of each entry whose it is, what tells the change from any other (Meta numbers none), and the change."""
    for entry in told["entry"]:
        for change in entry.get("changes") or ():
            yield str(entry["id"]), json.dumps([entry.get("time"), change], sort_keys=True), change
