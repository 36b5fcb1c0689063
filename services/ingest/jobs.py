"""Claim loops: take due sources, poll each outside any transaction, record what came of it."""

import asyncio
import logging
import random
from datetime import timedelta

from libs.common import telemetry
from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.faults import describe
from libs.common.ids import floor_id
from libs.common.jobs import JobContext, Jobs
from services.ingest import poll_queries, polls
from services.ingest.polling import Poll, Poller
from services.ingest.polls import Claimed, Recorded
from services.ingest.resources import Resources
from services.ingest.rhythm import PollOutcome

log = logging.getLogger("lantoa.ingest")
jobs = Jobs()

_TICK = 1.0
_DELAYS_OVER = timedelta(minutes=15)
_HOSTS_KEPT = timedelta(days=7)
Context = JobContext[Resources]


async def poll_due_source(ctx: Context) -> int:
    """Poll the source that has been due longest and whose host is free; 0 when there is none."""
    claimed = await _claim(ctx, 1, troubled=True)
    for each in claimed:
        await _poll_claimed(ctx, each)
    return len(claimed)


@jobs.every(seconds=_TICK)
async def poll_due_sources(ctx: Context) -> int:
    """Polls side by side, until nothing is due. Sources whose last poll failed have half of the places at most, so that
    slow and hostile ones never hold up the others."""
    places = ctx.resources.settings.poll.pollers
    running: dict[asyncio.Task[None], bool] = {}
    done = 0
    async with asyncio.TaskGroup() as group:
        while not ctx.stopping.is_set():
            room, troubled = places - len(running), places // 2 - sum(running.values())
            for each in await _claim_beside(ctx, room, troubled=troubled > 0, polls_run=bool(running)) if room else []:
                running[group.create_task(_poll_claimed(ctx, each))] = each.source.failures > 0
                done += 1
            if not running:
                break
            wait = _TICK if len(running) < places else None
            over, _ = await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            for task in over:
                del running[task]
    return done


async def _claim_beside(ctx: Context, limit: int, *, troubled: bool, polls_run: bool) -> list[Claimed]:
    """As `_claim`; while polls are under way a database that is away does not break them off."""
    try:
        return await _claim(ctx, limit, troubled=troubled)
    except Exception as error:
        if not polls_run:
            raise
        log.error("nothing could be claimed: %s", describe(error))
        return []


async def _claim(ctx: Context, limit: int, *, troubled: bool) -> list[Claimed]:
    held, now = ctx.resources, ctx.clock.now()
    lease = timedelta(seconds=held.settings.poll.lease_seconds)
    async with ctx.db.transaction() as session:
        return await polls.claim_due_sources(
            session, now, lease, limit=limit, busy=held.hosts.polled, troubled=troubled
        )


async def _poll_claimed(ctx: Context, claimed: Claimed) -> None:
    with ctx.resources.hosts.polling(claimed.host):
        try:
            await poll_source(ctx, claimed)
        except Exception as error:  # it is due again when its lease ends
            log.error("the poll of source %s could not be recorded: %s", claimed.source.id, describe(error))


async def poll_source(ctx: Context, claimed: Claimed, checkpoint: Checkpoint = no_checkpoint) -> Poll:
    """Poll a claimed source and record it; a failure is that source's alone."""
    source = claimed.source
    with telemetry.step("poll", source_id=source.id, kind=source.kind):
        poll = await _poll_and_record(ctx, claimed, checkpoint)
    telemetry.count("lantoa.polls", kind=source.kind, outcome=poll.outcome)
    return poll


async def _poll_and_record(ctx: Context, claimed: Claimed, checkpoint: Checkpoint) -> Poll:
    source = claimed.source
    try:
        poll = await Poller(source, ctx.resources, ctx.db, ctx.clock.now(), ctx.stopping.is_set).poll()
        await checkpoint("polled")
        keep = timedelta(days=ctx.resources.settings.intake.keep_days)
        made = await polls.store_poll(ctx.db, poll, now=ctx.clock.now(), keep=keep, checkpoint=checkpoint)
    except Exception as error:
        log.error("source %s could not be polled: %s", source.id, describe(error))
        failed = Poll(PollOutcome.ERROR, error=f"Lỗi nội bộ khi đọc nguồn ({type(error).__name__})")
        poll, made = failed, Recorded(failed)
    settings, now = ctx.resources.settings, ctx.clock.now()
    async with ctx.db.transaction() as session:
        await polls.record_poll(
            session,
            claimed,
            made,
            settings,
            now=now,
            spread=random.random(),  # noqa: S311 - spreads polls in time, nothing secret
        )
        await checkpoint("recording")
    return poll


@jobs.every(seconds=30)
async def tell_delays(ctx: Context) -> int:
    """How late polls begin, as figures; and hosts that nobody asks any more are forgotten."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        delays = await poll_queries.read_delays(session, floor_id(now - _DELAYS_OVER), now)
        await poll_queries.forget_hosts(session, now - _HOSTS_KEPT)
    if delays.p50 is not None and delays.p99 is not None:
        telemetry.gauge("lantoa.poll.delay.p50", delays.p50)
        telemetry.gauge("lantoa.poll.delay.p99", delays.p99)
    telemetry.gauge("lantoa.poll.overdue", delays.overdue)
    telemetry.gauge("lantoa.poll.overdue_age", delays.longest_overdue)
    return 0
