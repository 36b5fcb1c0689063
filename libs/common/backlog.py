"""How much waits: events for the relay, events for each consumer, dead letters for a person. The relay reports it.

Every relay reports the same, so that the figures go on when one dies; an alert takes the greatest.
"""

from dataclasses import dataclass
from datetime import datetime

from nats.js import JetStreamContext
from sqlalchemy import func, select

from libs.common import telemetry
from libs.common.db import Database
from libs.common.models import DeadLetter
from libs.common.outbox import pending_events

LIMIT = 100_000
"""Nothing is counted beyond this: the figure is for a person who has to act long before."""


@dataclass(frozen=True)
class Waiting:
    """Of one consumer: what it has not been given, and what it has in hand or will be given again."""

    consumer: str
    pending: int
    unacked: int


@dataclass(frozen=True)
class Backlog:
    events: int
    oldest_age: float | None
    dead: int


async def measure_outbox(db: Database, now: datetime) -> Backlog:
    """Counted in one short transaction of its own."""
    dead = select(DeadLetter.id).where(DeadLetter.retried_at.is_(None)).limit(LIMIT).subquery()
    async with db.transaction() as session:
        count, since = await pending_events(session, LIMIT)
        open_letters = await session.scalar(select(func.count()).select_from(dead)) or 0
    return Backlog(count, (now - since).total_seconds() if since else None, open_letters)


async def measure_consumers(js: JetStreamContext, stream: str) -> list[Waiting]:
    """Of every durable that the stream knows, also one whose workers are all gone."""
    infos = await js.consumers_info(stream)
    return [Waiting(info.name, info.num_pending or 0, info.num_ack_pending or 0) for info in infos]


def report(found: Backlog, waiting: list[Waiting]) -> None:
    telemetry.gauge("lantoa.outbox.pending", found.events)
    telemetry.gauge("lantoa.outbox.oldest_age", found.oldest_age or 0.0)
    telemetry.gauge("lantoa.dead_letters.open", found.dead)
    for one in waiting:
        telemetry.gauge("lantoa.consumer.pending", one.pending, consumer=one.consumer)
        telemetry.gauge("lantoa.consumer.unacked", one.unacked, consumer=one.consumer)
