"""What a hub pushed, stored by the way of a poll: the same parsers, the same identity, the same masking."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models import Source, WebSubSubscription
from libs.common.models.enums import SourceState
from libs.common.models.rhythm import SubscriptionState
from services.ingest import arrivals, poll_queries, service
from services.ingest.adapters.base import NotParsable
from services.ingest.arrivals import Rhythm
from services.ingest.polling import Poll
from services.ingest.polls import Recorded, store_poll
from services.ingest.reading import Reader, Reading
from services.ingest.resources import Resources
from services.ingest.rhythm import Move, PollOutcome
from services.ingest.websub import queries


class Push(StrEnum):
    """What became of a push that was signed as it should be."""

    TAKEN = "taken"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Letter:
    """A push as it came: the raw body, and what its headers say of it."""

    body: bytes
    content_type: str | None


def is_open(row: WebSubSubscription, source: Source, now: datetime) -> bool:
    """Whether pushes of this subscription are still wanted."""
    is_live = row.lease_ends_at is not None and row.lease_ends_at > now
    return row.state == SubscriptionState.ACTIVE and is_live and source.state == SourceState.ACTIVE


async def take_push(
    db: Database, held: Resources, row: WebSubSubscription, source: Source, letter: Letter, now: datetime
) -> Push:
    """Store what a push holds before the hub is answered. Pages that can't be read in the time there is are left to a
    poll, which is due at once; until then what the feed says stands for them."""
    began = time.monotonic()
    async with db.transaction() as session:
        await service.refuse_when_overloaded(session, held.settings.intake, now)
    seconds = held.settings.websub.articles_seconds
    reader = Reader(source, held, db, now, seconds=seconds, keeps_thin=True)
    try:
        document = await reader.parse(letter.body, letter.content_type, row.topic)
    except NotParsable:
        async with db.transaction() as session:  # a hub that only says that there is news
            await poll_queries.make_due(session, source.id, now)
        return Push.UNREADABLE
    reading = await reader.read(document)
    keep = timedelta(days=held.settings.intake.keep_days)
    poll = Poll(
        PollOutcome.PUSHED,
        url=row.topic,
        bytes=len(letter.body),
        duration_ms=int((time.monotonic() - began) * 1000),
        seen=len(document.entries),
        contents=reading.contents,
    )
    made = await store_poll(db, poll, now=now, keep=keep)
    async with db.transaction() as session:
        await _record(session, row, source, made, reading, now)
    return Push.TAKEN


async def _record(
    session: AsyncSession,
    row: WebSubSubscription,
    source: Source,
    made: Recorded,
    reading: Reading,
    now: datetime,
) -> None:
    poll = made.poll
    fetch: dict[str, Any] = {"status": None, "outcome": poll.outcome, "error": None, "due_at": None, "fetched_at": now}
    fetch |= {"url": row.topic, "bytes": poll.bytes, "duration_ms": poll.duration_ms}
    fetch |= {"items_seen": poll.seen, "items_new": made.new}
    await poll_queries.record_fetch(session, {"id": new_id(now), "source_id": source.id, **fetch})
    await queries.change(session, row.id, pushed_at=now, missed=0)
    await _learn(session, source, made, now)
    await poll_queries.release_pages(
        session, source.id, read=[key for each in poll.contents for key in each.keys], is_whole=False
    )
    if reading.later or not poll.seen:
        await poll_queries.want_pages(session, reading.later, source.id, now)
        await poll_queries.make_due(session, source.id, now)


async def _learn(session: AsyncSession, source: Source, made: Recorded, now: datetime) -> None:
    known = await poll_queries.get_rhythm(session, source.id)
    rhythm, move = known or (arrivals.begin(now), Move())
    dated = [each.published_at for each in made.fresh if each.published_at]
    learnt: Rhythm = arrivals.observe(rhythm, now, len(made.fresh), dated)
    await poll_queries.save_rhythm(session, source.id, learnt, move)
