"""The loops of open data: months by place are frozen, data sets published, changes of the register told."""

import asyncio

from libs.common.jobs import JobContext, Jobs
from services.reports.open_data import changes, feed, months, publishing, queries, shelving
from services.reports.resources import ReportsResources

jobs = Jobs()


@jobs.every(seconds=60)
async def freeze_place_months(ctx: JobContext[ReportsResources]) -> int:
    async with ctx.db.transaction() as session:
        await months.freeze_closed_months(session, ctx.resources.workshop.cut, ctx.clock.now())
    return 0


@jobs.every(seconds=60)
async def publish_open_data(ctx: JobContext[ReportsResources]) -> int:
    res = ctx.resources
    press = publishing.Press(ctx.db, ctx.clock, res.files, res.shelf, res.site, res.workshop.cut)
    await publishing.publish_day(press)
    return 0


@jobs.every(seconds=300)
async def tell_register_changes(ctx: JobContext[ReportsResources]) -> int:
    """The feed is a file like the rest; it is written again where something changed, or where it is lost."""
    res, now = ctx.resources, ctx.clock.now()
    async with ctx.db.transaction() as session:
        changed = await changes.record_changes(session, res.settings.reports.retention, now)
        told = await queries.list_changes(session, feed.READ)
    if changed or not res.files.path(shelving.FEED).exists():
        await asyncio.to_thread(res.files.write, shelving.FEED, feed.feed(res.site, told, now))
    return 0


@jobs.every(seconds=300)
async def keep_register(ctx: JobContext[ReportsResources]) -> int:
    """The page is there when the database is not."""
    await ctx.resources.register.keep()
    return 0
