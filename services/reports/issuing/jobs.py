"""The schedule of periodic reports, and the printers."""

from libs.common.jobs import JobContext, Jobs
from services.reports import service
from services.reports.issuing import printers
from services.reports.kinds import KINDS
from services.reports.periods import due_period
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=60)
async def make_periodic_reports(ctx: JobContext[ReportsResources]) -> int:
    """Each kind that the city wants, once for each of its periods; a worker that comes back late makes up for it."""
    res, now = ctx.resources, ctx.clock.now()
    for name in res.settings.reports.periodic:
        period = due_period(KINDS.get(name).cadence, res.workshop.cut, now)
        if period is not None:
            async with ctx.db.transaction() as session:
                await service.make_scheduled_report(session, res.workshop, name, period, now)
    return 0


@jobs.every(seconds=2)
async def print_waiting_formats(ctx: JobContext[ReportsResources]) -> int:
    return await printers.print_next(ctx.db, ctx.resources.files, ctx.clock)
