"""Claim loops of trends: count, read for bursts, forecast, forget."""

from datetime import timedelta

from libs.common.jobs import JobContext, Jobs
from services.classify.resources import Resources
from services.classify.trends import bursts, counting, forecasting

jobs = Jobs()
Context = JobContext[Resources]


@jobs.every(seconds=15)
async def count_series(ctx: Context) -> int:
    settings = ctx.resources.settings.trends
    async with ctx.db.transaction() as session:
        taken = await counting.count_contents(session, settings, now=ctx.clock.now())
    # A few are no reason to look again at once.
    return taken if taken >= settings.batch else 0


@jobs.every(seconds=15)
async def read_series_for_bursts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await bursts.read_series(session, ctx.resources.settings.trends, now=ctx.clock.now())


@jobs.every(seconds=30)
async def read_stories_for_bursts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        await bursts.read_stories(session, ctx.resources.settings.trends, now=ctx.clock.now())
    return 0


@jobs.every(seconds=60)
async def forecast_series(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await forecasting.forecast_next(session, ctx.resources.settings.trends, now=ctx.clock.now())


@jobs.every(seconds=timedelta(minutes=10).total_seconds())
async def prune_series(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await counting.prune(session, ctx.resources.settings.trends, now=ctx.clock.now())
