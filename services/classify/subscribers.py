"""What classify does when others have done something."""

from collections.abc import Sequence

from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsIngested
from services.classify import service
from services.classify.resources import Resources

subscribers = Subscribers()

EVENTS_PER_BATCH = 4
"""Each event carries up to 200 ids; a few of them make one transaction."""


@subscribers.on(ContentsIngested, batch=EVENTS_PER_BATCH)
async def on_contents_ingested(events: Sequence[ContentsIngested], ctx: HandlerContext[Resources]) -> None:
    ids = list(dict.fromkeys(content_id for event in events for content_id in event.content_ids))
    await service.annotate_contents(ctx.session, ids, ctx.resources, ctx.now)
