"""robots.txt (RFC 9309), asked before every request and every redirect, remembered for a day per origin."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from protego import Protego

from libs.common.clock import Clock
from libs.common.http import FetchError, FetchRefused, PublicFetcher, Turn
from services.ingest.hosts import HostBusy

MAX_BYTES = 500 * 1024
_KEEP = timedelta(hours=24)
_KEEP_UNREACHABLE = timedelta(minutes=30)
_MAX_ORIGINS = 5000


class RobotsDisallowed(FetchRefused):
    """The site asks programs not to read this path; it is not requested."""

    outcome = "robots"


class RobotsUnreachable(RobotsDisallowed):
    """Nobody knows what the site asks, so nothing is read until it can be asked (RFC 9309, 2.3.1.4)."""


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


def delay_seconds(rules: Protego | None, agent: str, longest: float) -> float:
    """The pause between two requests that the rules ask for: `Crawl-delay`, or `Request-rate` where it is slower."""
    if rules is None:
        return 0.0
    rate = rules.request_rate(agent)
    paced = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
    return min(max(float(rules.crawl_delay(agent) or 0.0), paced, 0.0), longest)


Slow = Callable[[httpx.URL, float], Awaitable[None]]


@dataclass(slots=True)
class _Remembered:
    rules: Protego | None
    until: datetime


class Robots:
    """The rules of every origin met, fetched once a day by the same fetcher as everything else."""

    def __init__(
        self,
        fetcher: PublicFetcher,
        clock: Clock,
        agent: str,
        *,
        turn: Turn | None = None,
        slow: Slow | None = None,
        longest_pause: float = 300.0,
    ) -> None:
        """`turn` is waited for before robots.txt itself is asked; `slow` is told a host's pause as it becomes known."""
        self._fetcher, self._clock, self._agent = fetcher, clock, agent
        self._turn, self._slow, self._longest_pause = turn, slow, longest_pause
        self._known: dict[str, _Remembered] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def admit(self, url: httpx.URL) -> None:
        """Raise RobotsDisallowed unless the address may be requested; given to `PublicFetcher.fetch`."""
        if url.path == "/robots.txt":
            return
        rules = await self._rules(_origin(url))
        if rules is None:
            raise RobotsUnreachable(
                f"Chưa đọc được robots.txt của {url.host} nên chưa đọc trang nào ở đó.",
                f"robots.txt of {url.host} cannot be read yet, so nothing there is.",
            )
        if not is_allowed(rules, str(url), self._agent):
            raise RobotsDisallowed(
                f"robots.txt của {url.host} không cho phép đọc đường dẫn này.",
                f"robots.txt of {url.host} disallows this path.",
            )

    def delay_of(self, url: httpx.URL) -> float:
        """Seconds between two requests that the site asks for; 0 where it asks nothing or was not asked yet."""
        known = self._known.get(_origin(url))
        return 0.0 if known is None else delay_seconds(known.rules, self._agent, self._longest_pause)

    async def _rules(self, origin: str) -> Protego | None:
        async with self._locks.setdefault(origin, asyncio.Lock()):
            known = self._known.get(origin)
            now = self._clock.now()
            if known is None or known.until <= now:
                rules = rules_of(await self._ask(origin))
                known = _Remembered(rules, now + (_KEEP if rules is not None else _KEEP_UNREACHABLE))
                self._remember(origin, known)
                pause = delay_seconds(rules, self._agent, self._longest_pause)
                if pause and self._slow is not None:
                    await self._slow(httpx.URL(origin), pause)
            return known.rules

    async def _ask(self, origin: str) -> RobotsAnswer | None:
        try:
            answer = await self._fetcher.fetch(
                f"{origin}/robots.txt", max_bytes=MAX_BYTES, truncate=True, turn=self._turn
            )
        except (FetchRefused, HostBusy):
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


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
