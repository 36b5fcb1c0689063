"""Looks at the addresses in drafts soon after they were written, so that a dead one is told before anybody approves."""

from datetime import timedelta

from libs.common.jobs import JobContext, Jobs
from services.publish import media_queries
from services.publish.resources import PublishResources
from services.publish.service import links

jobs = Jobs()
Context = JobContext[PublishResources]
EVERY = 30
FRESH = timedelta(seconds=3 * EVERY)
"""Three rounds: one that fails, or finds its draft just being saved, misses nothing."""


@jobs.every(seconds=EVERY)
async def check_draft_links(ctx: Context) -> int:
    """Not counted as work: a draft stays fresh for a while, and is looked at once each round."""
    async with ctx.db.transaction() as session:
        drafts = await media_queries.fresh_drafts(session, ctx.clock.now() - FRESH)
    async with links.fetcher(ctx.resources.site.origin, replay=ctx.resources.replay) as fetcher:
        for draft in drafts:
            checked = await links.check(links.addresses_in(draft), fetcher)
            async with ctx.db.transaction() as session:
                await links.record_look(session, draft.id, checked, ctx.clock.now())
    return 0
