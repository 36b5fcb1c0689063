"""One budget for each host, shared by all sources and all processes: one request at a time, with a pause between two.

The budget is a row of Postgres that a request takes with one statement. A process that dies holds its host no longer
than a fetch may last. Within a process, who waits for the same host stands in line.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakValueDictionary

import httpx

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.http import Fetched, FetchError, Turn
from services.ingest import poll_queries
from services.ingest.rhythm import retry_after_seconds

_REST_SECONDS, _LONGEST_REST = 60, 3600
_LINE_SECONDS = 5
_SHORTEST_NAP, _LONGEST_NAP = 0.02, 0.5


class HostBusy(FetchError):
    """The host is being asked by somebody else, or wants rest: no request was sent. Look again at `until`."""

    outcome = "waiting"

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(f"Chưa tới lượt đọc {host}.", f"It is not our turn at {host} yet.")
        self.until = until


def rest_seconds(answer: Fetched, refusals: int, now: datetime) -> int | None:
    """How long a host is left alone after this answer; a 429 that does not say doubles from a minute to an hour."""
    if answer.status not in (429, 503):
        return None
    asked = retry_after_seconds(answer.headers.get("retry-after"), now)
    if asked is not None or answer.status == 503:
        return asked
    return int(min(_REST_SECONDS * 2 ** min(refusals, 10), _LONGEST_REST))


def host_of(url: str) -> str:
    """The host of an address as budgets name it; nothing for what the client cannot take, which it then refuses."""
    try:
        return httpx.URL(url).raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return ""


@dataclass
class Hosts:
    """Turns at hosts. `delay_of` is what robots.txt asks of us, in seconds; 0 where nothing is known."""

    db: Database
    clock: Clock
    pause_seconds: float
    hold_seconds: float
    patience_seconds: float
    delay_of: Callable[[httpx.URL], float] = field(default=lambda url: 0.0)
    _lines: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _polled: Counter[str] = field(default_factory=Counter)

    # --- what this process polls, so that it sends nobody else there meanwhile -------------------------------

    @contextmanager
    def polling(self, host: str) -> Iterator[None]:
        self._polled[host] += 1
        try:
            yield
        finally:
            self._polled[host] -= 1
            if not self._polled[host]:
                del self._polled[host]

    @property
    def polled(self) -> Sequence[str]:
        return list(self._polled)

    # --- turns ----------------------------------------------------------------------------------------------

    def within(self, seconds: float) -> Turn:
        """Turns that are waited for so long, then `HostBusy` is raised."""
        return partial(self.turn, patience=seconds)

    @asynccontextmanager
    async def turn(self, url: httpx.URL, patience: float | None = None) -> AsyncIterator[Callable[[Fetched], None]]:
        host, loop = url.raw_host.decode("ascii").lower(), asyncio.get_running_loop()
        until = loop.time() + (self.patience_seconds if patience is None else patience)
        answers: list[Fetched] = []
        line = self._lines.setdefault(host, asyncio.Lock())
        await self._stand_in(line, host, until)
        try:
            held, refusals = await self._take(host, until)
            try:
                yield answers.append
            finally:
                await asyncio.shield(self._leave(url, host, held, refusals, answers))
        finally:
            line.release()

    async def _stand_in(self, line: asyncio.Lock, host: str, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                await line.acquire()
        except TimeoutError:
            raise HostBusy(host, self.clock.now() + timedelta(seconds=_LINE_SECONDS)) from None

    async def _take(self, host: str, until: float) -> tuple[datetime, int]:
        loop = asyncio.get_running_loop()
        while True:
            now = self.clock.now()
            held = now + timedelta(seconds=self.hold_seconds)
            async with self.db.transaction() as session:
                refusals = await poll_queries.take_host(session, host, now, held)
                if refusals is not None:
                    return held, refusals
                budget = await poll_queries.get_host(session, host)
            if budget is None:
                continue
            rest, left = budget.resting_until or now, until - loop.time()
            free = max(budget.free_at, rest)
            if left <= 0 or rest > now + timedelta(seconds=left):
                raise HostBusy(host, free)
            nap = max((free - now).total_seconds(), _SHORTEST_NAP)
            await asyncio.sleep(min(nap, _LONGEST_NAP, left))

    async def _leave(self, url: httpx.URL, host: str, held: datetime, refusals: int, answers: list[Fetched]) -> None:
        now = self.clock.now()
        rest = rest_seconds(answers[-1], refusals, now) if answers else None
        pause = max(self.pause_seconds, self.delay_of(url))
        async with self.db.transaction() as session:
            await poll_queries.leave_host(
                session,
                host,
                held,
                free_at=now + timedelta(seconds=pause),
                resting_until=None if rest is None else now + timedelta(seconds=rest),
                is_refused=rest is not None,
            )

    def asked_pause(self, url: str) -> float:
        """What robots.txt asks of the host of an address, in seconds, as far as it is known."""
        try:
            return self.delay_of(httpx.URL(url))
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return 0.0

    async def slow(self, url: httpx.URL, seconds: float) -> None:
        """robots.txt was just read and asks for this pause: it counts from that request on."""
        until = self.clock.now() + timedelta(seconds=seconds)
        async with self.db.transaction() as session:
            await poll_queries.slow_host(session, url.raw_host.decode("ascii").lower(), until)
