"""Taking down: a result for each channel, confirmed by reading again; what cannot be taken down stays open."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.events import PublicationWithdrawn
from libs.common.models.enums import DeliveryState, PublicationState, Role, TakedownKind, TaskOutcome
from services.publish import delivery_queries, domain, queries, takedown_queries
from services.publish.adapters.base import Reason, Removal, StillLive
from services.publish.corrections.queries import ELSEWHERE
from services.publish.desk_problems import TakedownClosedAlready, TakedownNotFound
from services.publish.problems import NotSpokesperson, StateConflict
from services.publish.service import cases
from services.publish.service.announcing import tell_outside
from services.publish.service.outcomes import announce, look_once_more, settle
from services.publish.service.publications import SEES, require_locked
from services.publish.service.sending import SENDING_STATES
from services.publish.service.tasks import open_task

D, P = DeliveryState, PublicationState
TRIES_BEFORE_TASK = 3
TASK = "takedown_failed"
NOT_NEEDED = ("stale_publication", ELSEWHERE)
"""Tasks of a publication that nobody has to do any more once it is taken back."""
BY_HAND = Reason("Bài do người đăng bằng tay nên máy không gỡ được", "posted by a person, its id is not known")


async def withdraw_publication(
    session: AsyncSession, publication_id: UUID, reason: str, who: Principal, now: datetime
) -> m.Publication:
    """One spokesperson is enough. What was never sent is killed; what is out is taken down, channel by channel.

    Corrections of it that wait for their time have nothing left to correct, and are killed with it.
    """
    corrections = await takedown_queries.lock_unsent_corrections(session, publication_id)
    publication = await require_locked(session, publication_id, who)
    if not who.has_within(publication.unit_id, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ người phát ngôn của đơn vị được rút tin.")
    await _take_back(session, publication, reason, who, now)
    for correction in corrections:
        if correction.state in (P.APPROVED, P.SCHEDULED):
            await _take_back(session, correction, f"Tin gốc đã rút: {reason}", who, now)
    await cases.close_confirmed(session, publication.id, now)
    return publication


async def _take_back(
    session: AsyncSession, publication: m.Publication, reason: str, who: Principal, now: datetime
) -> None:
    deliveries = [await _locked(session, d) for d in await queries.deliveries_of(session, publication.id)]
    states = [D(delivery.state) for delivery in deliveries]
    before = P(publication.state)
    after = domain.taken_back(before, states)
    if not domain.may_move(before, after):
        raise StateConflict("Tin đã được rút hoặc hủy từ trước.")
    publication.state, publication.updated_at = domain.moved(before, after), now
    publication.withdrawn_at, publication.withdrawn_reason = now, reason
    for delivery in deliveries:
        await recall(session, delivery, now)
    if after is P.WITHDRAWN and any(delivery.state != D.WITHDRAWN for delivery in deliveries):
        case = TakedownKind.WITHDRAWAL
        await cases.open_case(session, publication.id, case, reason, who.person_id, now)
    by = who.person_id
    for kind in NOT_NEEDED:
        await takedown_queries.finish_tasks_of(session, publication.id, kind, TaskOutcome.DONE, by, now)
    await _report(session, publication, who, now)


async def _locked(session: AsyncSession, delivery: m.Delivery) -> m.Delivery:
    return await delivery_queries.lock_delivery(session, delivery.id) or delivery


async def recall(session: AsyncSession, delivery: m.Delivery, now: datetime) -> None:
    """What is in doubt stays so until the platform was looked at; then it comes down like the rest.

    What was given up as undecidable is looked for once more: it may stand there. What a person posted comes down by a
    person: its id on the platform is not known.
    """
    if delivery.state in domain.NOT_SENT and domain.has_open_try(delivery.handle):
        look_once_more(delivery, now)
        delivery.updated_at = now
    elif delivery.state in domain.NOT_SENT:
        delivery.state = domain.delivery_moved(delivery.state, D.WITHDRAWN)
        delivery.withdrawn_at, delivery.updated_at = now, now
    elif delivery.state == D.PUBLISHED:
        delivery.state, delivery.attempt = domain.delivery_moved(delivery.state, D.WITHDRAWING), 0
        delivery.not_before, delivery.updated_at = now, now
        if delivery.platform_id is None:
            await _ask_a_person(session, delivery, BY_HAND, now)
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
        await tell_outside(session, publication.id, event, now)


async def record_removal(session: AsyncSession, delivery_id: UUID, removal: Removal, now: datetime) -> None:
    """What became of a removal; the cases of every publication that shares the post follow."""
    delivery = await session.get(m.Delivery, delivery_id)
    if delivery is None:
        return
    publications = await takedown_queries.lock_with_sharers(session, delivery)
    delivery = await _locked(session, delivery)
    if delivery.state != D.WITHDRAWING:
        return
    delivery.updated_at = now
    if isinstance(removal, StillLive):
        await _still_live(session, delivery, removal, now)
        return
    await gone(session, delivery, {**removal.proof, "seen_at": now.isoformat()}, now)
    for publication_id in publications:
        await cases.close_confirmed(session, publication_id, now)


async def gone(session: AsyncSession, delivery: m.Delivery, proof: dict[str, Any], now: datetime) -> None:
    """Seen to be gone; so is whatever shares the post, as a correction does that edited it."""
    for each in (delivery, *await takedown_queries.lock_sharers(session, delivery)):
        if each.state == D.PUBLISHED:
            each.state = domain.delivery_moved(each.state, D.WITHDRAWING)
        each.state = domain.delivery_moved(each.state, D.WITHDRAWN)
        each.withdrawn_at, each.error, each.updated_at = now, None, now
        each.not_before, each.withdrawal_proof = now, proof
        await _drop_task(session, TASK, each, now)
        await announce(session, each, now)


async def _drop_task(session: AsyncSession, kind: str, delivery: m.Delivery, now: datetime) -> None:
    """Nobody has to decide or do it by hand any more: it came down after all, or is sent again."""
    task = await takedown_queries.drop_open_task(session, kind, delivery.id)
    if task is not None:
        await audit.append(
            session,
            service="publish",
            action="task.moot",
            actor_id=None,
            object_type="task",
            object_id=task.id,
            now=now,
            facts={"kind": task.kind, "delivery_id": str(delivery.id)},
        )


async def _still_live(session: AsyncSession, delivery: m.Delivery, removal: StillLive, now: datetime) -> None:
    """Tried again for as long as it is there, and a person is asked early; what the platform will never do for us is
    not tried again before a person asks for it."""
    delivery.error = removal.reason.vi
    delivery.not_before = removal.retry_at or now + domain.backoff(delivery.attempt)
    if removal.needs_reconnect:
        await queries.close_for_reconnect(session, delivery.channel_id)
    if removal.needs_person:
        await _ask_a_person(session, delivery, removal.reason, now)
    elif removal.needs_reconnect or delivery.attempt >= TRIES_BEFORE_TASK:
        await _open_task(session, delivery, removal.reason, now)


async def _ask_a_person(session: AsyncSession, delivery: m.Delivery, reason: Reason, now: datetime) -> None:
    delivery.error, delivery.not_before = reason.vi, domain.NEVER
    await _open_task(session, delivery, reason, now)


async def _open_task(session: AsyncSession, delivery: m.Delivery, reason: Reason, now: datetime) -> None:
    title = f"Bài vẫn còn trên nền tảng, cần gỡ bằng tay: {reason.vi}"
    await open_task(session, TASK, delivery, title, now)


async def read_takedown(session: AsyncSession, takedown_id: UUID, who: Principal) -> tuple[m.Takedown, m.Publication]:
    case = await takedown_queries.get_takedown(session, takedown_id)
    publication = await queries.get_publication(session, case.publication_id) if case else None
    if case is None or publication is None or publication.unit_id not in who.units(*SEES):
        raise TakedownNotFound(f"Không có vụ gỡ tin {takedown_id} trong đơn vị của bạn.")
    return case, publication


async def retry_takedown(session: AsyncSession, takedown_id: UUID, who: Principal, now: datetime) -> m.Takedown:
    """By a person's word everything of an open case is tried again at once."""
    case, publication = await read_takedown(session, takedown_id, who)
    if not who.has_within(publication.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ biên tập viên hoặc người phát ngôn của đơn vị được cho gỡ lại.")
    if case.closed_at is not None:
        raise TakedownClosedAlready("Mọi kênh của vụ này đã được xác nhận.")
    target = case.correction_id or publication.id
    locked = await queries.lock_publication(session, target)
    assert locked is not None
    for delivery in await queries.deliveries_of(session, target):
        await _retry(session, locked, await _locked(session, delivery), now)
    await settle(session, locked, now)
    await _record(session, case, who, now)
    return case


async def _retry(session: AsyncSession, publication: m.Publication, delivery: m.Delivery, now: datetime) -> None:
    if delivery.state == D.WITHDRAWING and delivery.platform_id is not None:
        delivery.attempt, delivery.not_before, delivery.updated_at = 0, now, now
    elif delivery.state == D.MANUAL:
        await recall(session, delivery, now)
    elif delivery.state == D.REJECTED and publication.state in SENDING_STATES:
        delivery.state, delivery.attempt = domain.delivery_moved(delivery.state, D.PENDING), 0
        delivery.not_before, delivery.updated_at = now, now
        await _drop_task(session, "delivery_rejected", delivery, now)


async def _record(session: AsyncSession, case: m.Takedown, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action="takedown.retried",
        actor_id=who.person_id,
        object_type="takedown",
        object_id=case.id,
        now=now,
    )


def posted_by_hand() -> StillLive:
    return StillLive(BY_HAND, needs_person=True)


def unreachable(reason: Reason) -> StillLive:
    return StillLive(reason, needs_reconnect=True)
