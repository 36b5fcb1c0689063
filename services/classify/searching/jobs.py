"""What search does by the clock: the index made whole, queries that look back, digests, ends."""

from uuid import UUID

from libs.common.bus import pause
from libs.common.jobs import JobContext, Jobs
from services.classify.searching import indexing, matching, queries, saving

jobs = Jobs()
FILL_BATCH = 200


@jobs.every(seconds=600)
async def fill_index(ctx: JobContext[object]) -> int:
    """Put into the index what it lacks, the newest first: after it was made anew, or an event was lost."""
    before: UUID | None = queries.EVERYTHING
    while before is not None and not ctx.stopping.is_set():
        async with ctx.db.transaction() as session:
            before = await indexing.fill(session, before, FILL_BATCH, ctx.clock.now())
        await pause(0.05, ctx.stopping)  # what is new comes first
    return 0


@jobs.every(seconds=600)
async def pair_index(ctx: JobContext[object]) -> int:
    """Index anew what a version of before pairs has put there, the newest first: until then it is found more slowly."""
    async with ctx.db.transaction() as session:
        before = queries.EVERYTHING if await queries.has_unpaired(session) else None
    while before is not None and not ctx.stopping.is_set():
        async with ctx.db.transaction() as session:
            before = await indexing.pair(session, before, FILL_BATCH)
        await pause(0.05, ctx.stopping)
    return 0


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
