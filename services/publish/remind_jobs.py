"""The loop that tells who waits for an approval."""

from libs.common.jobs import JobContext, Jobs
from services.publish.resources import PublishResources
from services.publish.service import reminding

jobs = Jobs()


@jobs.every(seconds=10)
async def remind_waiting(ctx: JobContext[PublishResources]) -> int:
    """What waits too long in review; told once for each revision and level."""
    async with ctx.db.transaction() as session:
        await reminding.remind_waiting(session, ctx.resources.waiting, ctx.clock.now())
    return 0
