"""The claim loops: send what is due, look for what is in doubt, take down, collect figures, print the bulletin."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlalchemy.exc import SQLAlchemyError

from libs.common import models as m
from libs.common import telemetry
from libs.common.ids import new_id
from libs.common.jobs import Job, JobContext, Jobs
from libs.common.models.enums import DeliveryState
from services.publish import delivery_queries, domain, queries
from services.publish.adapters.base import (
    Accepted,
    AuthRequired,
    ByHand,
    Channel,
    ChannelError,
    Health,
    Json,
    Metric,
    NotFound,
    Outcome,
    Prepared,
    Published,
    Reconciled,
    Rejected,
    Removal,
    Undecidable,
    Unknown,
)
from services.publish.resources import PublishResources
from services.publish.service import channels, outcomes, sending, withdrawing
from services.publish.service.sending import Ready
from services.publish.service.tasks import open_task

log = logging.getLogger("lantoa.publish")
jobs = Jobs()
Context = JobContext[PublishResources]
PAUSE = 0.5
"""Seconds between two looks of one lane for what is due."""
HELD_EVERY = domain.STEP_LEASE.total_seconds() / 4
LANES = 3
"""Loops that send side by side, so that one slow platform does not hold up the others."""


@jobs.every(seconds=PAUSE)
async def deliver_due(ctx: Context) -> int:
    """At most one delivery of each channel at a time, channels side by side."""
    async with ctx.db.transaction() as session:
        claimed = await delivery_queries.claim_due(session, ctx.clock.now())
    await asyncio.gather(*(_deliver(ctx, delivery) for delivery in claimed))
    return len(claimed)


jobs.all += [Job(f"deliver_due_{lane}", PAUSE, deliver_due) for lane in range(2, LANES + 1)]


async def _deliver(ctx: Context, delivery: m.Delivery) -> None:
    with telemetry.step("deliver", delivery_id=delivery.id):
        await _send(ctx, delivery)


async def _send(ctx: Context, delivery: m.Delivery) -> None:
    passed = ctx.resources.checkpoint
    await passed("claimed")
    ready = await _opened(ctx, delivery)
    if isinstance(ready, AuthRequired):
        async with ctx.db.transaction() as session:
            await outcomes.refuse_before_sending(session, delivery, ready, ctx.clock.now())
        telemetry.count("lantoa.deliveries", outcome="AuthRequired")
        return
    prepared = await _staged(ctx, ready)
    if prepared is None or await _waits(ctx, ready, "publish"):
        return
    await passed("allowed")
    armed_at = ctx.clock.now()
    async with ctx.db.transaction() as session:
        arming = await sending.arm(session, delivery, prepared, armed_at)
    if arming is None:
        return
    await passed("armed")
    if ctx.clock.now() - armed_at >= domain.SEND_WITHIN:
        return  # this worker stood still, and another may look for it by now: what was never sent is found missing
    answer = await ready.adapter.commit(prepared)
    await passed("committed")
    outcome = await _confirmed(ready, prepared, answer, ctx.clock.now())
    await passed("confirmed")
    async with ctx.db.transaction() as session:
        await outcomes.record_outcome(session, delivery.id, arming, outcome, ctx.clock.now())
    await passed("recorded")
    telemetry.count("lantoa.deliveries", outcome=type(outcome).__name__)


async def _staged(ctx: Context, ready: Ready) -> Prepared | None:
    """Made ready on the platform, by an earlier try or now; None where that could not be, which is recorded."""
    delivery = ready.delivery
    at = delivery.committed_at or ctx.clock.now()
    fresh = ready.adapter.prepare(delivery.handle["payload"], delivery.id, at)
    before = delivery.handle.get("sending")
    known = replace(fresh, staged=dict(before.get("staged") or {})) if before else fresh
    uploads = [one for one in delivery.handle["payload"].get("media") or [] if one["sha256"] not in known.staged]
    if uploads and await _waits(ctx, ready, "stage", len(uploads)):
        return None
    async with _held(ctx, delivery):
        staged = await ready.adapter.stage(known)
    await ctx.resources.checkpoint("staged")
    if not isinstance(staged, Prepared):
        async with ctx.db.transaction() as session:
            if isinstance(staged, Rejected) and staged.so_far is not None:
                await sending.keep_staged(session, delivery, staged.so_far, ctx.clock.now())
            await outcomes.refuse_before_sending(session, delivery, staged, ctx.clock.now())
        return None
    if staged.staged != known.staged:
        async with ctx.db.transaction() as session:
            await sending.keep_staged(session, delivery, staged, ctx.clock.now())
        await ctx.resources.checkpoint("kept")
    return staged


@asynccontextmanager
async def _held(ctx: Context, delivery: m.Delivery) -> AsyncIterator[None]:
    """A long upload keeps its lease: nobody takes it for abandoned while this worker is at it."""
    beat = asyncio.create_task(_hold(ctx, delivery))
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


async def _hold(ctx: Context, delivery: m.Delivery) -> None:
    while True:
        await asyncio.sleep(HELD_EVERY)
        try:
            async with ctx.db.transaction() as session:
                await delivery_queries.hold(session, delivery.id, delivery.attempt, ctx.clock.now())
        except (OSError, SQLAlchemyError) as trouble:
            log.warning("the lease of delivery %s could not be renewed: %s", delivery.id, type(trouble).__name__)


async def _waits(ctx: Context, ready: Ready, operation: str, times: int = 1) -> bool:
    """Whether a cap of the platform, or the channel's quiet hours, hold it back."""
    async with ctx.db.transaction() as session:
        until = await sending.allow(session, ready.delivery, ready.adapter, operation, ctx.clock.now(), times)
    return until is not None


async def _confirmed(ready: Ready, prepared: Prepared, outcome: Outcome, now: datetime) -> Outcome:
    """`published` means seen: a platform's yes is read back before it is believed."""
    if not isinstance(outcome, Published):
        return outcome
    handle = replace(prepared, id=outcome.id).as_handle()
    seen = await ready.adapter.reconcile(handle)
    match seen:
        case Undecidable() | ByHand():
            return Unknown(handle, now, seen.reason)
        case NotFound():
            return Accepted(handle)
        case _:
            return Published(seen.id, seen.url, seen.duplicates, {**outcome.proof, **seen.proof})


@jobs.every(seconds=5)
async def look_for_open(ctx: Context) -> int:
    """What was armed and not recorded, or answered unclearly, is looked for; never sent blindly again."""
    async with ctx.db.transaction() as session:
        claimed = await delivery_queries.claim_in_doubt(session, ctx.clock.now())
    for delivery in claimed:
        await _look(ctx, delivery)
    return len(claimed)


async def _look(ctx: Context, delivery: m.Delivery) -> None:
    ready = await _opened(ctx, delivery)
    repeatable = False
    now = ctx.clock.now()
    if isinstance(ready, AuthRequired):
        seen: Reconciled = Undecidable(ready.reason)
    else:
        seen = await ready.adapter.reconcile(outcomes.sending_of(delivery))
        await ctx.resources.checkpoint("looked")
        repeatable = domain.may_repeat(ready.adapter.capabilities().repeatable_for, delivery.committed_at, now)
        repeatable = repeatable or (isinstance(seen, NotFound) and seen.may_repeat)
    async with ctx.db.transaction() as session:
        await outcomes.record_look(session, delivery, seen, repeatable, ctx.clock.now())


@jobs.every(seconds=20)
async def look_again(ctx: Context) -> int:
    """What went out or came down some minutes ago, once more: only now do late lists show a second post made by the
    platform."""
    async with ctx.db.transaction() as session:
        claimed = await delivery_queries.claim_to_look_again(session, ctx.clock.now())
    for delivery in claimed:
        await _look_again(ctx, delivery)
    return len(claimed)


async def _look_again(ctx: Context, delivery: m.Delivery) -> None:
    ready = await _opened(ctx, delivery)
    if isinstance(ready, AuthRequired):
        return
    is_out = delivery.state == DeliveryState.PUBLISHED
    handle = {**outcomes.sending_of(delivery), "id": delivery.platform_id if is_out else None}
    seen, standing = await ready.adapter.reconcile(handle), None
    try:
        if is_out and isinstance(seen, NotFound):
            standing = await ready.adapter.status(delivery.platform_id or "")
    except ChannelError as trouble:
        seen = Undecidable(trouble.reason)
    async with ctx.db.transaction() as session:
        await outcomes.record_second_look(session, delivery.id, seen, standing, ctx.clock.now())


@jobs.every(seconds=2)
async def take_down(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        claimed = await delivery_queries.claim_withdrawing(session, ctx.clock.now())
    for delivery in claimed:
        await _take_down(ctx, delivery)
    return len(claimed)


async def _take_down(ctx: Context, delivery: m.Delivery) -> None:
    ready = await _opened(ctx, delivery)
    if isinstance(ready, AuthRequired):
        removal: Removal = withdrawing.unreachable(ready.reason)
    elif await _removal_waits(ctx, ready):
        return
    elif delivery.platform_id is None:
        removal = withdrawing.posted_by_hand()
    else:
        removal = await ready.adapter.delete(delivery.platform_id)
        await ctx.resources.checkpoint("deleted")
    async with ctx.db.transaction() as session:
        await withdrawing.record_removal(session, delivery.id, removal, ctx.clock.now())


async def _removal_waits(ctx: Context, ready: Ready) -> bool:
    """Whether a cap of the platform holds it back; a removal may use what is kept for the urgent."""
    async with ctx.db.transaction() as session:
        return await sending.allow_removal(session, ready.delivery, ready.adapter, ctx.clock.now()) is not None


@jobs.every(seconds=5)
async def collect_engagement(ctx: Context) -> int:
    """The figures of what is out, channel by channel; a figure that is not given stays blank."""
    async with ctx.db.transaction() as session:
        claimed = await delivery_queries.claim_to_collect(session, ctx.clock.now())
    by_channel = sorted(claimed, key=lambda d: d.channel_id)
    for _, group in groupby(by_channel, key=lambda d: d.channel_id):
        await _collect(ctx, list(group))
    return 0


async def _collect(ctx: Context, deliveries: Sequence[m.Delivery]) -> None:
    ready = await _opened(ctx, deliveries[0])
    if isinstance(ready, AuthRequired):
        return
    offered = ready.adapter.capabilities().metrics
    try:
        seen = await ready.adapter.metrics([d.platform_id or "" for d in deliveries])
    except ChannelError as trouble:
        log.warning("figures of channel %s not read: %s", deliveries[0].channel_id, trouble)
        return
    now = ctx.clock.now()
    blank = [Metric(each.name, None, each.definition, now) for each in offered]
    points = [point for d in deliveries for point in _points(d, seen.get(d.platform_id or "", blank), now)]
    async with ctx.db.transaction() as session:
        await delivery_queries.add_points(session, points)
        for delivery in deliveries:
            age = now - (delivery.confirmed_at or now)
            wait = domain.collect_after(age) if any(each.is_offered for each in offered) else None
            await delivery_queries.set_collect_at(session, delivery.id, now + wait if wait else None)


def _points(delivery: m.Delivery, metrics: Sequence[Metric], now: datetime) -> list[dict[str, object]]:
    return [
        {
            "id": new_id(now),
            "delivery_id": delivery.id,
            "metric": metric.name,
            "value": metric.value,
            "definition": metric.definition,
            "as_of": metric.as_of,
        }
        for metric in metrics
    ]


@jobs.every(seconds=60)
async def flag_overdue(ctx: Context) -> int:
    """Due and not seen on its platform: somebody is told, once."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        overdue = await delivery_queries.list_overdue(session, now)
        for delivery in overdue:
            channel = await queries.get_channel(session, delivery.channel_id)
            name = channel.name if channel else ""
            await open_task(session, "delivery_overdue", delivery, f"Quá giờ đăng mà chưa thấy bài trên {name}", now)
    telemetry.count("lantoa.deliveries.overdue", len(overdue))  # also 0: an increase needs a start
    return 0


@jobs.every(seconds=60)
async def check_accounts(ctx: Context) -> int:
    """Whether each account still works, what it can do now, and whether a person has to connect it again soon."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        asked = await delivery_queries.claim_to_check(session, now - domain.CHECK_EVERY, now)
    for channel in asked:
        async with ctx.db.transaction() as session:
            ready = await sending.open_account(session, channel, ctx.resources)
        await _check_account(ctx, channel, ready)
    return 0


async def _check_account(ctx: Context, channel: m.Channel, ready: Channel | AuthRequired) -> None:
    facts: Json | None = None
    try:
        if isinstance(ready, AuthRequired):
            health = Health(problem=ready.reason)
        else:
            health = await ready.health()
            facts = await ready.fetch_capabilities() if health.problem is None else None
    except ChannelError as trouble:
        log.warning("account of channel %s not checked: %s", channel.id, trouble)
        return
    async with ctx.db.transaction() as session:
        await channels.record_health(session, channel.id, health, facts, ctx.clock.now())


@jobs.every(seconds=600)
async def refresh_bulletin(ctx: Context) -> int:
    await ctx.resources.press.refresh()
    return 0


async def _opened(ctx: Context, delivery: m.Delivery) -> Ready | AuthRequired:
    async with ctx.db.transaction() as session:
        return await sending.open_channel(session, delivery, ctx.resources)
