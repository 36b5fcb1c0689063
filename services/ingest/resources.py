"""What the ingest process holds while it runs: one fetcher, the rules of robots, a lock for each host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.http import FetchLimits, PublicFetcher
from services.ingest.mailbox.replies import DailyReplies
from services.ingest.robots import Robots
from services.ingest.settings import IngestSettings


@dataclass
class Hosts:
    """One request at a time to a host, with a pause between two."""

    pause_seconds: float
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        async with self._locks.setdefault(host, asyncio.Lock()):
            yield
            if self.pause_seconds:
                await asyncio.sleep(self.pause_seconds)


@dataclass(frozen=True)
class Resources:
    settings: IngestSettings
    fetcher: PublicFetcher
    robots: Robots
    hosts: Hosts
    replies: DailyReplies = field(default_factory=DailyReplies)


def user_agent(settings: IngestSettings) -> str:
    """An honest name with a place to complain."""
    contact = settings.poll.contact or f"{settings.public_url.rstrip('/')}/minh-bach"
    return f"{settings.poll.agent}/1.0 (+{contact})"


@asynccontextmanager
async def open_resources(settings: IngestSettings, db: Database, clock: Clock) -> AsyncIterator[Resources]:
    limits = FetchLimits(
        max_bytes=settings.poll.feed_bytes,
        deadline_s=settings.poll.deadline_seconds,
        ports=frozenset(settings.poll.ports),
    )
    async with PublicFetcher(user_agent=user_agent(settings), limits=limits, allow_loopback=settings.replay) as fetcher:
        pause = 0.0 if settings.replay else settings.poll.host_delay_seconds
        yield Resources(settings, fetcher, Robots(fetcher, clock, settings.poll.agent), Hosts(pause))
