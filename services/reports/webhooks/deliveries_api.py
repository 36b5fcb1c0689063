"""Routes of deliveries: what was sent and answered, tests, and sending again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.webhooks import WebhookDeliveryState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.reports.webhooks import problems as wrong
from services.reports.webhooks import queries, recording, subscribing
from services.reports.webhooks.api import OPEN, Manager
from services.reports.webhooks.schemas import (
    ReplayIn,
    ReplayOut,
    WebhookDeliveryDetail,
    WebhookDeliveryOut,
    WebhookTestIn,
)

router = APIRouter(
    prefix="/api/reports/v1/webhooks/{subscription_id}",
    tags=["webhooks"],
    responses=problems(Unauthenticated, Forbidden),
)


@router.post(
    "/test",
    status_code=202,
    response_model=WebhookDeliveryOut,
    responses=problems(*OPEN, wrong.UnknownWebhookEvent),
)
async def send_test(
    subscription_id: UUID, body: WebhookTestIn, session: SessionDep, who: Manager, clock: ClockDep
) -> m.WebhookDelivery:
    """The example of an event with `"test": true`, tried once within seconds; also while the webhook is paused or
    disabled. What came of it: GET deliveries/{id}."""
    return await recording.send_test(session, subscription_id, body.event, who, clock.now())


@router.get("/deliveries", response_model=Page[WebhookDeliveryOut], responses=problems(wrong.WebhookNotFound))
async def list_deliveries(
    subscription_id: UUID,
    page: PageDep,
    session: SessionDep,
    who: Manager,
    state: Annotated[WebhookDeliveryState | None, Query()] = None,
) -> Any:
    """Newest first."""
    await subscribing.require_webhook(session, subscription_id, who)
    rows = await queries.list_deliveries(session, subscription_id, page, state)
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.get("/deliveries/{delivery_id}", responses=problems(wrong.WebhookNotFound, wrong.WebhookDeliveryNotFound))
async def get_delivery(
    subscription_id: UUID, delivery_id: UUID, session: SessionDep, who: Manager
) -> WebhookDeliveryDetail:
    """With the document and every try."""
    found = await recording.require_delivery(session, subscription_id, delivery_id, who)
    return WebhookDeliveryDetail.of(found, await queries.attempts_of(session, delivery_id))


@router.post(
    "/deliveries/{delivery_id}/replay",
    status_code=202,
    response_model=WebhookDeliveryOut,
    responses=problems(*OPEN, wrong.WebhookDeliveryNotFound, wrong.StillWaiting),
)
async def replay_delivery(
    subscription_id: UUID, delivery_id: UUID, session: SessionDep, who: Manager, clock: ClockDep
) -> m.WebhookDelivery:
    """The same event with the same webhook-id once more, from the first try on."""
    return await recording.replay_delivery(session, subscription_id, delivery_id, who, clock.now())


@router.post("/replay", status_code=202, responses=problems(*OPEN, wrong.ReplayOutOfReach, wrong.ReplayTooLarge))
async def replay_since(
    subscription_id: UUID, body: ReplayIn, session: SessionDep, who: Manager, clock: ClockDep
) -> ReplayOut:
    """Every event since then that the webhook chose, also what it was never told; at most seven days back."""
    return ReplayOut(queued=await recording.replay_since(session, subscription_id, body.since, who, clock.now()))
