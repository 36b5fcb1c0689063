"""Forgets which forms were spent, once no form can be sent any more."""

from libs.common.jobs import JobContext, Jobs
from services.publish.consultation import queries
from services.publish.consultation.service import FORM_LASTS
from services.publish.resources import PublishResources

jobs = Jobs()


@jobs.every(seconds=3600)
async def forget_spent_forms(ctx: JobContext[PublishResources]) -> int:
    async with ctx.db.transaction() as session:
        await queries.forget_tokens(session, ctx.clock.now() - FORM_LASTS)
    return 0
