"""Sending: prepare → arm → commit → record, each its own durable step.

Guarantee: what was armed and not recorded is looked for on the platform before anything else happens to it; it is
never blindly sent again. Every record locks the publication first, so that a withdrawal and a sending meet in order.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import DeliveryState, PublicationState
from services.publish import delivery_queries, domain, queries
from services.publish.adapters.base import (
    AuthRequired,
    Channel,
    Composed,
    Json,
    Prepared,
    Reason,
)
from services.publish.credentials import CredentialsUnreadable
from services.publish.resources import PublishResources
from services.publish.service import composing, limiting
from services.publish.service.outcomes import give_up, locked, not_sent, settle

D, P = DeliveryState, PublicationState
SENDING_STATES = {P.APPROVED, P.SCHEDULED, P.PUBLISHING, P.PARTLY_PUBLISHED, P.FAILED}
NO_SECRET = Reason("Kênh chưa có thông tin đăng nhập, cần kết nối tài khoản", "no usable credentials")


@dataclass(frozen=True)
class Ready:
    """A claimed delivery with its channel opened."""

    delivery: m.Delivery
    adapter: Channel


async def open_channel(session: AsyncSession, delivery: m.Delivery, res: PublishResources) -> Ready | AuthRequired:
    """The adapter with its secret, or the reason why the account cannot be used."""
    channel = await queries.get_channel(session, delivery.channel_id)
    assert channel is not None
    opened = await open_account(session, channel, res)
    return opened if isinstance(opened, AuthRequired) else Ready(delivery, opened)


async def open_account(session: AsyncSession, channel: m.Channel, res: PublishResources) -> Channel | AuthRequired:
    sealed = await queries.get_credentials(session, channel.id)
    secret: Json = {}
    if sealed is not None and res.vault is not None:
        try:
            secret = res.vault.open(channel.id, sealed)
        except CredentialsUnreadable:
            return AuthRequired(NO_SECRET)
    adapter = res.open(channel, secret)
    missing = [name for name in adapter.needs_secret if name not in secret]
    return AuthRequired(NO_SECRET) if missing else adapter


async def allow(
    session: AsyncSession, claimed: m.Delivery, channel: Channel, operation: str, now: datetime, times: int = 1
) -> datetime | None:
    """None where the operation may be done now, so many times (and is counted); else until when the delivery waits."""
    publication, delivery = await locked(session, claimed.id)
    if delivery.state != D.PREPARED or delivery.attempt != claimed.attempt:
        return now
    urgent, channel_id = publication.is_urgent, delivery.channel_id
    until, why = None, "Kênh đang trong giờ yên lặng"
    if operation == "publish" and not urgent:
        until = await _quiet_until(session, channel_id, now)
    if until is None:
        until = await limiting.spend(session, channel_id, channel.limits, operation, now, urgent, times)
        why = "Đã dùng hết hạn mức của nền tảng, sẽ gửi khi có lại"
    if until is not None:
        not_sent(publication, delivery, D.THROTTLED, why, until)
        delivery.attempt, delivery.updated_at = max(delivery.attempt - 1, 0), now
    return until


async def allow_removal(session: AsyncSession, claimed: m.Delivery, channel: Channel, now: datetime) -> datetime | None:
    """None where the post may be taken down now (and it is counted); else until when that waits."""
    _, delivery = await locked(session, claimed.id)
    until = await limiting.spend(session, delivery.channel_id, channel.limits, "delete", now, is_urgent=True)
    if until is not None and delivery.state == D.WITHDRAWING:
        delivery.not_before, delivery.attempt = until, max(delivery.attempt - 1, 0)
        delivery.error = "Đã dùng hết hạn mức gỡ bài của nền tảng, sẽ gỡ tiếp khi có lại"
    return until


async def _quiet_until(session: AsyncSession, channel_id: UUID, now: datetime) -> datetime | None:
    channel = await queries.get_channel(session, channel_id)
    return domain.quiet_until(channel.settings.get("quiet_hours"), now) if channel is not None else None


async def keep_staged(session: AsyncSession, claimed: m.Delivery, prepared: Prepared, now: datetime) -> None:
    """What was uploaded is kept, so that a worker that takes over need not do it again."""
    _, delivery = await locked(session, claimed.id)
    if delivery.state == D.PREPARED and delivery.attempt == claimed.attempt:
        delivery.handle = {**delivery.handle, "sending": prepared.as_handle()}
        delivery.updated_at = now


async def arm(session: AsyncSession, claimed: m.Delivery, prepared: Prepared, now: datetime) -> str | None:
    """Record that this is about to be sent, and what this sending is called; None where it may not be (withdrawn,
    edited, paused, not as approved)."""
    publication = await queries.lock_publication(session, claimed.publication_id)
    delivery = await delivery_queries.lock_delivery(session, claimed.id)
    if publication is None or delivery is None or publication.state not in SENDING_STATES:
        return None
    if delivery.state != D.PREPARED or delivery.attempt != claimed.attempt:
        return None
    if await queries.is_paused(session, publication.id):
        delivery.state, delivery.not_before = domain.delivery_moved(delivery.state, D.PENDING), now
        return None
    if await _hash_to_send(session, publication) != publication.content_hash:
        await give_up(session, delivery, Reason("Nội dung sắp gửi khác bản đã duyệt", "payload differs"), now)
        await settle(session, publication, now)
        return None
    arming = str(new_id(now))
    delivery.state = domain.delivery_moved(delivery.state, D.ARMED)
    told = {"sending": prepared.as_handle(), "looks": 0, "arming": arming, "armed_at": now.isoformat()}
    delivery.handle = {**delivery.handle, **told}
    delivery.committed_at = delivery.committed_at or now
    delivery.updated_at = now
    publication.state = domain.moved(publication.state, P.PUBLISHING)
    return arming


async def _hash_to_send(session: AsyncSession, publication: m.Publication) -> bytes:
    """The hash of what the deliveries hold now: a changed payload is not what two people agreed to."""
    held = await queries.deliveries_of(session, publication.id)
    fitted = {
        d.channel_id: Composed(d.handle.get("text", ""), d.handle.get("link"), d.handle.get("payload", {}))
        for d in held
    }
    shown = await queries.media_shown(session, publication.id)
    media = tuple(await queries.media_hashes(session, shown))
    return composing.hash_of(publication, composing.Fitted(fitted, media))
