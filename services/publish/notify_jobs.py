"""The loops that tell people by mail; without a mail server nothing is claimed, and everything stays as it is."""

import asyncio

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.publish.resources import PublishResources
from services.publish.service import notifying

jobs = Jobs()
Context = JobContext[PublishResources]


@jobs.every(seconds=3)
async def address_notifications(ctx: Context) -> int:
    if not ctx.resources.mailer.is_on:
        return 0
    async with ctx.db.transaction() as session:
        return await notifying.address_notifications(session, ctx.clock.now())


@jobs.every(seconds=3)
async def send_letters(ctx: Context) -> int:
    mailer, origin = ctx.resources.mailer, ctx.resources.tools.public_url
    if not mailer.is_on:
        return 0
    async with ctx.db.transaction() as session:
        due = await notifying.claim_letters(session, ctx.clock.now())
    errors = await asyncio.gather(*(notifying.hand_over(mailer, each, origin) for each in due))
    if due:
        async with ctx.db.transaction() as session:
            await notifying.record_letters(session, list(zip(due, errors, strict=True)), ctx.clock.now())
    for error in errors:
        telemetry.count("lantoa.letters", outcome="taken" if error is None else type(error).__name__)
    return len(due)
