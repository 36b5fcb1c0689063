"""The loops: send replies, look for those not heard of, hide and show, and show again what turned out to be criticism.

Each turn takes a few rows however many wait, so that a flood of comments or replies never holds up anything else.
"""

import logging
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from libs.common.models.conversation import HidingState, ReplyState
from libs.common.models.enums import ChannelState
from services.publish import domain
from services.publish import queries as publish_queries
from services.publish.adapters.answering import (
    AnswersComments,
    CommentGone,
    HidesComments,
    KnowsReplies,
    why_not_hidden,
)
from services.publish.adapters.base import AuthRequired, Channel, ChannelError, Reason
from services.publish.conversation import hiding, queries, replies
from services.publish.resources import PublishResources
from services.publish.service import limiting, sending

log = logging.getLogger("lantoa.publish.conversation")
jobs = Jobs()
Context = JobContext[PublishResources]
AT_ONCE = 10
"""Rows of one turn."""
REPLY, HIDE = "reply", "hide"
NOT_ACTIVE = Reason("Kênh đang dừng hoặc cần kết nối lại", "the channel is not active")
NO_TARGET = Reason("Không còn địa chỉ để xem câu trả lời trên nền tảng", "the reply address is gone")


async def _opened(
    session: AsyncSession, comment_id: UUID, ctx: Context
) -> tuple[m.Channel, Channel | AuthRequired, str | None]:
    """The channel that the comment stands on, its adapter, and the platform's id of the comment."""
    comment = await session.get_one(m.Comment, comment_id)
    channel = await publish_queries.get_channel(session, comment.channel_id)
    assert channel is not None
    opened = await sending.open_account(session, channel, ctx.resources)
    if channel.state != ChannelState.ACTIVE:
        opened = AuthRequired(NOT_ACTIVE)
    return channel, opened, await replies.target_of(session, comment_id, ctx.resources)


@jobs.every(seconds=2)
async def answer(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        due = await queries.claim_replies(session, [ReplyState.PREPARED], now, now + domain.STEP_LEASE, AT_ONCE)
    for reply in due:
        with telemetry.step("reply", reply_id=reply.id):
            await _answer(ctx, reply)
    return len(due)


async def _answer(ctx: Context, reply: m.CommentReply) -> None:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        channel, adapter, target = await _opened(session, reply.comment_id, ctx)
        if isinstance(adapter, AuthRequired):
            await replies.put_off(session, reply.id, now + replies.LATER, adapter.reason.vi, now)
            return
        until = await limiting.spend(session, channel.id, adapter.limits, REPLY, now)
        if until is not None:
            await replies.put_off(session, reply.id, until, "Đã dùng hết hạn mức của nền tảng.", now)
            return
    await ctx.resources.checkpoint("reply_allowed")
    armed_at = ctx.clock.now()
    async with ctx.db.transaction() as session:
        is_armed = await replies.arm(session, reply.id, armed_at)
    if not is_armed or target is None:
        return
    await ctx.resources.checkpoint("reply_armed")
    if ctx.clock.now() - armed_at >= domain.SEND_WITHIN:
        return  # this worker stood still: it is looked for, and what was never sent a person hears of
    assert isinstance(adapter, AnswersComments)
    outcome = await adapter.reply(target, reply.body, armed_at)
    await ctx.resources.checkpoint("reply_out")
    async with ctx.db.transaction() as session:
        await replies.record_outcome(session, reply.id, outcome, channel, ctx.clock.now())
    telemetry.count("lantoa.replies", outcome=type(outcome).__name__, kind=channel.kind)


@jobs.every(seconds=5)
async def look_for_replies(ctx: Context) -> int:
    """What the platform took, or may have taken: seen there it is confirmed."""
    now = ctx.clock.now()
    states = [ReplyState.ARMED, ReplyState.COMMITTED, ReplyState.UNKNOWN]
    async with ctx.db.transaction() as session:
        due = await queries.claim_replies(session, states, now, now + domain.STEP_LEASE, AT_ONCE)
    for reply in due:
        await _look(ctx, reply)
    return len(due)


async def _look(ctx: Context, reply: m.CommentReply) -> None:
    async with ctx.db.transaction() as session:
        _, adapter, target = await _opened(session, reply.comment_id, ctx)
    found, why = None, None
    if isinstance(adapter, AuthRequired):
        why = adapter.reason
    elif target is None or not isinstance(adapter, AnswersComments):
        why = NO_TARGET
    else:
        try:
            found = await _seen(adapter, reply, target)
        except ChannelError as trouble:
            why = trouble.reason
    async with ctx.db.transaction() as session:
        await replies.record_look(session, reply.id, found, why, ctx.resources, ctx.clock.now())


async def _seen(adapter: AnswersComments, reply: m.CommentReply, target: str) -> str | None:
    """The platform's id of the answer, where it stands there."""
    if reply.platform_id is not None and isinstance(adapter, KnowsReplies):
        return reply.platform_id if await adapter.reply_stands(reply.platform_id, reply.body) else None
    return await adapter.find_reply(target, reply.body, reply.armed_at or reply.created_at)


@jobs.every(seconds=2)
async def hide_and_show(ctx: Context) -> int:
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        due = await queries.claim_hidings(session, now, now + hiding.STEP, AT_ONCE)
    for each in due:
        await _hide_or_show(ctx, each)
    return len(due)


async def _hide_or_show(ctx: Context, claimed: m.CommentHiding) -> None:
    now, is_hidden = ctx.clock.now(), claimed.state != HidingState.TO_SHOW
    async with ctx.db.transaction() as session:
        if is_hidden and not await hiding.arm(session, claimed, now):
            return
    async with ctx.db.transaction() as session:
        channel, adapter, target = await _opened(session, claimed.comment_id, ctx)
        until = None
        if not isinstance(adapter, AuthRequired):
            until = await limiting.spend(session, channel.id, adapter.limits, HIDE, now, is_urgent=not is_hidden)
    why = await _told(ctx, claimed.id, adapter, target, is_hidden) if until is None else "Đã dùng hết hạn mức."
    async with ctx.db.transaction() as session:
        if why is not None:
            await hiding.record_trouble(session, claimed.id, why, ctx.clock.now())
        elif is_hidden:
            await hiding.record_hidden(session, claimed.id, ctx.clock.now())
        else:
            await hiding.record_shown(session, claimed.id, ctx.clock.now())


async def _told(
    ctx: Context, hiding_id: UUID, adapter: Channel | AuthRequired, target: str | None, is_hidden: bool
) -> str | None:
    """Tells the platform, which may be done again; why it was not done, or None."""
    if isinstance(adapter, AuthRequired):
        return adapter.reason.vi
    if not isinstance(adapter, HidesComments):
        return why_not_hidden(type(adapter))
    try:
        if target is None:
            raise CommentGone
        await adapter.set_hidden(target, is_hidden)
    except CommentGone:
        async with ctx.db.transaction() as session:
            await hiding.record_gone(session, hiding_id, ctx.clock.now())
    except ChannelError as trouble:
        return trouble.reason.vi
    return None


@jobs.every(seconds=10)
async def show_protected(ctx: Context) -> int:
    """The line: what is hidden and is criticism, opinion, complaint or a case comes back, whoever labelled it."""
    async with ctx.db.transaction() as session:
        shown = await hiding.show_protected(session, ctx.clock.now())
    telemetry.count("lantoa.comments.shown_as_protected", shown)  # also 0: an increase needs a start
    return 0
