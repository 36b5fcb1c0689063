"""Claim loops: one assigner of stories among all workers gives contents their stories, batch by batch."""

import asyncio

from libs.common.bus import pause
from libs.common.jobs import JobContext, Jobs
from services.classify.alerts.jobs import jobs as alerts
from services.classify.assigning import assign_batch
from services.classify.lanes.service import annotate_late
from services.classify.models.jobs import jobs as models
from services.classify.naming.jobs import jobs as naming
from services.classify.resources import Resources, load_classifier
from services.classify.searching.jobs import jobs as searching
from services.classify.trends.jobs import jobs as trends

jobs = Jobs()
jobs.all += trends.all
jobs.all += alerts.all
jobs.all += models.all
jobs.all += naming.all
jobs.all += searching.all


@jobs.every(seconds=1)
async def assign_stories(ctx: JobContext[Resources]) -> int:
    held = ctx.resources
    return await assign_batch(ctx.db, ctx.clock, held.seat, held.settings.stories)


@jobs.every(seconds=1)
async def label_late_contents(ctx: JobContext[Resources]) -> int:
    """Work off the slow lane; a model that could not be loaded is tried again first."""
    held, settings = ctx.resources, ctx.resources.settings
    lanes = settings.lanes
    if held.classifier is None:
        held.classifier = await asyncio.to_thread(load_classifier, settings.classifier, settings.classifier_model)
    if held.classifier is None:
        await pause(lanes.retry_seconds, ctx.stopping)
        return 0
    return await annotate_late(ctx.db, held.classifier, held.gazetteer, now=ctx.clock.now(), limit=lanes.batch)
