"""The loops of the hub: ask who subscribes, tell what is new, forget whose lease is over."""

import asyncio

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from libs.common.models.bulletin import HubTopic
from libs.common.shelf import Held
from services.publish.hub import queries, service
from services.publish.press import FOLDER
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
AT_ONCE = 20


def _feed(res: PublishResources, topic: str) -> Held | None:
    return res.shelf.read(res.files, f"{FOLDER}/{topic}")


@jobs.every(seconds=1)
async def verify_hub_wishes(ctx: Context) -> int:
    hub = ctx.resources.hub
    if hub is None:
        return 0
    async with ctx.db.transaction() as session:
        claimed = await service.claim_wishes(session, hub, ctx.clock.now(), AT_ONCE)
    answers = await asyncio.gather(*(service.verify(hub, each) for each in claimed))
    for asking, is_theirs in zip(claimed, answers, strict=True):
        feed = _feed(ctx.resources, asking.topic)
        async with ctx.db.transaction() as session:
            digest = feed.etag if feed is not None else None
            await service.record_answer(session, hub, asking, is_theirs, digest, ctx.clock.now())
        telemetry.count("lantoa.hub.verified", outcome={True: "yes", False: "no", None: "silent"}[is_theirs])
    return len(claimed)


@jobs.every(seconds=1)
async def tell_hub_subscribers(ctx: Context) -> int:
    hub = ctx.resources.hub
    feeds = {topic.value: feed for topic in HubTopic if (feed := _feed(ctx.resources, topic)) is not None}
    if hub is None or not feeds:
        return 0
    digests = {topic: feed.etag for topic, feed in feeds.items()}
    async with ctx.db.transaction() as session:
        claimed = await service.claim_pushes(session, hub, digests, ctx.clock.now(), AT_ONCE)
    told = await asyncio.gather(*(service.tell(hub, each, feeds[each.topic].data) for each in claimed))
    for push, status in zip(claimed, told, strict=True):
        async with ctx.db.transaction() as session:
            outcome = await service.record_push(session, push, status, digests[push.topic], ctx.clock.now())
        telemetry.count("lantoa.hub.pushes", outcome=outcome)
    return len(claimed)


@jobs.every(seconds=600)
async def forget_hub_leases(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await queries.erase_over(session, ctx.clock.now())
