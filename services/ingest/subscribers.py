"""What ingest does when others have done something."""

from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsClassified
from services.ingest.feedback import service as feedback
from services.ingest.resources import Resources
from services.ingest.service import masker

subscribers = Subscribers()


@subscribers.on(ContentsClassified)
async def on_contents_classified(event: ContentsClassified, ctx: HandlerContext[Resources]) -> None:
    mask = masker(ctx.resources.settings.intake)
    await feedback.open_feedback_cases(ctx.session, event.items, now=ctx.now, mask=mask)
