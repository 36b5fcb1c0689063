"""What search does by the clock: the index made whole, queries that look back, digests, ends."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import pause
from libs.common.jobs import JobContext, Jobs
from services.classify.searching import indexing, matching, queries, saving

jobs = Jobs()
FILL_BATCH = 200


@jobs.every(seconds=600)
async def fill_index(ctx: JobContext[object]) -> int:
    """Put into the index what it lacks: after it was made anew, or an event was lost."""
    await _backwards(ctx, lambda session, before: indexing.fill(session, before, FILL_BATCH, ctx.clock.now()))
    return 0


@jobs.every(seconds=600)
async def pair_index(ctx: JobContext[object]) -> int:
    """Index anew what a version of before pairs has put there: until then it is found more slowly."""
    async with ctx.db.transaction() as session:
        has_unpaired = await queries.has_unpaired(session)
    if has_unpaired:
        await _backwards(ctx, lambda session, before: indexing.pair(session, before, FILL_BATCH))
    return 0


async def _backwards(ctx: JobContext[object], step: Callable[[AsyncSession, UUID], Awaitable[UUID | None]]) -> None:
    """Step by step from the newest on, each in a transaction of its own, until a step finds nothing more to do."""
    before: UUID | None = queries.EVERYTHING
    while before is not None and not ctx.stopping.is_set():
        async with ctx.db.transaction() as session:
            before = await step(session, before)
        await pause(0.05, ctx.stopping)  # what is new comes first


@jobs.every(seconds=2)
async def look_back(ctx: JobContext[object]) -> int:
    async with ctx.db.transaction() as session:
        return await matching.look_back(session, ctx.clock.now())


@jobs.every(seconds=30)
async def tell_digests(ctx: JobContext[object]) -> int:
    async with ctx.db.transaction() as session:
        return await saving.tell_digests(session, ctx.clock.now())


@jobs.every(seconds=60)
async def end_expired_queries(ctx: JobContext[object]) -> int:
    async with ctx.db.transaction() as session:
        return await saving.end_expired(session, ctx.clock.now())


@jobs.every(seconds=3600)
async def forget_old_hits(ctx: JobContext[object]) -> int:
    """Hits go with the contents that they are of."""
    async with ctx.db.transaction() as session:
        await saving.forget_old_hits(session, ctx.clock.now())
    return 0
