"""Claim loops of alerts: look for what no batch tells, tell what is due, forget what is old."""

from libs.common.jobs import JobContext, Jobs
from services.classify.alerts import sweeping, telling
from services.classify.resources import Resources

jobs = Jobs()
Context = JobContext[Resources]


@jobs.every(seconds=5)
async def sweep_alerts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        await sweeping.sweep(session, ctx.clock.now())
    return 0


@jobs.every(seconds=2)
async def tell_alerts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await telling.tell_due(session, ctx.clock.now())


@jobs.every(seconds=3600)
async def prune_alerts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        await sweeping.prune(session, ctx.clock.now())
    return 0
