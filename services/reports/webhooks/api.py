"""Routes of webhooks: who is told, of what, and with which secret."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.events.outside import EXAMPLES
from libs.common.ids import id_time
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.api import Res
from services.reports.webhooks import problems as wrong
from services.reports.webhooks import queries, rules, subscribing
from services.reports.webhooks.desk import Desk
from services.reports.webhooks.schemas import (
    RotateIn,
    WebhookCreate,
    WebhookEventOut,
    WebhookOut,
    WebhookPatch,
    WebhookSecretOut,
)
from services.reports.webhooks.subscribing import MANAGES, Asked

router = APIRouter(prefix="/api/reports/v1", tags=["webhooks"], responses=problems(Unauthenticated, Forbidden))
Manager = Annotated[Principal, require(*MANAGES)]
OPEN = (wrong.WebhookNotFound, wrong.WebhookSettled)


def desk_of(res: Res) -> Desk:
    return res.webhooks


DeskDep = Annotated[Desk, Depends(desk_of)]


@router.get("/webhook-events")
async def list_webhook_events(_: Manager) -> list[WebhookEventOut]:
    """The closed list, each with an example of what is sent."""
    return [
        WebhookEventOut(
            type=each.subject,
            filters=rules.filters_of(each.subject),
            example=rules.document(
                _EXAMPLE, each.subject, "lantoa", id_time(_EXAMPLE), each.model_dump(mode="json"), is_test=True
            ),
        )
        for each in EXAMPLES
    ]


_EXAMPLE = UUID("019ab12a-0c00-7d44-8a1b-6f5e4d3c2b1a")


@router.post(
    "/webhooks",
    status_code=201,
    responses=problems(
        wrong.WebhookOfAnotherUnit,
        wrong.WebhooksOff,
        wrong.WebhookAddressRefused,
        wrong.UnknownWebhookEvent,
        wrong.TooManyWebhooks,
    ),
)
async def add_webhook(
    body: WebhookCreate, session: SessionDep, who: Manager, clock: ClockDep, desk: DeskDep
) -> WebhookSecretOut:
    """The secret that signs is shown here and never again."""
    asked = Asked(**{name: value for name, value in body if name != "unit_id"})
    made = await subscribing.add_webhook(session, desk, body.unit_id or who.unit_id, asked, who, clock.now())
    return WebhookSecretOut.of(*made)


@router.get("/webhooks", response_model=Page[WebhookOut])
async def list_webhooks(page: PageDep, session: SessionDep, who: Manager) -> Any:
    """Of the units in which you manage them, newest first; also those that ended."""
    rows = await queries.list_subscriptions(session, page, who.units(*MANAGES))
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.get("/webhooks/{subscription_id}", response_model=WebhookOut, responses=problems(wrong.WebhookNotFound))
async def get_webhook(subscription_id: UUID, session: SessionDep, who: Manager) -> m.WebhookSubscription:
    return await subscribing.require_webhook(session, subscription_id, who)


@router.patch(
    "/webhooks/{subscription_id}",
    response_model=WebhookOut,
    responses=problems(
        *OPEN, wrong.WebhooksOff, wrong.WebhookAddressRefused, wrong.UnknownWebhookEvent, wrong.WebhookLost
    ),
)
async def change_webhook(
    subscription_id: UUID, body: WebhookPatch, session: SessionDep, who: Manager, clock: ClockDep, desk: DeskDep
) -> m.WebhookSubscription:
    """What waits goes to the new address; what is chosen counts for events from now on."""
    return await subscribing.change_webhook(session, desk, subscription_id, body.changes(), who, clock.now())


@router.post("/webhooks/{subscription_id}/pause", response_model=WebhookOut, responses=problems(*OPEN))
async def pause_webhook(
    subscription_id: UUID, session: SessionDep, who: Manager, clock: ClockDep
) -> m.WebhookSubscription:
    """Nothing goes out; what happens is kept."""
    return await subscribing.pause_webhook(session, subscription_id, who, clock.now())


@router.post("/webhooks/{subscription_id}/resume", response_model=WebhookOut, responses=problems(*OPEN))
async def resume_webhook(
    subscription_id: UUID, session: SessionDep, who: Manager, clock: ClockDep
) -> m.WebhookSubscription:
    """One that was paused, or that disabled itself; what waits goes out."""
    return await subscribing.resume_webhook(session, subscription_id, who, clock.now())


@router.post(
    "/webhooks/{subscription_id}/rotate-secret", responses=problems(*OPEN, wrong.WebhooksOff, wrong.WebhookLost)
)
async def rotate_secret(
    subscription_id: UUID, body: RotateIn, session: SessionDep, who: Manager, clock: ClockDep, desk: DeskDep
) -> WebhookSecretOut:
    """A new one, shown here and never again; until the old one's time is over both sign."""
    keep = timedelta(hours=body.keep_old_hours)
    return WebhookSecretOut.of(*await subscribing.rotate_secret(session, desk, subscription_id, keep, who, clock.now()))


@router.delete("/webhooks/{subscription_id}", status_code=204, responses=problems(*OPEN))
async def end_webhook(subscription_id: UUID, session: SessionDep, who: Manager, clock: ClockDep) -> None:
    """For good: its address and its secret are erased, what waits is dropped."""
    await subscribing.end_webhook(session, subscription_id, who, clock.now())
