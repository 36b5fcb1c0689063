"""The secrets that this process has in hand, so that none of them is shown: found by their very letters.

Guarantee: a secret that was named here is taken out of every line of the log, of every reason of a platform that is
kept or answered, and of the address in an error, whoever quotes it; also where its end was cut off, and as an address,
JSON or base64 writes it. It is kept in memory alone.
"""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel, SecretStr

SECRET = "[bí mật]"  # noqa: S105 - what is shown instead of one
_BOT_TOKEN = re.compile(r"(?<!\d)\d{6,12}(?::|%3[aA])[A-Za-z0-9_-]{20,}")
"""Telegram puts it into the path of every address."""
_LONG_ENOUGH = 6
"""A shorter secret would be found in every second line."""
_BEGINNING = 8
"""So many letters of a secret are known again where the rest is cut off: platforms' words are shortened."""
_TOKEN_LIKE = 12
"""A part of an address that is so long may be what lets one in."""


class _Withheld:
    def __init__(self) -> None:
        self._whole: frozenset[str] = frozenset()
        self._begun: frozenset[str] = frozenset()
        self._pattern = _BOT_TOKEN

    def add(self, secrets: Iterable[str]) -> None:
        named = [secret for secret in secrets if len(secret) >= _LONG_ENOUGH]
        whole = {form for secret in named for form in _spellings(secret)}
        if whole <= self._whole:
            return
        # An address begins as many do that are none.
        begun = {_beginning(form) for secret in named if "://" not in secret for form in _spellings(secret)}
        self._whole |= whole
        self._begun |= {form for form in begun if len(form) >= _BEGINNING}
        longest_first = sorted(self._whole, key=len, reverse=True)
        cut = [re.escape(form) + r"[\w.~+/=%:-]*" for form in sorted(self._begun)]
        self._pattern = re.compile("|".join([_BOT_TOKEN.pattern, *map(re.escape, longest_first), *cut]))

    def taken_out(self, text: str) -> str:
        return self._pattern.sub(SECRET, text)


_withheld = _Withheld()


def withhold(*secrets: str) -> None:
    """Never show these again; one of less than six letters would be found everywhere, and is let be."""
    _withheld.add(secrets)


def withhold_address(address: str) -> None:
    """Of an address: its password, and the parts of its path and query that may be what lets one in."""
    try:
        parts = urlsplit(address)
        found = [parts.password or "", unquote(parts.password or "")]
    except ValueError:
        return
    long_ones = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    withhold(*found, *(part for part in long_ones if len(part) >= _TOKEN_LIKE))


def withhold_settings(settings: BaseModel) -> None:
    """Every secret of a settings class."""
    for value in settings.__dict__.values():
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            withhold(secret)
            if "://" in secret:
                withhold_address(secret)
        elif isinstance(value, BaseModel):
            withhold_settings(value)


def without_secrets(text: str) -> str:
    """The text without the secrets that this process has in hand, and without a bot's token."""
    return _withheld.taken_out(text)


def _beginning(form: str) -> str:
    """A bot's token begins with its number, which is no secret."""
    bot = re.match(r"\d+(?::|%3[aA])", form)
    return form[: bot.end() + 4] if bot else form[:_BEGINNING]


def _spellings(secret: str) -> set[str]:
    """As it is, as an address writes it, as JSON and Python's repr write it, and in base64."""
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1], coded}
