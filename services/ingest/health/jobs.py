"""The loops of health: count, judge, learn, and look at documents that are not understood. Each step is bounded."""

import asyncio
from functools import partial

from libs.common import telemetry
from libs.common.http import FetchError
from libs.common.jobs import JobContext, Jobs
from libs.common.models import Source
from libs.common.models.catalogue import SourceHealth
from services.ingest.adapters.base import NotParsable
from services.ingest.asking import ask
from services.ingest.health import queries, service
from services.ingest.health.structure import Look, look
from services.ingest.health.volume import learn
from services.ingest.resources import Resources

jobs = Jobs()
Context = JobContext[Resources]
LESSONS = 10


@jobs.every(seconds=60)
async def count_hours(ctx: Context) -> int:
    """Bring the hours of every source up to date, in one statement over the newest contents."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        if await queries.count_hours(session, now, service.HISTORY):
            await queries.forget_hours(session, now - service.HISTORY)
            counts = await queries.count_by_health(session)
            for health in SourceHealth:  # also those that no source has, or the last figure would stand
                telemetry.gauge("lantoa.sources", counts.get(health, 0), kind=health.value)
    return 0


@jobs.every(seconds=30)
async def judge_sources(ctx: Context) -> int:
    """Judge the sources whose turn it is; again at once while there are more."""
    async with ctx.db.transaction() as session:
        judged, _ = await service.judge_due(session, ctx.clock.now())
    return 1 if judged == service.AT_ONCE else 0


@jobs.every(seconds=120)
async def learn_norms(ctx: Context) -> int:
    """Learn anew what is usual for the sources whose norm is a day old."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        found = await service.lessons(session, now, LESSONS)
    for lesson in found:
        norm = await asyncio.to_thread(learn, lesson.items, lesson.watched)
        async with ctx.db.transaction() as session:
            await service.keep_norm(session, lesson.source_id, norm, now)
    return 1 if len(found) == LESSONS else 0


@jobs.every(seconds=600)
async def watch_texts(ctx: Context) -> int:
    """Whether articles are still read whole: where they were and now are not, the page or our reader has changed."""
    async with ctx.db.transaction() as session:
        await service.judge_texts(session, ctx.clock.now())
    return 0


@jobs.every(seconds=60)
async def probe_source(ctx: Context) -> int:
    """Look at the document of one source: to know its structure while it is well, and what became of it when not."""
    async with ctx.db.transaction() as session:
        claimed = await service.claim_probe(session, ctx.clock.now())
    if claimed is None:
        return 0
    source, baseline = claimed
    found = await _look(ctx.resources, source, baseline)
    async with ctx.db.transaction() as session:
        await service.record_probe(session, source, found, ctx.clock.now())
    return 0


async def _look(held: Resources, source: Source, baseline: bytes | None) -> Look | None:
    """None where it does not answer: that is told by its polls."""
    try:
        answer = await ask(held, source.url or "")
    except FetchError:
        return None
    if not answer.ok:
        return None
    is_silent = source.health == SourceHealth.SILENT
    task = partial(
        look, source.kind, source.url or "", answer.url, answer.body, answer.content_type, baseline, is_silent
    )
    try:
        return await held.parsers.run(task)
    except NotParsable:
        return None
