"""What classify does when others have done something, and what it does later about its own annotations."""

from collections.abc import Sequence
from datetime import timedelta

from libs.common import telemetry
from libs.common.bus import HandlerContext, Subscribers
from libs.common.events.content import ContentsClassified, ContentsIngested
from libs.common.events.publication import CorrectionPublished, PublicationWithdrawn
from libs.common.models.enums import LateReason
from services.classify.alerts.watching import watch_contents
from services.classify.claims.announced import take_back, take_over
from services.classify.claims.matching import match_contents
from services.classify.lanes import service as lanes
from services.classify.resources import Resources
from services.classify.searching import indexing
from services.classify.service import annotating

subscribers = Subscribers()


@subscribers.on(ContentsIngested, batch=5)
async def on_contents_ingested(events: Sequence[ContentsIngested], ctx: HandlerContext[Resources]) -> None:
    """Label the newest; what lay in the stream too long, is too much at once, or has no model goes to the slow lane."""
    held = ctx.resources
    after = timedelta(seconds=held.settings.lanes.late_seconds)
    parted = lanes.part([event.content_ids for event in events], ctx.now, after)
    if held.classifier is None:
        await lanes.park(ctx.session, set().union(*parted), LateReason.NO_MODEL, ctx.now)
        return
    await lanes.park(ctx.session, parted.behind, LateReason.BEHIND, ctx.now)
    await lanes.park(ctx.session, parted.bulk, LateReason.BULK, ctx.now)
    await annotating.classify_contents(ctx.session, parted.fresh, held.classifier, held.gazetteer, now=ctx.now)


@subscribers.on(ContentsClassified, batch=5)
async def on_contents_classified(events: Sequence[ContentsClassified], ctx: HandlerContext[Resources]) -> None:
    """The search index and the suggestions of claims follow a little behind, outside the hot transaction."""
    ids = sorted({item.content_id for event in events for item in event.items})
    with telemetry.step("index", items=len(ids)):
        await indexing.index_contents(ctx.session, ids, now=ctx.now)
    with telemetry.step("alerts", items=len(ids)):
        await watch_contents(ctx.session, ids, now=ctx.now)
    with telemetry.step("claims", items=len(ids)):
        await match_contents(ctx.session, ids, ctx.resources.shelf, now=ctx.now)


@subscribers.on(CorrectionPublished)
async def on_correction_published(event: CorrectionPublished, ctx: HandlerContext[Resources]) -> None:
    """What was announced of a claim stands in the book of claims, too."""
    if event.claim_id is not None:
        await take_over(ctx.session, event.publication_id, now=ctx.now)


@subscribers.on(PublicationWithdrawn)
async def on_publication_withdrawn(event: PublicationWithdrawn, ctx: HandlerContext[Resources]) -> None:
    """A verdict that was withdrawn is not public any more."""
    await take_back(ctx.session, event.publication_id, now=ctx.now)
