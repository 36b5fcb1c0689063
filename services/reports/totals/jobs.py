"""The loop that counts the days that are over."""

from datetime import timedelta

from libs.common.jobs import JobContext, Jobs
from services.reports.resources import ReportsResources
from services.reports.totals import counting

jobs = Jobs()


@jobs.every(seconds=300)
async def count_days_into_totals(ctx: JobContext[ReportsResources]) -> int:
    kept_for = timedelta(days=ctx.resources.workshop.installation.contents_days)
    async with ctx.db.transaction() as session:
        counted = await counting.count_next_day(session, kept_for, ctx.clock.now())
    return 0 if counted is None else 1
