"""Claim loops: the one assigner of stories, the search index a little behind, the claims to hold texts against."""

from datetime import timedelta

from libs.common.jobs import JobContext, Jobs
from services.classify import queries
from services.classify.assigning import assign_batch
from services.classify.claims import ClaimBook
from services.classify.resources import Resources

jobs = Jobs()
INDEX_BATCH = 200


@jobs.every(seconds=0.5)
async def assign_stories(ctx: JobContext[Resources]) -> int:
    """One batch of settled contents, if this process holds the seat."""
    held = ctx.resources
    return await assign_batch(ctx.db, ctx.clock, held.seat, held.settings.stories)


@jobs.every(seconds=2)
async def index_contents(ctx: JobContext[Resources]) -> int:
    """Search lags a few seconds behind on purpose: it never slows the transaction of the labels."""
    since = ctx.clock.now() - timedelta(days=ctx.resources.settings.stories.sweep_days)
    async with ctx.db.transaction() as session:
        ids = await queries.list_unindexed(session, since, INDEX_BATCH)
        if ids:
            await queries.index_contents(session, ids)
    return len(ids)


@jobs.every(seconds=30)
async def read_claims(ctx: JobContext[Resources]) -> int:
    async with ctx.db.transaction() as session:
        ctx.resources.book = ClaimBook(await queries.claim_texts(session))
    return 0
