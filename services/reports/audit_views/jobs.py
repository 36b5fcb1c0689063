"""The nightly check of the audit log, what is told of it, and the exports that wait."""

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.reports.audit_views import checking, exporting
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=300)
async def check_audit_log(ctx: JobContext[ReportsResources]) -> int:
    await checking.check_when_due(ctx.db, ctx.resources.settings.reports.audit.rhythm, ctx.clock)
    return 0


@jobs.every(seconds=60)
async def tell_audit_standing(ctx: JobContext[ReportsResources]) -> int:
    """Apart from the check: a check that fails cannot say so itself."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        found = await checking.standing(session, ctx.resources.settings.reports.audit.rhythm, now)
        await checking.tell_when_overdue(session, found, now)
    telemetry.gauge("lantoa.audit.broken", len(found.breaks))
    telemetry.gauge("lantoa.audit.check_age", found.age.total_seconds())
    return 0


@jobs.every(seconds=5)
async def make_waiting_audit_exports(ctx: JobContext[ReportsResources]) -> int:
    return await exporting.make_next(ctx.db, ctx.resources.files, ctx.clock)
