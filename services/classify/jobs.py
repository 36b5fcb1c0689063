"""Claim loops: one assigner of stories among all workers gives contents their stories, batch by batch."""

from libs.common.jobs import JobContext, Jobs
from services.classify.assigning import assign_batch
from services.classify.resources import Resources

jobs = Jobs()


@jobs.every(seconds=1)
async def assign_stories(ctx: JobContext[Resources]) -> int:
    held = ctx.resources
    return await assign_batch(ctx.db, ctx.clock, held.seat, held.settings.stories)
