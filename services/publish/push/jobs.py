"""The loops of web push; without a key pair nothing is claimed, and all stays as it is."""

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.publish.push import queries, rules, service
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
ROUNDS = 3
"""Of what is handed over side by side, in one claim: with 15 s for each request all of it ends within a lease."""


@jobs.every(seconds=1)
async def name_browsers(ctx: Context) -> int:
    """Each new notice gets its browsers: those of its topic, or those that have what it takes the place of."""
    if ctx.resources.push is None:
        return 0
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        notice = await queries.lock_waiting(session, now)
        if notice is None:
            return 0
        is_over = notice.removed_at is not None or notice.expires_at <= now
        notice.wanted = 0 if is_over else await queries.name_browsers(session, notice, now)
        notice.fanned_out_at, notice.finished_at = now, None if notice.wanted else now
    return 1


@jobs.every(seconds=1)
async def send_notices(ctx: Context) -> int:
    push = ctx.resources.push
    if push is None:
        return 0
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        due = await queries.claim(session, now, now + rules.LEASE, push.settings.at_once * ROUNDS)
    await ctx.resources.checkpoint("notices_claimed")
    told = await push.send_all(due, ctx.clock.now())
    await ctx.resources.checkpoint("notices_out")
    if due:
        async with ctx.db.transaction() as session:
            await service.record_all(session, list(zip(due, told, strict=True)), ctx.clock.now())
    return len(due)


@jobs.every(seconds=2)
async def settle_notices(ctx: Context) -> int:
    """What is too late or overtaken is told to nobody any more; notices that are through are finished."""
    async with ctx.db.transaction() as session:
        settled = await queries.settle(session, ctx.clock.now())
        finished = await queries.finish(session, ctx.clock.now())
    telemetry.count("lantoa.push.finished", finished)
    return settled


@jobs.every(seconds=3600)
async def forget_browsers(ctx: Context) -> int:
    """Subscriptions that their browser said would have ended, and who was sent what some weeks ago."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        await queries.forget_sends(session, now - rules.SENDS_KEPT)
        return await queries.erase_expired(session, now)
