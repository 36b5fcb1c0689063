"""What classify does when others have done something, and what it does later about its own annotations."""

from collections.abc import Sequence

from libs.common import telemetry
from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsClassified, ContentsIngested
from services.classify import story_queries
from services.classify.resources import Resources
from services.classify.service import annotating, checking

subscribers = Subscribers()


@subscribers.on(ContentsIngested, batch=5)
async def on_contents_ingested(events: Sequence[ContentsIngested], ctx: HandlerContext[Resources]) -> None:
    ids = {content_id for event in events for content_id in event.content_ids}
    held = ctx.resources
    await annotating.classify_contents(ctx.session, ids, held.classifier, held.gazetteer, now=ctx.now)


@subscribers.on(ContentsClassified, batch=5)
async def on_contents_classified(events: Sequence[ContentsClassified], ctx: HandlerContext[Resources]) -> None:
    """The search index and the suggestions of claims follow a little behind, outside the hot transaction."""
    ids = sorted({item.content_id for event in events for item in event.items})
    with telemetry.step("index", items=len(ids)):
        await story_queries.index_contents(ctx.session, ids)
    ctx.resources.book = await checking.match_contents(ctx.session, ids, ctx.resources.book, now=ctx.now)
