"""Correcting: a second publication that says what was wrong, wherever the first one stands.

Locks: a correction before what it corrects, as with every lock of several publications (the newer first); and every
publication before the audit log, which is held until the transaction ends.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.models.enums import DeliveryState, PublicationState, TakedownKind
from services.publish import domain, queries, takedown_queries
from services.publish.corrections.rules import Review
from services.publish.problems import NotPostableHere, PublicationNotFound, StateConflict
from services.publish.resources import PublishResources
from services.publish.service import cases, composing
from services.publish.service.tasks import open_task

D, P = DeliveryState, PublicationState
BY_HAND = "Tin sai còn ở kênh này mà bản cải chính không tự đến được: hãy đăng cải chính hoặc gỡ bài bằng tay"
CORRECTABLE = frozenset({P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.CORRECTED})


async def require_correctable(session: AsyncSession, corrects_id: UUID, unit_id: UUID) -> None:
    """A correction corrects what its own unit has out now: what was withdrawn is not shown to anybody any more."""
    original = await queries.lock_publication(session, corrects_id)
    if original is None or original.unit_id != unit_id:
        raise PublicationNotFound(f"Không có tin {corrects_id} của đơn vị để cải chính.")
    if original.is_drill:
        raise StateConflict("Tin diễn tập không cải chính: nếu cần, hãy rút tin rồi diễn tập lại.")
    if original.state in (P.WITHDRAWN, P.KILLED):
        raise StateConflict("Tin gốc đã được rút hoặc hủy: không còn gì để cải chính; hãy ra một thông báo mới.")
    out = D.PUBLISHED in await queries.delivery_states(session, corrects_id)
    if original.state not in CORRECTABLE or not out:
        raise StateConflict("Chỉ cải chính được tin đã đăng; tin chưa đăng thì sửa trực tiếp.")


async def standing_channels(session: AsyncSession, corrects_id: UUID) -> Sequence[UUID]:
    """Where a correction goes when nothing else is said: where the original stands."""
    return await takedown_queries.standing_channels(session, corrects_id)


async def postable(
    session: AsyncSession,
    publication: m.Publication,
    channels: Mapping[UUID, m.Channel],
    res: PublishResources,
    media_ids: Sequence[UUID],
    review: Review | None = None,
) -> dict[UUID, m.Channel]:
    """Those channels on which the correction can be posted at all; the others become a person's tasks on release."""
    bulletin = {id_: channel for id_, channel in channels.items() if channel.kind == "own_site"}
    kept = {}
    for id_, channel in channels.items():
        try:
            await composing.compose(session, publication, {**bulletin, id_: channel}, res, media_ids, review)
            kept[id_] = channel
        except NotPostableHere:
            continue
    return kept


async def open_case(session: AsyncSession, correction: m.Publication, by: UUID, now: datetime) -> None:
    """On release; where it cannot go by itself, a person puts it there."""
    if correction.corrects_id is None:
        return
    original = await queries.lock_publication(session, correction.corrects_id)
    assert original is not None
    kind, reason = TakedownKind.CORRECTION, correction.title
    await cases.open_case(session, original.id, kind, reason, by, now, correction.id)
    await _ask_people(session, original.id, correction.id, now, by_hand_counts=False)


async def _ask_people(
    session: AsyncSession, original_id: UUID, correction_id: UUID, now: datetime, *, by_hand_counts: bool
) -> None:
    left = await takedown_queries.list_uncovered(session, original_id, correction_id, by_hand_counts=by_hand_counts)
    for delivery in left:
        await open_task(session, takedown_queries.BY_HAND, delivery, BY_HAND, now)


async def after_settling(
    session: AsyncSession, publication: m.Publication, states: Sequence[DeliveryState], now: datetime
) -> None:
    """What follows for cases and originals once the deliveries of a publication have changed."""
    if publication.corrects_id is not None and D.PUBLISHED in states:
        await _correct(session, publication.corrects_id, publication, now)
    if publication.state == P.WITHDRAWN:
        await cases.close_confirmed(session, publication.id, now)
    if publication.state == P.CORRECTED:
        await _find_latecomers(session, publication, now)


async def _correct(session: AsyncSession, original_id: UUID, correction: m.Publication, now: datetime) -> None:
    """The first that is out makes the original corrected; what of it was not sent yet never is."""
    original = await queries.lock_publication(session, original_id)
    assert original is not None
    before = P(original.state)
    if before is not P.CORRECTED and domain.may_move(before, P.CORRECTED):
        original.state, original.updated_at = domain.moved(before, P.CORRECTED), now
        for delivery in await takedown_queries.lock_unsent_deliveries(session, original_id):
            _stop(delivery, now)
        await _audit(session, original, correction, now)
    if before in CORRECTABLE:
        await _ask_people(session, original_id, correction.id, now, by_hand_counts=True)
    await cases.close_confirmed(session, original_id, now)


def _stop(delivery: m.Delivery, now: datetime) -> None:
    """Not sent any more; where an earlier try was never heard of, it is looked for first."""
    delivery.updated_at = now
    if domain.has_open_try(delivery.handle) and delivery.state != D.REJECTED:
        delivery.state = domain.delivery_moved(delivery.state, D.UNKNOWN)
        delivery.handle, delivery.not_before = {**delivery.handle, "looks": 0}, now
        return
    delivery.state = domain.delivery_moved(delivery.state, D.WITHDRAWN)
    delivery.withdrawn_at = now


async def _find_latecomers(session: AsyncSession, original: m.Publication, now: datetime) -> None:
    """What was in doubt when it was corrected, and turned out to stand: corrected too, so the case is open again."""
    case = await takedown_queries.latest_correction_case(session, original.id)
    if case is None or case.correction_id is None:
        return
    left = await takedown_queries.list_uncovered(session, original.id, case.correction_id, by_hand_counts=True)
    if left and case.closed_at is not None:
        kind, by = TakedownKind.CORRECTION, case.opened_by
        await cases.open_case(session, original.id, kind, case.reason, by, now, case.correction_id)
    await _ask_people(session, original.id, case.correction_id, now, by_hand_counts=True)
    await cases.close_confirmed(session, original.id, now)


async def ask_a_person(session: AsyncSession, given_up: m.Delivery, now: datetime) -> None:
    """A correction that will not be sent on one channel: the original there is in a person's hands."""
    correction = await queries.get_publication(session, given_up.publication_id)
    assert correction is not None
    if correction.corrects_id is not None:
        post = await takedown_queries.standing_post(session, correction.corrects_id, given_up.channel_id)
        if post is not None:
            await open_task(session, takedown_queries.BY_HAND, post, BY_HAND, now)


async def _audit(session: AsyncSession, original: m.Publication, correction: m.Publication, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action="publication.corrected",
        actor_id=None,
        object_type="publication",
        object_id=original.id,
        now=now,
        facts={"revision": original.revision, "correction_id": str(correction.id)},
    )
