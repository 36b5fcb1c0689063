"""What the ingest process holds while it runs: one fetcher, the rules of robots, turns at hosts, parsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.http import FetchLimits, PublicFetcher
from services.ingest.hosts import Hosts
from services.ingest.isolation import Parsers, open_parsers
from services.ingest.mailbox.replies import DailyReplies
from services.ingest.robots import Robots
from services.ingest.settings import IngestSettings


@dataclass(frozen=True)
class Resources:
    settings: IngestSettings
    fetcher: PublicFetcher
    robots: Robots
    hosts: Hosts
    parsers: Parsers
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
        hosts = _hosts(settings, db, clock)
        robots = Robots(
            fetcher,
            clock,
            settings.poll.agent,
            turn=hosts.turn,
            slow=hosts.slow,
            longest_pause=settings.poll.longest_pause_seconds,
        )
        hosts.delay_of = robots.delay_of
        async with open_parsers(settings.poll) as parsers:
            yield Resources(settings, fetcher, robots, hosts, parsers)


_BEYOND_A_FETCH = 10.0
"""A turn outlasts the deadline of its fetch by this much, so that it is not taken from a request under way."""


def _hosts(settings: IngestSettings, db: Database, clock: Clock) -> Hosts:
    """A replay asks this machine alone and does not pause, unless it is told to."""
    is_paced = not settings.replay or "host_delay_seconds" in settings.poll.model_fields_set
    return Hosts(
        db,
        clock,
        pause_seconds=settings.poll.host_delay_seconds if is_paced else 0.0,
        hold_seconds=settings.poll.deadline_seconds + _BEYOND_A_FETCH,
        patience_seconds=settings.poll.patience_seconds,
    )
