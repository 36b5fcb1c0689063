"""The loop that brings versions to newsrooms, kills first."""

import asyncio

from libs.common import models as m
from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from libs.common.models.press import PressState
from services.publish import queries as channels
from services.publish.presskit import queries
from services.publish.presskit.edition import Edition
from services.publish.presskit.editions import editions_of, masthead_of
from services.publish.presskit.partners import Partner
from services.publish.presskit.queries import Due
from services.publish.presskit.roster import roster_of
from services.publish.presskit.sending import LEASE, NotTaken, Taken, Told, next_try
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
AT_ONCE = 8
"""Sent side by side: with 10 s to 30 s for each, all end within the lease."""


@jobs.every(seconds=2)
async def send_press(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        due = await queries.claim(session, now, now + LEASE, AT_ONCE)
    await ctx.resources.checkpoint("press_claimed")
    told = await asyncio.gather(*(_send(ctx, each) for each in due))
    await ctx.resources.checkpoint("press_out")
    for each, outcome in zip(due, told, strict=True):
        telemetry.count("lantoa.press.sends", outcome=type(outcome).__name__, kind=str(each.way))
        await _record(ctx, each, outcome)
    return len(due)


async def _send(ctx: Context, due: Due) -> Told:
    edition, partner = await _opened(ctx, due)
    return await ctx.resources.press_sender.send(edition, due.version_id, partner, due.way)


async def _opened(ctx: Context, due: Due) -> tuple[Edition, Partner | None]:
    async with ctx.db.transaction() as session:
        version = await session.get_one(m.PressVersion, due.version_id)
        channel = await channels.get_channel(session, version.channel_id)
        assert channel is not None
        partners = await roster_of(session, channel, ctx.resources.vault)
        [edition] = await editions_of(session, [version], masthead_of(channel, ctx.resources.site))
    return edition, next((each for each in partners if each.id == due.partner), None)


async def _record(ctx: Context, due: Due, told: Told) -> None:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        match told:
            case Taken():
                await queries.record(session, due, now, state=PressState.ACCEPTED, trouble=None)
            case NotTaken(trouble, is_final):
                at = None if is_final else next_try(due.attempts, now)
                state = PressState.QUEUED if at else PressState.FAILED
                await queries.record(session, due, now, state=state, not_before=at or now, trouble=trouble)
                await queries.drop_overtaken(session, due, now)
