"""Taking down: a result for each channel, confirmed by reading again; what cannot be taken down stays open."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit, outbox
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.events import PublicationWithdrawn
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, Role
from services.publish import delivery_queries, domain, queries
from services.publish.adapters.base import Deleted, Reason, Removal, StillLive
from services.publish.problems import NotSpokesperson, StateConflict
from services.publish.service.publications import require_locked
from services.publish.service.sending import announce
from services.publish.service.tasks import open_task

D, P = DeliveryState, PublicationState
TRIES_BEFORE_TASK = 3


async def withdraw_publication(
    session: AsyncSession, publication_id: UUID, reason: str, who: Principal, now: datetime
) -> m.Publication:
    """One spokesperson is enough. What was never sent is killed; what is out is taken down, channel by channel."""
    publication = await require_locked(session, publication_id, who)
    if not who.has_within(publication.unit_id, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ người phát ngôn của đơn vị được rút tin.")
    before = P(publication.state)
    after = P.WITHDRAWN if before in domain.GOING_OUT else P.KILLED
    if not domain.may_move(before, after):
        raise StateConflict("Tin đã được rút hoặc hủy từ trước.")
    publication.state, publication.updated_at = domain.moved(before, after), now
    publication.withdrawn_at, publication.withdrawn_reason = now, reason
    for delivery in await queries.deliveries_of(session, publication_id):
        _recall(await _locked(session, delivery), now)
    await _report(session, publication, who, now)
    return publication


async def _locked(session: AsyncSession, delivery: m.Delivery) -> m.Delivery:
    return await delivery_queries.lock_delivery(session, delivery.id) or delivery


def _recall(delivery: m.Delivery, now: datetime) -> None:
    """What is in doubt stays so until the platform was looked at; then it comes down like the rest.

    What was given up as undecidable is looked for once more: it may stand there.
    """
    if delivery.state in domain.NOT_SENT:
        delivery.state = domain.delivery_moved(delivery.state, D.WITHDRAWN)
        delivery.withdrawn_at, delivery.updated_at = now, now
    elif delivery.state == D.PUBLISHED:
        delivery.state, delivery.attempt = domain.delivery_moved(delivery.state, D.WITHDRAWING), 0
        delivery.not_before, delivery.updated_at = now, now
    elif delivery.state == D.MANUAL:
        delivery.state = domain.delivery_moved(delivery.state, D.UNKNOWN)
        delivery.handle = {**delivery.handle, "looks": 0}
        delivery.not_before, delivery.updated_at = now, now


async def _report(session: AsyncSession, publication: m.Publication, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action=f"publication.{publication.state}",
        actor_id=who.person_id,
        object_type="publication",
        object_id=publication.id,
        now=now,
        facts={"revision": publication.revision},
    )
    if publication.state == P.WITHDRAWN:
        event = PublicationWithdrawn(publication_id=publication.id, revision=publication.revision)
        await outbox.emit(session, event, now=now, source="publish")


async def record_removal(session: AsyncSession, delivery_id: UUID, removal: Removal, now: datetime) -> None:
    delivery = await delivery_queries.lock_delivery(session, delivery_id)
    if delivery is None or delivery.state != D.WITHDRAWING:
        return
    delivery.updated_at = now
    if isinstance(removal, Deleted):
        delivery.state = domain.delivery_moved(delivery.state, D.WITHDRAWN)
        delivery.withdrawn_at, delivery.error = now, None
        delivery.withdrawal_proof = {**removal.proof, "seen_at": now.isoformat()}
        await announce(session, delivery, now)
        return
    await _still_live(session, delivery, removal, now)


async def _still_live(session: AsyncSession, delivery: m.Delivery, removal: StillLive, now: datetime) -> None:
    """Tried again for as long as it is there; a person is asked early."""
    delivery.error = removal.reason.vi
    delivery.not_before = removal.retry_at or now + domain.backoff(delivery.attempt)
    if removal.needs_reconnect:
        await _close_channel(session, delivery.channel_id)
    if removal.needs_reconnect or removal.needs_person or delivery.attempt >= TRIES_BEFORE_TASK:
        title = f"Bài vẫn còn trên nền tảng, cần gỡ bằng tay: {removal.reason.vi}"
        await open_task(session, "takedown_failed", delivery, title, now)


async def _close_channel(session: AsyncSession, channel_id: UUID) -> None:
    channel = await queries.get_channel(session, channel_id)
    if channel is not None and channel.state == ChannelState.ACTIVE:
        channel.state = ChannelState.NEEDS_RECONNECT


def unreachable(reason: Reason) -> StillLive:
    return StillLive(reason, needs_reconnect=True)
