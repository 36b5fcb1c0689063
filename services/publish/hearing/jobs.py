"""Reads the comments of channels that have to be asked, and forgets what has had its time."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.jobs import JobContext, Jobs
from services.publish import domain
from services.publish.adapters import CHANNELS
from services.publish.adapters.base import MOST_COMMENTS, AuthRequired, ChannelError, ReadsComments
from services.publish.hearing import queries
from services.publish.hearing.service import Ear, ear_of, store_list
from services.publish.limits import Limit
from services.publish.resources import PublishResources
from services.publish.service import limiting, sending
from services.publish.service.sending import Ready

log = logging.getLogger("lantoa.publish.hearing")
jobs = Jobs()
Context = JobContext[PublishResources]
READ_FOR = timedelta(days=30)
"""How long after a post its comments are read."""
RETRY = timedelta(minutes=15)
READ = "read"
SHARE = 4
"""One part in so many of a cap may go into reading comments."""
HOURLY = 120
PAGE = 50
"""Comments that one call brings, at least."""
EVENTS_KEPT = timedelta(days=8)
"""Longer than any platform sends an event again."""
MESSAGES_KEPT = timedelta(days=90)
"""The words of messages to an account; what an officer made a case of lives on as the case does."""


def shares(limits: Sequence[Limit]) -> list[Limit]:
    """Of every cap that reading counts against no more than a part; where there is none, a modest one of our own."""
    counted = [each for each in limits if each.cost(READ)]
    parts = [
        replace(each, name=f"heard_{each.name}", points=max(each.points // SHARE, 1), costs={READ: each.cost(READ)})
        for each in counted
    ]
    return parts or [Limit("heard", HOURLY, timedelta(hours=1), costs={READ: 1})]


def readable_kinds() -> list[str]:
    return [kind for kind in CHANNELS.names() if issubclass(CHANNELS.get(kind), ReadsComments)]


@jobs.every(seconds=20)
async def hear(ctx: Context) -> int:
    """The comments under what is out: often while it is young, then seldom, and not at all after a month."""
    ear = ear_of(ctx.resources)
    if ear is None:
        return 0
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        claimed = await queries.claim_to_read(session, readable_kinds(), now, READ_FOR)
        for delivery in claimed:
            await queries.read_again_at(session, delivery.id, now + RETRY)
    for delivery in claimed:
        await _read(ctx, delivery, ear)
    return len(claimed)


async def _read(ctx: Context, delivery: m.Delivery, ear: Ear) -> None:
    async with ctx.db.transaction() as session:
        ready = await sending.open_channel(session, delivery, ctx.resources)
        if isinstance(ready, AuthRequired) or await _waits(session, ready, ctx):
            return
    adapter = ready.adapter
    assert isinstance(adapter, ReadsComments)
    try:
        said = await adapter.comments(delivery.platform_id or "")
    except ChannelError as trouble:
        log.warning("comments on channel %s not read: %s", delivery.channel_id, trouble)
        await _leave_alone(ctx, delivery, trouble)
        return
    now = ctx.clock.now()
    wait = domain.collect_after(now - (delivery.confirmed_at or now)) or READ_FOR
    async with ctx.db.transaction() as session:
        await store_list(session, delivery, said, len(said) < MOST_COMMENTS, now, ear)
        await queries.read_again_at(session, delivery.id, now + wait)


async def _leave_alone(ctx: Context, delivery: m.Delivery, trouble: ChannelError) -> None:
    """Where the platform said until when: it counts what is asked meanwhile against what has to be published."""
    until = getattr(trouble, "until", None)  # not every platform says
    if isinstance(until, datetime):
        async with ctx.db.transaction() as session:
            await limiting.block(session, delivery.channel_id, until, ctx.clock.now())


async def _waits(session: AsyncSession, ready: Ready, ctx: Context) -> bool:
    """Whether a cap of the platform, or our own share of it, holds it back: what has to be published comes first."""
    channel_id, now = ready.delivery.channel_id, ctx.clock.now()
    pages = 1 + await queries.count_under(session, ready.delivery.id) // PAGE
    limits = [*ready.adapter.limits, *shares(ready.adapter.limits)]
    until = await limiting.spend(session, channel_id, limits, READ, now, times=pages)
    if until is not None:
        await queries.read_again_at(session, ready.delivery.id, until)
    return until is not None


@jobs.every(seconds=3600)
async def forget(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        await queries.forget(session, now - EVENTS_KEPT, now - MESSAGES_KEPT, now)
    return 0
