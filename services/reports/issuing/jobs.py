"""The loop of the printers."""

from libs.common.jobs import JobContext, Jobs
from services.reports.issuing import printers
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=2)
async def print_waiting_formats(ctx: JobContext[ReportsResources]) -> int:
    return await printers.print_next(ctx.db, ctx.resources.files, ctx.clock)
