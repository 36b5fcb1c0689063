"""What became of a sending: said by the platform, or seen when looking; and what a publication is then.

Every record locks the publication first, so that a withdrawal and a sending meet in order.
"""

from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.events import CorrectionPublished, DeliveryConfirmed, PublicationPublished
from libs.common.models.enums import DeliveryState, PublicationKind, PublicationState
from services.publish import delivery_queries, domain, queries
from services.publish.adapters.base import (
    Accepted,
    AuthRequired,
    ByHand,
    Found,
    NotFound,
    NotStaged,
    Outcome,
    Published,
    Reason,
    Reconciled,
    Rejected,
    Standing,
    Throttled,
    Undecidable,
    Unknown,
)
from services.publish.corrections import queries as correction_queries
from services.publish.service import correcting, limiting
from services.publish.service.announcing import tell_outside
from services.publish.service.tasks import open_task

D, P = DeliveryState, PublicationState
BY_HAND = "post_by_hand"
NOT_SENT_FURTHER = {P.WITHDRAWN, P.CORRECTED}
"""What of them turns out not to stand anywhere is done with."""
ACCEPTED_LOOK = timedelta(seconds=5)
"""How soon to look for what a platform took but did not show at once."""


async def record_outcome(
    session: AsyncSession, delivery_id: UUID, arming: str, outcome: Outcome, now: datetime
) -> None:
    """What became of this arming; another recorder may have been first, and sent it again since."""
    publication, delivery = await locked(session, delivery_id)
    if delivery.state != D.ARMED or delivery.handle.get("arming") != arming:
        return
    delivery.updated_at = now
    match outcome:
        case Published():
            await _published(session, publication, delivery, outcome, now)
            await _flag_duplicates(session, publication, delivery, outcome.duplicates, now)
        case Accepted():
            _move(delivery, D.ACCEPTED)
            delivery.handle = {**delivery.handle, "sending": outcome.handle}
            delivery.not_before = now + ACCEPTED_LOOK
        case Unknown():
            delivery.handle = {**delivery.handle, "sending": outcome.handle}
            _open_question(delivery, outcome.reason, now)
        case ByHand():
            await _post_by_hand(session, publication, delivery, outcome, now)
        case Throttled() | Rejected() | AuthRequired():
            await _nothing_posted(session, publication, delivery, outcome, now)
        case _:
            assert_never(outcome)
    await settle(session, publication, now)


async def refuse_before_sending(session: AsyncSession, claimed: m.Delivery, outcome: NotStaged, now: datetime) -> None:
    """The account cannot be used, or nothing could be made ready: found out before anything was armed."""
    publication, delivery = await locked(session, claimed.id)
    if delivery.state != D.PREPARED or delivery.attempt != claimed.attempt:
        return
    delivery.updated_at = now
    await _nothing_posted(session, publication, delivery, outcome, now)
    await settle(session, publication, now)


async def _nothing_posted(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, outcome: NotStaged, now: datetime
) -> None:
    match outcome:
        case Throttled():
            await limiting.block(session, delivery.channel_id, outcome.until, now)
            not_sent(publication, delivery, D.THROTTLED, "Nền tảng yêu cầu gửi chậm lại", outcome.until)
        case Rejected():
            await _rejected(session, publication, delivery, outcome, now)
        case AuthRequired():
            await _needs_reconnect(session, publication, delivery, outcome.reason, now)
        case _:
            assert_never(outcome)


async def record_look(
    session: AsyncSession, claimed: m.Delivery, seen: Reconciled, is_repeatable: bool, now: datetime
) -> None:
    """What looking at the platform showed about a delivery in doubt; a look at an earlier sending tells nothing."""
    publication, delivery = await locked(session, claimed.id)
    if delivery.state not in domain.IN_DOUBT or _sending_named(delivery) != _sending_named(claimed):
        return
    looks = int(delivery.handle.get("looks", 0)) + 1
    delivery.handle = {**delivery.handle, "looks": looks}
    delivery.updated_at = now
    match seen:
        case Found():
            await _published(session, publication, delivery, seen, now)
            await _flag_duplicates(session, publication, delivery, seen.duplicates, now)
        case NotFound():
            await _not_there(session, publication, delivery, looks, is_repeatable, now)
        case Undecidable():
            looks = domain.MAX_LOOKS if seen.is_final else looks
            await _cannot_tell(session, publication, delivery, looks, seen.reason, now)
        case ByHand():
            await _post_by_hand(session, publication, delivery, seen, now)
        case _:
            assert_never(seen)
    await settle(session, publication, now)


async def _flag_left_behind(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, seen: Reconciled, now: datetime
) -> None:
    """What was taken down is gone, and something of the same words stands there."""
    delivery.handle = {**delivery.handle, "looked_after": now.isoformat()}
    if isinstance(seen, Found):
        title = f"Bài “{publication.title}” đã rút nhưng trên nền tảng còn một bản trùng; cần xóa"
        await open_task(session, "duplicate_post", delivery, title, now, link=seen.url)


def _armed_at(delivery: m.Delivery) -> datetime:
    armed = delivery.handle.get("armed_at")
    return datetime.fromisoformat(armed) if armed else delivery.committed_at or delivery.updated_at


def _sending_named(delivery: m.Delivery) -> tuple[Any, Any]:
    """Which sending of a delivery, and which look for it."""
    return delivery.handle.get("arming"), delivery.handle.get("looks")


async def record_second_look(
    session: AsyncSession, delivery_id: UUID, seen: Reconciled, standing: Standing | None, now: datetime
) -> None:
    """Some minutes later: a twin that lists showed late is somebody's task, and so is a post that is gone."""
    publication, delivery = await locked(session, delivery_id)
    if isinstance(seen, Undecidable | ByHand) or _is_unlisted(seen, delivery, now):
        delivery.not_before = now + domain.SECOND_LOOK_AFTER
        return
    if delivery.state == D.WITHDRAWN:
        await _flag_left_behind(session, publication, delivery, seen, now)
    if delivery.state != D.PUBLISHED:
        return
    delivery.handle = {**delivery.handle, "looked_again": now.isoformat()}
    if isinstance(seen, Found):
        await _flag_duplicates(session, publication, delivery, seen.duplicates, now)
    elif standing is not None and standing.is_live is False:
        title = f"Bài “{publication.title}” đã đăng nhưng nay không còn thấy trên nền tảng"
        await open_task(session, "post_missing", delivery, title, now)


def _is_unlisted(seen: Reconciled, delivery: m.Delivery, now: datetime) -> bool:
    """Read by its number, but not yet in the account's list: a twin may still hide there."""
    is_young = delivery.confirmed_at is not None and now - delivery.confirmed_at < domain.LOOK_AGAIN_WITHIN
    return isinstance(seen, Found) and seen.proof.get("listed") is False and is_young


async def settle(session: AsyncSession, publication: m.Publication, now: datetime) -> None:
    """Derive the publication's state; say once that it is out."""
    await session.flush()
    states = await queries.delivery_states(session, publication.id)
    after = domain.derived_state(P(publication.state), states)
    if after != publication.state:
        publication.state, publication.updated_at = domain.moved(publication.state, after), now
    if after in (P.PUBLISHED, P.PARTLY_PUBLISHED) and publication.published_at is None:
        publication.published_at = now
        await _say_it_is_out(session, publication, now)
    await correcting.after_settling(session, publication, states, now)


async def _say_it_is_out(session: AsyncSession, publication: m.Publication, now: datetime) -> None:
    told = {
        "publication_id": publication.id,
        "revision": publication.revision,
        "title": publication.title,
        "url": await _best_url(session, publication),
    }
    await tell_outside(session, publication.id, PublicationPublished(**told), now)
    if publication.kind == PublicationKind.CORRECTION:
        review = await correction_queries.review_of(session, publication.id)
        of_claim = (
            {
                "claim_id": review.claim_id,
                "verdict": review.verdict.value,
                "step": review.step.value,
                "reference_ids": review.reference_ids,
            }
            if review
            else {}
        )
        corrected = CorrectionPublished(**told, corrects_id=publication.corrects_id, **of_claim)
        await tell_outside(session, publication.id, corrected, now)


async def _best_url(session: AsyncSession, publication: m.Publication) -> str:
    """Our own page where there is one."""
    live = [d for d in await queries.deliveries_of(session, publication.id) if d.state == D.PUBLISHED]
    own = [d.platform_url for d in live if d.platform_id == publication.slug]
    return next(url for url in [*own, *(d.platform_url for d in live)] if url)


async def locked(session: AsyncSession, delivery_id: UUID) -> tuple[m.Publication, m.Delivery]:
    delivery = await session.get(m.Delivery, delivery_id)
    assert delivery is not None
    publication = await queries.lock_publication(session, delivery.publication_id)
    delivery = await delivery_queries.lock_delivery(session, delivery_id)
    assert publication is not None
    assert delivery is not None
    return publication, delivery


async def _published(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, seen: Published | Found, now: datetime
) -> None:
    """Seen on the platform. Where it was withdrawn in the meantime, it has to come down."""
    delivery.platform_id, delivery.platform_url = seen.id, seen.url
    delivery.proof = {**seen.proof, "seen_at": now.isoformat()}
    delivery.confirmed_at, delivery.error = now, None
    withdrawn = publication.state == P.WITHDRAWN
    _move(delivery, D.WITHDRAWING if withdrawn else D.PUBLISHED)
    delivery.attempt = 0 if withdrawn else delivery.attempt
    delivery.not_before = now if withdrawn else now + domain.LOOK_AGAIN
    delivery.collect_at = now + domain.FIRST_FIGURES
    await announce(session, delivery, now)


async def announce(session: AsyncSession, delivery: m.Delivery, now: datetime) -> None:
    event = DeliveryConfirmed(
        delivery_id=delivery.id,
        publication_id=delivery.publication_id,
        channel_id=delivery.channel_id,
        state=delivery.state,
        platform_url=delivery.platform_url,
    )
    await tell_outside(session, delivery.publication_id, event, now)


def _open_question(delivery: m.Delivery, reason: Reason, now: datetime) -> None:
    _move(delivery, D.UNKNOWN)
    delivery.error = reason.vi
    delivery.not_before = now + domain.RECONCILE_EVERY


def not_sent(publication: m.Publication, delivery: m.Delivery, state: DeliveryState, why: str, until: datetime) -> None:
    """This try certainly posted nothing; withdrawn publications are done with it, unless an earlier try may have."""
    withdrawn = publication.state in NOT_SENT_FURTHER
    if withdrawn and domain.has_open_try(delivery.handle):
        look_once_more(delivery, until)
        return
    _move(delivery, D.WITHDRAWN if withdrawn else state)
    delivery.error, delivery.not_before = why, until


def look_once_more(delivery: m.Delivery, at: datetime) -> None:
    """An earlier try of it was never heard of: what became of that is looked for, whatever became of later ones."""
    _move(delivery, D.UNKNOWN)
    delivery.handle = {**delivery.handle, "looks": 0}
    delivery.not_before = at


async def _rejected(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, outcome: Rejected, now: datetime
) -> None:
    if outcome.permanent or delivery.attempt >= domain.MAX_ATTEMPTS:
        if domain.has_open_try(delivery.handle):
            look_once_more(delivery, now + domain.RECONCILE_EVERY)
            delivery.handle = {**delivery.handle, "refused": outcome.reason.vi}
            delivery.error = outcome.reason.vi
            return
        await give_up(session, delivery, outcome.reason, now)
        if publication.state in NOT_SENT_FURTHER:
            _move(delivery, D.WITHDRAWN)
        return
    not_sent(publication, delivery, D.PENDING, outcome.reason.vi, now + domain.backoff(delivery.attempt))


async def give_up(session: AsyncSession, delivery: m.Delivery, reason: Reason, now: datetime) -> None:
    _move(delivery, D.REJECTED)
    delivery.error, delivery.updated_at = reason.vi, now
    await open_task(session, "delivery_rejected", delivery, f"Không đăng được: {reason.vi}", now)


async def _needs_reconnect(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, reason: Reason, now: datetime
) -> None:
    if domain.has_open_try(delivery.handle):
        look_once_more(delivery, now + domain.RECONCILE_EVERY)
        delivery.error = reason.vi
    else:
        not_sent(publication, delivery, D.AUTH_REQUIRED, reason.vi, now)
    await queries.close_for_reconnect(session, delivery.channel_id)
    await open_task(session, "channel_reconnect", delivery, f"Cần kết nối lại kênh: {reason.vi}", now)


async def _not_there(
    session: AsyncSession,
    publication: m.Publication,
    delivery: m.Delivery,
    looks: int,
    is_repeatable: bool,
    now: datetime,
) -> None:
    """Looked twice and not there: sent again only where the platform keeps a repeat from becoming a second post."""
    refused = delivery.handle.get("refused")
    if looks < 2:
        _open_question(delivery, Reason("Chưa thấy bài trên nền tảng, sẽ xem lại", "not seen"), now)
    elif publication.state in NOT_SENT_FURTHER and now - _armed_at(delivery) < domain.NOT_THERE_AFTER:
        _open_question(delivery, Reason("Chưa thấy bài trên nền tảng, xem thêm trước khi coi là đã rút", "early"), now)
    elif publication.state in NOT_SENT_FURTHER:
        _move(delivery, D.WITHDRAWN)
        delivery.withdrawn_at, delivery.error = now, None
        await announce(session, delivery, now)
    elif refused is not None and now - _armed_at(delivery) < domain.NOT_THERE_AFTER:
        _open_question(delivery, Reason(refused, "refused, and an earlier try may still show"), now)
    elif refused is not None:
        await give_up(session, delivery, Reason(refused, "refused, and no earlier try shows"), now)
    elif is_repeatable and delivery.attempt < domain.MAX_ATTEMPTS:
        _move(delivery, D.PENDING)
        delivery.handle = {**delivery.handle, "open_try": delivery.handle.get("arming") or True}
        delivery.not_before = now + domain.backoff(delivery.attempt)
    else:
        await _hand_over(session, delivery, "Không thấy bài trên nền tảng; cần người kiểm tra", now)


async def _cannot_tell(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, looks: int, why: Reason, now: datetime
) -> None:
    if looks >= domain.MAX_LOOKS:
        await _hand_over(session, delivery, f"Không xác định được bài đã đăng hay chưa: {why.vi}", now)
        return
    delivery.error = why.vi
    delivery.not_before = now + domain.backoff(looks)
    if delivery.state == D.ARMED:
        _move(delivery, D.UNKNOWN)


async def _hand_over(session: AsyncSession, delivery: m.Delivery, why: str, now: datetime) -> None:
    _move(delivery, D.MANUAL)
    delivery.error = why
    await open_task(session, "delivery_undecided", delivery, why, now)


async def _post_by_hand(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, told: ByHand, now: datetime
) -> None:
    """The person has the card until the address comes; of what was withdrawn meanwhile they say whether it went out."""
    _move(delivery, D.MANUAL)
    why = told.reason.vi
    if publication.state in NOT_SENT_FURTHER:
        why = "Tin đã rút: đừng đăng nữa; nếu đã đăng, hãy báo địa chỉ để gỡ"
    delivery.error = why
    title = f"{why}: “{publication.title}”"
    site = str(delivery.handle["payload"].get("site", "")) or None
    await open_task(session, BY_HAND, delivery, title, now, link=site)
    await queries.retitle_task(session, BY_HAND, delivery.id, title)


async def _flag_duplicates(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, twins: tuple[str, ...], now: datetime
) -> None:
    if twins:
        title = f"Bài “{publication.title}” bị nền tảng đăng trùng {len(twins) + 1} lần; cần xóa bản thừa"
        await open_task(session, "duplicate_post", delivery, title, now, link=twins[0])


def _move(delivery: m.Delivery, after: DeliveryState) -> None:
    delivery.state = domain.delivery_moved(delivery.state, after)


def sending_of(delivery: m.Delivery) -> dict[str, Any]:
    """What was armed, for looking it up on the platform."""
    return dict(delivery.handle.get("sending") or {"key": "", "payload": {}})
