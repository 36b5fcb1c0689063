"""The loops of webhooks: send what is due, tell who takes nothing, seal anew, forget what is old."""

from datetime import timedelta

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.reports.resources import ReportsResources
from services.reports.webhooks import queries, sending, subscribing

jobs = Jobs()
Context = JobContext[ReportsResources]
FORGOTTEN_AT_ONCE = 1000
FAILING_FOR = timedelta(hours=1)
"""A receiver that was restarted has taken something again by then."""


@jobs.every(seconds=1)
async def send_webhooks(ctx: Context) -> int:
    return await sending.send_due(ctx.db, ctx.resources.webhooks, ctx.clock, is_failing=False)


@jobs.every(seconds=1)
async def send_failing_webhooks(ctx: Context) -> int:
    return await sending.send_due(ctx.db, ctx.resources.webhooks, ctx.clock, is_failing=True)


@jobs.every(seconds=60)
async def tell_webhook_standing(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        failing = await queries.count_failing(session, now - FAILING_FOR)
        oldest = await queries.oldest_due(session, now)
    telemetry.gauge("lantoa.webhooks.failing", failing)
    telemetry.gauge("lantoa.webhooks.overdue_age", (now - oldest).total_seconds() if oldest else 0.0)
    return 0


@jobs.every(seconds=600)
async def forget_webhook_deliveries(ctx: Context) -> int:
    before = ctx.clock.now() - timedelta(days=ctx.resources.settings.reports.webhooks.keep_days)
    async with ctx.db.transaction() as session:
        return await queries.forget_before(session, before, FORGOTTEN_AT_ONCE)


@jobs.every(seconds=3600)
async def reseal_webhooks(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await subscribing.reseal_webhooks(session, ctx.resources.webhooks)
