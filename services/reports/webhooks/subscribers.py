"""What is recorded for others when something of the closed list has happened."""

from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.base import Event
from libs.common.events.outside import OUTSIDE
from services.reports.resources import ReportsResources
from services.reports.webhooks import recording

subscribers = Subscribers()


async def on_outside_event(event: Event, ctx: HandlerContext[ReportsResources]) -> None:
    """A replay for all of our own consumers reaches nobody outside; one that names this consumer does."""
    assert ctx.event_id is not None
    if not ctx.is_general_replay:
        await recording.record_event(ctx.session, ctx.event_id, ctx.now)


for each in OUTSIDE.values():
    subscribers.on(each)(on_outside_event)
