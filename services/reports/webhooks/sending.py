"""Claim, call, record: the way of a delivery out of the house.

At least once: a worker that dies after the request leaves its try without an outcome, and the delivery goes out once
more under the same webhook-id when its lease is over. Never twice at a time: a try belongs to who claimed it. Those
that fail have a line of their own, so that one who is slow or away holds up no other.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common import telemetry
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.envelope import RowUnreadable
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.enums import Role
from libs.common.models.webhooks import DisabledReason, WebhookDeliveryState, WebhookOutcome, WebhookState
from libs.common.notifications import add_notification
from libs.common.retry_after import asked_until
from libs.common.webhook import Poster, PostFailed, PostRefused
from libs.common.withheld import without_secrets
from services.reports.webhooks import queries, rules
from services.reports.webhooks.desk import Desk, Sealed
from services.reports.webhooks.subscribing import note

AT_ONCE, OF_ONE = 20, 5
MEDIA_TYPE = "application/cloudevents+json"
LAST_STATUS = 599
"""Of those that HTTP has (RFC 9110, 15); a stranger may write any three digits."""
LATE = "late"
"""Somebody else took the delivery over, or the subscription ended: what came of this try changes nothing."""


@dataclass(frozen=True)
class Claimed:
    """One try, as it was when it was claimed. `url`: None where its seal does not open."""

    subscription_id: UUID
    delivery_id: UUID
    number: int
    tries: int
    event_id: UUID
    is_test: bool
    document: dict[str, Any] = field(repr=False)
    url: SecretStr | None = field(repr=False)
    secrets: tuple[SecretStr, ...] = field(repr=False)


@dataclass(frozen=True)
class Tried:
    """What came of it."""

    outcome: WebhookOutcome
    duration_ms: int
    status: int | None = None
    answer: str | None = None
    trouble: str | None = None
    asked: datetime | None = None
    """Until when the receiver asks to be left alone."""


async def send_due(db: Database, desk: Desk, clock: Clock, *, is_failing: bool) -> int:
    """Some that are due, side by side; how many."""
    if desk.vault is None:
        return 0
    async with db.transaction() as session:
        claimed = await claim(session, desk, clock.now(), is_failing=is_failing)
    done = await asyncio.gather(*(_send_one(db, desk.poster, clock, each) for each in claimed), return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return len(claimed)


async def _send_one(db: Database, poster: Poster, clock: Clock, claimed: Claimed) -> None:
    tried = await send(poster, claimed, clock.now())
    async with db.transaction() as session:
        outcome = await record(session, claimed, tried, clock.now())
    telemetry.count("lantoa.webhooks.sends", outcome=outcome)


async def claim(session: AsyncSession, desk: Desk, now: datetime, *, is_failing: bool) -> list[Claimed]:
    until = now + rules.CLAIMED_FOR
    rows = await queries.claim_due(session, now, until, AT_ONCE, OF_ONE, is_failing=is_failing)
    await queries.begin_attempts(session, [row[0] for row in rows], now)
    return [_claimed(desk, row, now) for row in rows]


def _claimed(desk: Desk, row: Row[m.WebhookDelivery, m.WebhookSubscription], now: datetime) -> Claimed:
    delivery, subscription = row
    sealed = _opened(desk, subscription)
    return Claimed(
        subscription.id,
        delivery.id,
        delivery.attempts,
        delivery.tries,
        delivery.event_id,
        delivery.is_test,
        delivery.document,
        sealed.url if sealed else None,
        _signing(sealed, subscription.old_secret_ends_at, now) if sealed else (),
    )


def _opened(desk: Desk, subscription: m.WebhookSubscription) -> Sealed | None:
    try:
        return Sealed.opened(desk.require_vault(), subscription.id, subscription.ciphertext or b"")
    except RowUnreadable:
        return None


def _signing(sealed: Sealed, old_ends_at: datetime | None, now: datetime) -> tuple[SecretStr, ...]:
    """The secret that counts, and the one of before until its time is over."""
    if sealed.old is None or old_ends_at is None or old_ends_at <= now:
        return (sealed.secret,)
    return (sealed.secret, sealed.old)


async def send(poster: Poster, claimed: Claimed, now: datetime) -> Tried:
    """One request, outside of any transaction."""
    if claimed.url is None:
        return Tried(WebhookOutcome.NOT_SENT, 0, trouble="Không mở được địa chỉ và khóa đã niêm phong.")
    began = time.monotonic()
    try:
        answer = await poster.send(
            claimed.url, claimed.secrets, claimed.document, claimed.event_id, now, media_type=MEDIA_TYPE
        )
    except PostRefused as error:
        return Tried(WebhookOutcome.NOT_SENT, _since(began), trouble=error.vi)
    except PostFailed as error:
        return Tried(WebhookOutcome.SILENT, _since(began), trouble=error.vi)
    if answer.status > LAST_STATUS:
        return Tried(
            WebhookOutcome.SILENT, _since(began), trouble=f"Mã trạng thái {answer.status} không có trong HTTP."
        )
    outcome = WebhookOutcome.DELIVERED if answer.ok else WebhookOutcome.REFUSED
    asked = asked_until(answer.retry_after, now) if answer.status in rules.LEFT_ALONE else None
    return Tried(outcome, _since(began), answer.status, kept(answer.text), asked=asked)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def kept(answer: str) -> str:
    """What is kept of an answer: a stranger's words, without what no table of ours may hold."""
    printable = "".join(each if each.isprintable() or each == "\n" else " " for each in answer)
    return without_secrets(mask_personal_data(printable))[: rules.ANSWER_LETTERS]


async def record(session: AsyncSession, claimed: Claimed, tried: Tried, now: datetime) -> str:
    """How it ended: `delivered`, `again`, `failed`, or `late`."""
    values = {"outcome": tried.outcome.value, "duration_ms": tried.duration_ms, "status": tried.status}
    values |= {"answer": tried.answer, "trouble": tried.trouble}
    subscription = await queries.get_subscription(session, claimed.subscription_id, lock=True)
    delivery = await queries.get_delivery(session, claimed.delivery_id, lock=True)
    if subscription is None or delivery is None:
        return LATE
    await queries.end_attempt(session, claimed.delivery_id, claimed.number, **values)
    if delivery.state != WebhookDeliveryState.WAITING or delivery.attempts != claimed.number:
        return LATE
    if tried.outcome is WebhookOutcome.DELIVERED:
        return _delivered(delivery, subscription, now)
    chance = random.random()  # noqa: S311 - a pause
    again = None if claimed.is_test else rules.retry_at(claimed.tries, now, chance, tried.asked)
    if not claimed.is_test:
        await _failed(session, subscription, tried, now)
    if again is None:
        delivery.state, delivery.settled_at = WebhookDeliveryState.FAILED.value, now
        return "failed"
    delivery.due_at = again
    return "again"


def _delivered(delivery: m.WebhookDelivery, subscription: m.WebhookSubscription, now: datetime) -> str:
    delivery.state, delivery.settled_at = WebhookDeliveryState.DELIVERED.value, now
    if not delivery.is_test:
        subscription.delivered_at, subscription.failing_since = now, None
    return "delivered"


async def _failed(session: AsyncSession, subscription: m.WebhookSubscription, tried: Tried, now: datetime) -> None:
    """Who is gone, or has taken nothing for days, is left in peace; what waits for them is kept."""
    subscription.failing_since = subscription.failing_since or now
    if subscription.state != WebhookState.ACTIVE:
        return
    if tried.status == rules.GONE:
        await _disable(session, subscription, DisabledReason.GONE, now)
    elif now - subscription.failing_since >= rules.GIVEN_UP_AFTER:
        await _disable(session, subscription, DisabledReason.FAILING, now)


WHY = {
    DisabledReason.GONE: "máy nhận trả lời 410 (không còn nhận)",
    DisabledReason.FAILING: f"máy nhận không nhận được gì suốt {rules.GIVEN_UP_AFTER.days} ngày",
}


async def _disable(
    session: AsyncSession, subscription: m.WebhookSubscription, reason: DisabledReason, now: datetime
) -> None:
    subscription.state, subscription.disabled_reason = WebhookState.DISABLED.value, reason.value
    await session.flush()
    await note(session, subscription, "webhook.disabled", None, now, {"reason": reason.value})
    told = {
        "id": new_id(now),
        "kind": "webhook_disabled",
        "role": Role.ADMIN.value,
        "unit_id": subscription.unit_id,
        "object_type": "webhook_subscription",
        "object_id": subscription.id,
        "subject": f"Webhook của {subscription.organisation} đã tự tắt",
        "body": f"Webhook của {subscription.organisation} tới {subscription.host} đã tự tắt: {WHY[reason]}.\n\n"
        "Các sự kiện vẫn được giữ. Hãy báo đơn vị nhận, gửi thử, rồi mở lại đăng ký để gửi tiếp những gì đang chờ.",
        "level": 0,
        "dedupe": f"webhook_disabled:{subscription.id}:{now.isoformat()}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, told)
