"""What models do by the clock: corrections are forgotten when their time is over."""

from datetime import timedelta

from libs.common.jobs import JobContext, Jobs
from services.classify.models import queries
from services.classify.resources import Resources

jobs = Jobs()


@jobs.every(seconds=3600)
async def forget_corrections(ctx: JobContext[Resources]) -> int:
    """A person's label goes with them only for contents whose text is long gone."""
    before = ctx.clock.now() - timedelta(days=ctx.resources.settings.corrections_days)
    async with ctx.db.transaction() as session:
        await queries.forget_corrections(session, before)
    return 0
