"""The scheduler, and the loops that bring signed reports to recipients; without a mail server nothing is claimed."""

import asyncio

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.reports.resources import ReportsResources
from services.reports.sending import delivering, making
from services.reports.sending.letters import Ready

jobs = Jobs()
Context = JobContext[ReportsResources]


@jobs.every(seconds=60)
async def make_scheduled_reports(ctx: Context) -> int:
    await making.make_due_reports(ctx.db, ctx.resources.workshop, ctx.clock)
    return 0


@jobs.every(seconds=5)
async def send_reports(ctx: Context) -> int:
    room = ctx.resources.post_room
    if not room.mailer.is_on:
        return 0
    async with ctx.db.transaction() as session:
        ready = await delivering.claim_letters(session, room, ctx.clock.now())
    await asyncio.gather(*(_send(ctx, each) for each in ready))
    return len(ready)


async def _send(ctx: Context, ready: Ready) -> None:
    """And record at once: a slow server of one recipient leaves no other unknown."""
    told = await delivering.hand_over(ctx.db, ctx.resources.files, ctx.resources.post_room, ready, ctx.clock)
    telemetry.count("lantoa.reports.letters", outcome=type(told).__name__)
    async with ctx.db.transaction() as session:
        await delivering.record(session, ready.sending_id, told, ctx.clock.now())


@jobs.every(seconds=30)
async def settle_sendings(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        await delivering.settle(session, ctx.clock.now())
    return 0
