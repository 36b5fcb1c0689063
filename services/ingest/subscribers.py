"""What ingest does when others have done something."""

from collections.abc import Sequence

from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsClassified, ContentsIngested
from libs.common.events.conversation import ConversationEscalated, ConversationsReceived
from services.ingest.feedback import service as feedback
from services.ingest.feedback.desk import desk_of
from services.ingest.handover import service as handover
from services.ingest.near.service import link_near_copies
from services.ingest.resources import Resources

subscribers = Subscribers()


@subscribers.on(ContentsIngested, batch=5)
async def on_contents_ingested(events: Sequence[ContentsIngested], ctx: HandlerContext[Resources]) -> None:
    ids = {content_id for event in events for content_id in event.content_ids}
    await link_near_copies(ctx.session, ids, now=ctx.now)


@subscribers.on(ContentsClassified)
async def on_contents_classified(event: ContentsClassified, ctx: HandlerContext[Resources]) -> None:
    desk = desk_of(ctx.resources.settings)
    await feedback.open_feedback_cases(ctx.session, event.items, now=ctx.now, desk=desk)


@subscribers.on(ConversationsReceived)
async def on_conversations_received(event: ConversationsReceived, ctx: HandlerContext[Resources]) -> None:
    limits = ctx.resources.settings.intake
    await handover.receive_comments(ctx.session, event.comment_ids, limits=limits, now=ctx.now)


@subscribers.on(ConversationEscalated)
async def on_conversation_escalated(event: ConversationEscalated, ctx: HandlerContext[Resources]) -> None:
    settings = ctx.resources.settings
    desk, limits = desk_of(settings), settings.intake
    await handover.open_case_of_comment(ctx.session, desk, event.comment_id, limits=limits, now=ctx.now)
