"""Claim loops: each takes one due source, polls it outside any transaction, and records what came of it."""

import logging
import random
from datetime import timedelta

from libs.common import telemetry
from libs.common.events.content import BATCH_LIMIT
from libs.common.faults import describe
from libs.common.jobs import JobContext, Jobs
from libs.common.models import Source
from services.ingest import service
from services.ingest.domain import Verdict
from services.ingest.polling import Poll, Poller
from services.ingest.resources import Resources
from services.ingest.rhythm import PollOutcome, decide_next_poll

log = logging.getLogger("lantoa.ingest")
jobs = Jobs()

POLLERS = 6
"""Loops side by side, so that a slow source holds up one of them and no other source."""


async def poll_due_source(ctx: JobContext[Resources]) -> int:
    """Poll the source that has been due longest; 0 when none is."""
    lease = timedelta(seconds=ctx.resources.settings.poll.lease_seconds)
    async with ctx.db.transaction() as session:
        source = await service.claim_due_source(session, ctx.clock.now(), lease)
    if source is None:
        return 0
    await poll_source(ctx, source)
    return 1


for _ in range(POLLERS):
    jobs.every(seconds=5)(poll_due_source)


async def poll_source(ctx: JobContext[Resources], source: Source) -> Poll:
    """Poll a claimed source and record it; a failure is that source's alone."""
    with telemetry.step("poll", source_id=source.id, kind=source.kind):
        poll = await _poll_and_record(ctx, source)
    telemetry.count("lantoa.polls", kind=source.kind, outcome=poll.outcome)
    return poll


async def _poll_and_record(ctx: JobContext[Resources], source: Source) -> Poll:
    try:
        poll = await Poller(source, ctx.resources, ctx.db, ctx.clock.now(), ctx.stopping.is_set).poll()
        new = await _store(ctx, poll)
    except Exception as error:
        log.error("source %s could not be polled: %s", source.id, describe(error))
        poll, new = Poll(PollOutcome.ERROR, error=f"Lỗi nội bộ khi đọc nguồn ({type(error).__name__})"), 0
    await _record(ctx, source, poll, new)
    return poll


async def _store(ctx: JobContext[Resources], poll: Poll) -> int:
    """Store in batches, one transaction each; how many were new."""
    keep = timedelta(days=ctx.resources.settings.intake.keep_days)
    new = 0
    for start in range(0, len(poll.contents), BATCH_LIMIT):
        batch = poll.contents[start : start + BATCH_LIMIT]
        async with ctx.db.transaction() as session:
            stored = await service.store_contents(session, batch, now=ctx.clock.now(), keep=keep)
        new += sum(one.verdict is Verdict.NEW for one in stored)
    return new


async def _record(ctx: JobContext[Resources], source: Source, poll: Poll, new: int) -> None:
    now = ctx.clock.now()
    following = decide_next_poll(
        poll.outcome,
        now=now,
        poll_seconds=source.poll_seconds,
        failures=source.failures,
        wait_seconds=poll.wait_seconds,
        spread=random.random(),  # noqa: S311 - spreads polls in time, nothing secret
    )
    fetch = {
        "url": poll.url or source.url or "",
        "status": poll.status,
        "outcome": poll.outcome,
        "bytes": poll.bytes,
        "duration_ms": poll.duration_ms,
        "items_seen": poll.seen,
        "items_new": new,
        "error": poll.error,
    }
    changes = service.source_changes(following, now=now, error=poll.error, validators=_validators(poll))
    if poll.moved_to:
        changes["url"] = poll.moved_to
    async with ctx.db.transaction() as session:
        await service.record_poll(session, source, fetch=fetch, changes=changes, now=now)


def _validators(poll: Poll) -> dict[str, str | None] | None:
    """ETag and Last-Modified count only for an answer whose every entry was dealt with."""
    if poll.outcome is not PollOutcome.OK:
        return None
    if not poll.is_whole:
        return {"etag": None, "last_modified": None}
    return {"etag": poll.etag, "last_modified": poll.last_modified}
