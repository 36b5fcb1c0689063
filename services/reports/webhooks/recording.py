"""Use cases of deliveries: one row for each subscription that an event is for, tests, and sending again.

Nothing leaves the house here; `sending` does that, from the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.events.outside import EXAMPLES
from libs.common.faults import Permanent
from libs.common.ids import new_id
from libs.common.models.webhooks import WebhookDeliveryState
from services.reports.webhooks import problems as wrong
from services.reports.webhooks import queries, rules
from services.reports.webhooks.rules import Facets, Wanted
from services.reports.webhooks.subscribing import note, require_open, require_webhook

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Told:
    """An event as others may get it, and what it can be chosen by."""

    row: m.OutboxEvent
    facets: Facets


async def record_event(session: AsyncSession, event_id: UUID, now: datetime) -> None:
    """A delivery for each subscription that chose it. The event is read where it was written, so that what is sent is
    the same however often and by whatever way it came here."""
    row = await queries.get_event(session, event_id)
    if row is None:
        raise Permanent(f"event {event_id} is not kept any more")
    for told in await _told(session, [row]):
        subscriptions = await queries.subscriptions_to(session, row.subject)
        rows = [_delivery(each.id, told.row, now) for each in subscriptions if _wanted(each).takes(told.facets)]
        await queries.add_deliveries(session, rows)


async def send_test(
    session: AsyncSession, subscription_id: UUID, event: str | None, who: Principal, now: datetime
) -> m.WebhookDelivery:
    """The example of an event, marked as a test and tried once; also where the subscription is paused or disabled."""
    subscription = await require_open(session, subscription_id, who)
    subject = event or subscription.events[0]
    if subject not in subscription.events:
        raise wrong.UnknownWebhookEvent(f"Đăng ký này không nhận {subject}.")
    example, event_id = next(each for each in EXAMPLES if each.subject == subject), new_id(now)
    document = rules.document(event_id, subject, "reports", now, example.model_dump(mode="json"), is_test=True)
    values = _values(subscription.id, event_id, subject, document, now) | {"is_test": True}
    await queries.add_deliveries(session, [values])
    return await _require(session, values["id"], subscription)


async def require_delivery(
    session: AsyncSession, subscription_id: UUID, delivery_id: UUID, who: Principal
) -> m.WebhookDelivery:
    return await _require(session, delivery_id, await require_webhook(session, subscription_id, who))


async def replay_delivery(
    session: AsyncSession, subscription_id: UUID, delivery_id: UUID, who: Principal, now: datetime
) -> m.WebhookDelivery:
    """The same event with the same id, from the first try on."""
    subscription = await require_open(session, subscription_id, who)
    delivery = await _require(session, delivery_id, subscription, lock=True)
    if delivery.state == WebhookDeliveryState.WAITING:
        raise wrong.StillWaiting("Hãy chờ lần thử kế tiếp.")
    delivery.state, delivery.settled_at = WebhookDeliveryState.WAITING.value, None
    delivery.due_at, delivery.tries = now, 0
    await session.flush()
    await note(session, subscription, "webhook.replayed", who.person_id, now, {"delivery_id": str(delivery.id)})
    return delivery


async def replay_since(
    session: AsyncSession, subscription_id: UUID, since: datetime, who: Principal, now: datetime
) -> int:
    """Everything that the subscription chose and the outbox still keeps, also what it was never told; how many stand
    in the line for it. What waits already keeps its turn."""
    subscription = await require_open(session, subscription_id, who)
    if not now - timedelta(days=rules.REPLAY_DAYS) <= since <= now:
        raise wrong.ReplayOutOfReach(f"Sự kiện được giữ {rules.REPLAY_DAYS} ngày.")
    found = await queries.events_since(session, since, subscription.events, rules.MOST_REPLAYED + 1)
    if len(found) > rules.MOST_REPLAYED:
        raise wrong.ReplayTooLarge(f"Nhiều nhất {rules.MOST_REPLAYED} sự kiện; hãy chọn thời điểm gần hơn.")
    wanted = _wanted(subscription)
    rows = [
        _delivery(subscription.id, each.row, now) for each in await _told(session, found) if wanted.takes(each.facets)
    ]
    parts = [rows[at : at + ROWS_AT_ONCE] for at in range(0, len(rows), ROWS_AT_ONCE)]
    queued = sum([await queries.put_in_line(session, part, now) for part in parts])
    await note(session, subscription, "webhook.replayed", who.person_id, now, {"queued": queued})
    return queued


# --- what is told, and to whom -------------------------------------------------------------------------------


async def _told(session: AsyncSession, rows: Sequence[m.OutboxEvent]) -> list[Told]:
    """In one query for all, however many."""
    events = [(row, rules.event_of(row.subject, row.payload)) for row in rows]
    about = {row.id: event.publication_id for row, event in events if isinstance(event, rules.PUBLICATIONS)}
    known = await queries.publications(session, set(about.values())) if about else {}
    return [
        Told(row, rules.facets_of(event, *known.get(about.get(row.id, row.id), (None, None)))) for row, event in events
    ]


def _wanted(subscription: m.WebhookSubscription) -> Wanted:
    return Wanted(subscription.unit_codes, subscription.kinds, subscription.fields)


def _delivery(subscription_id: UUID, row: m.OutboxEvent, now: datetime) -> dict[str, Any]:
    document = rules.document(row.id, row.subject, row.source, row.created_at, row.payload)
    return _values(subscription_id, row.id, row.subject, document, now)


def _values(
    subscription_id: UUID, event_id: UUID, subject: str, document: dict[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "subscription_id": subscription_id,
        "event_id": event_id,
        "subject": subject,
        "document": document,
        "is_test": False,
        "state": WebhookDeliveryState.WAITING.value,
        "due_at": now,
        "created_at": now,
    }


async def _require(
    session: AsyncSession, delivery_id: UUID, subscription: m.WebhookSubscription, *, lock: bool = False
) -> m.WebhookDelivery:
    found = await queries.get_delivery(session, delivery_id, lock=lock)
    if found is None or found.subscription_id != subscription.id:
        raise wrong.WebhookDeliveryNotFound(f"Không có lần gửi {delivery_id} của đăng ký này.")
    return found
