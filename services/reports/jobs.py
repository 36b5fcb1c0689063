"""The schedule of reports."""

from libs.common.jobs import JobContext, Jobs
from services.reports import service
from services.reports.domain import ReportKind, due_period
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=60)
async def make_daily_brief(ctx: JobContext[ReportsResources]) -> int:
    """Once for each day's set hour; a worker that comes back within six hours makes up for it."""
    res, now = ctx.resources, ctx.clock.now()
    period = due_period(res.settings.reports.daily_hour, now)
    if period is None:
        return 0
    async with ctx.db.transaction() as session:
        await service.make_scheduled_report(session, res.workshop, ReportKind.DAILY, period, now)
    return 0
