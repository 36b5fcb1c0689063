"""Use cases of polling: claim what is due, and record what came of a poll at its source."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.db import Database
from libs.common.events.content import BATCH_LIMIT
from libs.common.ids import new_id
from libs.common.models import Source
from libs.common.models.enums import SourceState
from services.ingest import arrivals, poll_queries, queries, trail
from services.ingest.arrivals import Rhythm
from services.ingest.domain import Verdict
from services.ingest.hosts import host_of
from services.ingest.polling import Poll
from services.ingest.queries import NewContent
from services.ingest.rhythm import Move, NextPoll, PollOutcome, decide_next_poll, judge_move
from services.ingest.settings import IngestSettings
from services.ingest.storing import store_contents
from services.ingest.websub import service as websub

_ANSWERED = (PollOutcome.OK, PollOutcome.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A source that this worker alone polls, until its lease ends; and when its poll was due."""

    source: Source
    due_at: datetime

    @property
    def host(self) -> str:
        return host_of(self.source.url or "")


async def claim_due_sources(
    session: AsyncSession,
    now: datetime,
    lease: timedelta,
    *,
    limit: int = 1,
    busy: Collection[str] = (),
    troubled: bool = True,
) -> list[Claimed]:
    """Due sources whose hosts are free, one for each host; `troubled`: also those whose last poll failed."""
    claimed = await poll_queries.claim_due(session, now, now + lease, limit=limit, busy=busy, troubled=troubled)
    return [Claimed(*pair) for pair in claimed]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A poll that is over, and what it brought that was not known in this form."""

    poll: Poll
    fresh: Sequence[NewContent] = ()
    new: int = 0


async def store_poll(
    db: Database, poll: Poll, *, now: datetime, keep: timedelta, checkpoint: Checkpoint = no_checkpoint
) -> Recorded:
    """Store what a poll or a push brought, in batches, one transaction each."""
    fresh: list[NewContent] = []
    new = 0
    for start in range(0, len(poll.contents), BATCH_LIMIT):
        batch = poll.contents[start : start + BATCH_LIMIT]
        async with db.transaction() as session:
            stored = await store_contents(session, batch, now=now, keep=keep)
            await checkpoint("storing")
        await checkpoint("stored")
        new += sum(one.verdict is Verdict.NEW for one in stored)
        fresh += [item for item, one in zip(batch, stored, strict=True) if one.verdict is not Verdict.DUPLICATE]
    return Recorded(poll, fresh, new)


async def record_poll(
    session: AsyncSession, claimed: Claimed, made: Recorded, settings: IngestSettings, *, now: datetime, spread: float
) -> None:
    """The row of the fetch, what the poll changed at its source, and what it taught of the source's rhythm."""
    source, poll = claimed.source, made.poll
    if poll.outcome is PollOutcome.WAITING:
        following = _following(source, poll, now, 0.0, spread)
        await poll_queries.update_polled(session, source.id, source.url, {"next_poll_at": following.at})
        await poll_queries.release_pages(session, source.id, read=(), is_whole=False)
        return
    rhythm, move = await _learn(session, source, made, settings, now)
    calm = await _calm(session, source, made, settings, rhythm, now)
    changes = source_changes(_following(source, poll, now, calm, spread), poll, now=now)
    if move.is_believed and not await queries.source_taken(session, None, move.to, source.id):
        changes["url"] = move.to  # otherwise another source reads there already: the redirect is followed each time
        await trail.record(session, "source.moved", source.id, now)
    if changes.get("state") == SourceState.GONE:
        await trail.record(session, "source.gone", source.id, now)
    await poll_queries.record_fetch(session, _fetch_row(claimed, made, now))
    await poll_queries.update_polled(session, source.id, source.url, changes)
    whole = poll.outcome is PollOutcome.OK and poll.is_whole
    read = [key for each in poll.contents for key in each.keys]
    await poll_queries.release_pages(session, source.id, read=read, is_whole=whole)


def _following(source: Source, poll: Poll, now: datetime, calm: float, spread: float) -> NextPoll:
    return decide_next_poll(
        poll.outcome,
        now=now,
        poll_seconds=source.poll_seconds,
        failures=source.failures,
        wait_seconds=poll.wait_seconds,
        calm_seconds=calm,
        spread=spread,
    )


async def _learn(
    session: AsyncSession, source: Source, made: Recorded, settings: IngestSettings, now: datetime
) -> tuple[Rhythm | None, Move]:
    """The rhythm and the pending move of the source after this poll; a poll that failed teaches neither."""
    known = await poll_queries.get_rhythm(session, source.id)
    rhythm, move = known or (None, Move())
    if made.poll.outcome not in _ANSWERED:
        return rhythm, Move()
    dated = [each.published_at for each in made.fresh if each.published_at]
    rhythm = arrivals.observe(rhythm, now, len(made.fresh), dated) if rhythm else arrivals.begin(now)
    found, at = made.poll.moved_to, source.url or ""
    needed = settings.poll.moved_polls
    move = judge_move(move, found, at=at, at_host=host_of(at), to_host=host_of(found or ""), needed=needed)
    await poll_queries.save_rhythm(session, source.id, rhythm, Move() if move.is_believed else move)
    return rhythm, move


async def _calm(
    session: AsyncSession,
    source: Source,
    made: Recorded,
    settings: IngestSettings,
    rhythm: Rhythm | None,
    now: datetime,
) -> float:
    """Seconds that the source can be left alone: by its rhythm, or because its hub tells us."""
    if made.poll.outcome not in _ANSWERED or not made.poll.is_whole:
        return 0.0
    is_changed = made.poll.outcome is PollOutcome.OK
    told = await websub.after_poll(
        session, source, made.poll.hub, len(made.fresh), settings, now, is_changed=is_changed
    )
    calm = arrivals.calm_seconds(
        rhythm,
        now,
        expected=settings.poll.expected_items,
        shortest=source.poll_seconds,
        longest=settings.poll.slowest_seconds,
    )
    return max(calm, settings.websub.safety_poll_seconds) if told else calm


def source_changes(following: NextPoll, poll: Poll, *, now: datetime) -> dict[str, Any]:
    """The columns of a source after a poll. Validators count only for an answer whose every entry was dealt with."""
    changes: dict[str, Any] = {
        "next_poll_at": following.at,
        "failures": following.failures,
        "last_error": poll.error,
    }
    if poll.outcome is PollOutcome.OK:
        kept = poll.is_whole
        changes |= {"etag": poll.etag if kept else None, "last_modified": poll.last_modified if kept else None}
    if following.failures == 0:
        changes["last_ok_at"] = now
    if following.is_gone:
        changes["state"] = SourceState.GONE
    return changes


def _fetch_row(claimed: Claimed, made: Recorded, now: datetime) -> dict[str, Any]:
    poll = made.poll
    return {
        "id": new_id(now),
        "source_id": claimed.source.id,
        "url": poll.url or claimed.source.url or "",
        "status": poll.status,
        "outcome": poll.outcome,
        "bytes": poll.bytes,
        "duration_ms": poll.duration_ms,
        "items_seen": poll.seen,
        "items_new": made.new,
        "error": poll.error,
        "fetched_at": now,
        "due_at": claimed.due_at,
    }
