"""Forgets answers that nobody asks for any more."""

from libs.common.jobs import JobContext, Jobs
from services.ingest.idempotency import queries
from services.ingest.resources import Resources

jobs = Jobs()
AT_ONCE = 500


@jobs.every(seconds=600)
async def forget_answers(ctx: JobContext[Resources]) -> int:
    async with ctx.db.transaction() as session:
        return await queries.forget_answers(session, ctx.clock.now(), AT_ONCE)
