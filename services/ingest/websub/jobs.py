"""The loop that asks hubs: to subscribe, to renew before a lease ends, to be let go."""

import logging

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from services.ingest.resources import Resources
from services.ingest.websub import queries, service

log = logging.getLogger("lantoa.ingest.websub")
jobs = Jobs()


@jobs.every(seconds=5)
async def ask_hubs(ctx: JobContext[Resources]) -> int:
    """Ask one hub for what is due; 0 when nothing is."""
    if service.keys_of(ctx.resources.settings) is None:
        return 0
    async with ctx.db.transaction() as session:
        request = await service.claim_request(session, ctx.clock.now())
    if request is None:
        return 0
    with telemetry.step("ask hub"):
        problem = await service.ask_hub(ctx.resources, request)
    if problem is not None:
        log.warning("a hub did not take what was asked: %s", problem)
    async with ctx.db.transaction() as session:
        await queries.change(session, request.subscription_id, last_error=problem)
    return 1
