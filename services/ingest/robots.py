"""robots.txt (RFC 9309), asked before every request and every redirect, remembered for a day per origin."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from protego import Protego

from libs.common.clock import Clock
from libs.common.http import FetchError, FetchRefused, PublicFetcher

MAX_BYTES = 500 * 1024
_KEEP = timedelta(hours=24)
_KEEP_UNREACHABLE = timedelta(minutes=30)
_MAX_ORIGINS = 5000


class RobotsDisallowed(FetchRefused):
    """The site asks programs not to read this path; it is not requested."""

    outcome = "robots"


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What an origin answered for /robots.txt."""

    status: int
    body: bytes = b""


def rules_of(answer: RobotsAnswer | None) -> Protego | None:
    """The rules to follow: 4xx allows all, 5xx or silence allows nothing (None)."""
    if answer is None or answer.status >= 500 or answer.status == 429:
        return None
    if answer.status >= 300 or answer.status < 200:
        return Protego.parse("")
    return Protego.parse(answer.body.decode("utf-8", "replace"))


def is_allowed(rules: Protego | None, url: str, agent: str) -> bool:
    """The decision for one address."""
    return rules is not None and bool(rules.can_fetch(url, agent))


@dataclass(slots=True)
class _Remembered:
    rules: Protego | None
    until: datetime


class Robots:
    """The rules of every origin met, fetched once a day by the same fetcher as everything else."""

    def __init__(self, fetcher: PublicFetcher, clock: Clock, agent: str) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._agent = agent
        self._known: dict[str, _Remembered] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def admit(self, url: httpx.URL) -> None:
        """Raise RobotsDisallowed unless the address may be requested; given to `PublicFetcher.fetch`."""
        if url.path == "/robots.txt":
            return
        rules = await self._rules(f"{url.scheme}://{url.netloc.decode('ascii')}")
        if not is_allowed(rules, str(url), self._agent):
            raise RobotsDisallowed(
                f"robots.txt của {url.host} không cho phép đọc đường dẫn này.",
                f"robots.txt of {url.host} disallows this path.",
            )

    async def _rules(self, origin: str) -> Protego | None:
        async with self._locks.setdefault(origin, asyncio.Lock()):
            known = self._known.get(origin)
            now = self._clock.now()
            if known is None or known.until <= now:
                rules = rules_of(await self._ask(origin))
                known = _Remembered(rules, now + (_KEEP if rules is not None else _KEEP_UNREACHABLE))
                self._remember(origin, known)
            return known.rules

    async def _ask(self, origin: str) -> RobotsAnswer | None:
        try:
            answer = await self._fetcher.fetch(f"{origin}/robots.txt", max_bytes=MAX_BYTES, truncate=True)
        except FetchRefused:
            raise
        except FetchError:
            return None
        return RobotsAnswer(answer.status, answer.body)

    def _remember(self, origin: str, known: _Remembered) -> None:
        if len(self._known) >= _MAX_ORIGINS:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._locks.pop(oldest, None)
        self._known[origin] = known
