"""Asks, each quarter, that the size of every partner is looked at again."""

from libs.common.jobs import JobContext, Jobs
from services.publish.partners import selecting
from services.publish.resources import PublishResources

jobs = Jobs()


@jobs.every(seconds=3600)
async def recheck_partners(ctx: JobContext[PublishResources]) -> int:
    async with ctx.db.transaction() as session:
        return await selecting.ask_for_rechecks(session, ctx.clock.now())
