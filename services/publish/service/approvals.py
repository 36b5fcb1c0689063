"""Approving: a second person's word on exactly one hash, and the deliveries that follow from it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit, outbox
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.errors import Problem
from libs.common.events import PublicationApproved
from libs.common.ids import new_id
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, Role
from services.publish import domain, queries
from services.publish.adapters.base import Composed
from services.publish.domain import Refusal
from services.publish.problems import (
    AlreadyApproved,
    ChannelNotUsable,
    ContentChanged,
    NotInReview,
    NotSpokesperson,
    OwnWork,
)
from services.publish.resources import PublishResources
from services.publish.service import composing
from services.publish.service.publications import recomposed, require_locked

REFUSED: Mapping[Refusal, type[Problem]] = {
    Refusal.NOT_SPOKESPERSON: NotSpokesperson,
    Refusal.OWN_WORK: OwnWork,
    Refusal.NOT_IN_REVIEW: NotInReview,
    Refusal.CHANGED: ContentChanged,
}
WHY_CLOSED = {
    ChannelState.PAUSED: "đang tạm dừng",
    ChannelState.NEEDS_RECONNECT: "cần kết nối lại tài khoản",
    ChannelState.RETIRED: "đã ngừng sử dụng",
}


async def approve_publication(
    session: AsyncSession,
    publication_id: UUID,
    seen_hash: bytes,
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    publication = await require_locked(session, publication_id, who)
    await _check(session, publication, seen_hash, who)
    channels, fitted = await recomposed(session, publication, res)
    if composing.hash_of(publication, fitted) != publication.content_hash:
        raise ContentChanged("Nội dung gửi lên kênh nay khác bản đã gửi duyệt; hãy lưu lại bản nháp và gửi duyệt lại.")
    _require_usable(channels)
    await _record_approval(session, publication, who, now)
    given = await queries.approvals_of(session, publication)
    if len(given) >= domain.approvals_needed(publication.kind):
        await _release(session, publication, fitted, now)
    return publication


async def _check(session: AsyncSession, publication: m.Publication, seen_hash: bytes, who: Principal) -> None:
    attempt = domain.ApprovalAttempt(
        approver_id=who.person_id,
        speaks_for_unit=who.has_within(publication.unit_id, Role.SPOKESPERSON),
        editors=await queries.editors_of(session, publication),
        state=PublicationState(publication.state),
        current_hash=publication.content_hash,
        seen_hash=seen_hash,
    )
    refused = domain.refusal(attempt)
    if refused is not None:
        raise REFUSED[refused]()
    if any(a.approver_id == who.person_id for a in await queries.approvals_of(session, publication)):
        raise AlreadyApproved()


def _require_usable(channels: Mapping[UUID, m.Channel]) -> None:
    for channel in channels.values():
        state = ChannelState(channel.state)
        if state is not ChannelState.ACTIVE:
            raise ChannelNotUsable(f"Kênh “{channel.name}” {WHY_CLOSED[state]}.")


async def _record_approval(session: AsyncSession, publication: m.Publication, who: Principal, now: datetime) -> None:
    session.add(
        m.Approval(
            id=new_id(now),
            publication_id=publication.id,
            revision=publication.revision,
            content_hash=publication.content_hash,
            approver_id=who.person_id,
            approved_at=now,
        )
    )
    await session.flush()
    await audit.append(
        session,
        service="publish",
        action="publication.approved",
        actor_id=who.person_id,
        object_type="publication",
        object_id=publication.id,
        now=now,
        facts={"revision": publication.revision, "content_hash": publication.content_hash.hex()},
    )


async def _release(session: AsyncSession, publication: m.Publication, fitted: composing.Fitted, now: datetime) -> None:
    """Approved by enough people: one delivery for each channel, holding the very payload that was approved."""
    due = max(publication.scheduled_at or now, now)
    publication.state = domain.moved(publication.state, PublicationState.APPROVED)
    publication.updated_at = now
    await session.flush()
    if due > now:
        publication.state = domain.moved(publication.state, PublicationState.SCHEDULED)
    made = sorted(fitted.variants.items())
    session.add_all(_delivery(publication, channel_id, composed, due, now) for channel_id, composed in made)
    event = PublicationApproved(publication_id=publication.id, revision=publication.revision)
    await outbox.emit(session, event, now=now, source="publish")


def _delivery(
    publication: m.Publication, channel_id: UUID, composed: Composed, due: datetime, now: datetime
) -> m.Delivery:
    return m.Delivery(
        id=new_id(now),
        publication_id=publication.id,
        channel_id=channel_id,
        revision=publication.revision,
        state=DeliveryState.PENDING,
        attempt=0,
        handle={"text": composed.text, "link": composed.link, "payload": composed.payload},
        not_before=due,
        updated_at=now,
    )
