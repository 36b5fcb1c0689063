"""The secrets that this process has in hand, so that none of them is shown: found by their very letters.

Guarantee: a secret that was named here is taken out of every line of the log, of every reason of a platform that is
kept or answered, and of the address in an error, whoever quotes it; also where its end was cut off, and as an address,
JSON or base64 writes it. It is kept in memory alone.
"""

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel, SecretStr

SECRET = "[bí mật]"  # noqa: S105 - what is shown instead of one
_BOT_TOKEN = re.compile(r"(?<!\d)\d{6,12}(?::|%3[aA])[A-Za-z0-9_-]{20,}")
"""Telegram puts it into the path of every address."""
_REST = re.compile(r"[\w.~+/=%:-]*")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONG_ENOUGH = 6
"""A shorter secret would be found in every second line."""
_BEGINNING = 8
"""So many letters of a secret are known again where the rest is cut off: platforms' words are shortened."""
_MOST = 300
"""Secrets that are remembered beside those of the settings; the last used are kept."""
_KEYS = ("key", "token", "secret", "password")
"""What a member of a list in the settings calls the part of it that is secret."""
_TOKEN_LIKE = 12
"""A part of an address that is so long may be what lets one in."""


class _Withheld:
    """`_named`: each secret, the last used at the end, and whether it lasts as long as the process. `_begun`: the
    secrets by the first letters of each of their spellings, so that a line of the log costs one look per letter
    however many there are."""

    def __init__(self) -> None:
        self._named: dict[str, bool] = {}
        self._begun: dict[str, set[str]] = {}

    def add(self, secrets: Iterable[str], *, lasts: bool = False) -> None:
        fresh = [secret for secret in secrets if len(secret) >= _LONG_ENOUGH and self._remember(secret, lasts)]
        if fresh:
            self._forget_oldest()

    def _remember(self, secret: str, lasts: bool) -> bool:
        """Whether it was not known before."""
        known = self._named.pop(secret, None)
        self._named[secret] = lasts or known is True
        if known is None:
            for form in _spellings(secret):
                self._begun.setdefault(form[:_LONG_ENOUGH], set()).add(secret)
        return known is None

    def _forget_oldest(self) -> None:
        """Tokens that rotate pile up in a process that lives for months, and are dead by the time they are old."""
        passing = [secret for secret, lasts in self._named.items() if not lasts]
        for secret in passing[: max(len(passing) - _MOST, 0)]:
            del self._named[secret]
            for form in _spellings(secret):
                begun = self._begun.get(form[:_LONG_ENOUGH], set())
                begun.discard(secret)
                if not begun:
                    self._begun.pop(form[:_LONG_ENOUGH], None)

    def taken_out(self, text: str) -> str:
        shown: list[str] = []
        done = at = 0
        while at <= len(text) - _LONG_ENOUGH:
            end = self._end(text, at)
            if end is None:
                at += 1
            else:
                shown += (text[done:at], SECRET)
                done = at = end
        return "".join([*shown, text[done:]])

    def _end(self, text: str, at: int) -> int | None:
        """Where a secret ends that begins here; None where none does."""
        if text[at].isdigit() and (bot := _BOT_TOKEN.match(text, at)):
            return bot.end()
        begun = tuple(self._begun.get(text[at : at + _LONG_ENOUGH], ()))  # another thread may add to it meanwhile
        if not begun:
            return None
        whole = [len(form) for secret in begun for form in _spellings(secret) if text.startswith(form, at)]
        if whole:
            return at + max(whole)
        # An address begins as many do that are none.
        cut = {_beginning(form) for secret in begun if "://" not in secret for form in _spellings(secret)}
        found = [len(form) for form in cut if len(form) >= _BEGINNING and text.startswith(form, at)]
        return _REST.match(text, at + max(found)).end() if found else None  # type: ignore[union-attr]


_withheld = _Withheld()


def withhold(*secrets: str) -> None:
    """Never show these again; one of less than six letters would be found everywhere, and is let be."""
    _withheld.add(secrets)


def withhold_address(address: str, *, lasts: bool = False) -> None:
    """Of an address: its password, and the parts of its path and query that may be what lets one in."""
    try:
        parts = urlsplit(address)
        found = [parts.password or "", unquote(parts.password or "")]
    except ValueError:
        return
    long_ones = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    _withheld.add([*found, *(part for part in long_ones if len(part) >= _TOKEN_LIKE)], lasts=lasts)


def withhold_settings(settings: BaseModel) -> None:
    """Every secret of a settings class."""
    for value in settings.__dict__.values():
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            _withheld.add([secret, *_keys_in(secret)], lasts=True)
            if _ADDRESS.match(secret):  # a list of servers as JSON has addresses in it, and is none
                withhold_address(secret, lasts=True)
        elif isinstance(value, BaseModel):
            withhold_settings(value)


def _keys_in(secret: str) -> list[str]:
    """Of a JSON list: its keys alone, that stand in no line as the whole list does. Where a server stands, and what it
    is called, is no secret."""
    try:
        told = json.loads(secret)
    except ValueError:
        return []
    members = told if isinstance(told, list) else []
    plain = [each for each in members if isinstance(each, str)]
    named = [each.get(name) for each in members if isinstance(each, dict) for name in _KEYS]
    return plain + [each for each in named if isinstance(each, str)]


def without_secrets(text: str) -> str:
    """The text without the secrets that this process has in hand, and without a bot's token."""
    return _withheld.taken_out(text)


def _beginning(form: str) -> str:
    """A bot's token begins with its number, which is no secret."""
    bot = re.match(r"\d+(?::|%3[aA])", form)
    return form[: bot.end() + 4] if bot else form[:_BEGINNING]


@lru_cache(maxsize=2 * _MOST)
def _spellings(secret: str) -> frozenset[str]:
    """As it is, as an address writes it, as JSON and Python's repr write it, and in base64."""
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return frozenset(
        {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1], coded}
    )
