"""The loop that reminds of rows that fall due, and tells once of those that are late."""

from libs.common.jobs import JobContext, Jobs
from services.reports.programmes import telling
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=300)
async def tell_due_assignments(ctx: JobContext[ReportsResources]) -> int:
    days = ctx.resources.settings.reports.programmes.remind_days
    async with ctx.db.transaction() as session:
        await telling.tell_due(session, days, ctx.clock.now())
    return 0
