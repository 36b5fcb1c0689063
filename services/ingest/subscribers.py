"""What ingest does when others have done something."""

from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsClassified
from services.ingest import service
from services.ingest.resources import Resources

subscribers = Subscribers()


@subscribers.on(ContentsClassified)
async def on_contents_classified(event: ContentsClassified, ctx: HandlerContext[Resources]) -> None:
    mask = service.masker(ctx.resources.settings.intake)
    await service.open_feedback_cases(ctx.session, event.items, now=ctx.now, mask=mask)
