"""Approving: a second person's word on exactly one hash, and the deliveries that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.approval import ApprovalAttempt, Refusal, approvals_needed, is_enough, others_needed, refusal
from libs.common.auth import Principal
from libs.common.errors import Problem
from libs.common.events import PublicationApproved
from libs.common.ids import new_id
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, Role
from services.publish import approval_queries, domain, queries
from services.publish.adapters.base import Composed
from services.publish.approval_queries import Speaker
from services.publish.corrections import checks, tracking
from services.publish.desk_problems import NotOnDuty
from services.publish.problems import (
    AlreadyApproved,
    ChannelNotUsable,
    ContentChanged,
    NotInReview,
    NotSpokesperson,
    OwnWork,
)
from services.publish.resources import PublishResources
from services.publish.service import composing, correcting, reminding
from services.publish.service.announcing import tell_outside
from services.publish.service.publications import recomposed, require_locked, require_visible

REFUSED: Mapping[Refusal, type[Problem]] = {
    Refusal.NOT_SPOKESPERSON: NotSpokesperson,
    Refusal.NOT_ON_DUTY: NotOnDuty,
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
    await _check(session, publication, seen_hash, who, now)
    if publication.corrects_id is not None:
        await correcting.require_correctable(session, publication.corrects_id, publication.unit_id)
    await checks.require_verdict_stands(session, publication)
    channels, fitted = await recomposed(session, publication, res)
    if composing.hash_of(publication, fitted) != publication.content_hash:
        raise ContentChanged("Nội dung gửi lên kênh nay khác bản đã gửi duyệt; hãy lưu lại bản nháp và gửi duyệt lại.")
    _require_usable(channels)
    await _record_approval(session, publication, who, now)
    given = {approval.approver_id for approval in await queries.approvals_of(session, publication)}
    editors = await queries.editors_of(session, publication)
    if is_enough(publication.kind, publication.is_urgent, given, editors):
        await _release(session, publication, fitted, now)
        await correcting.open_case(session, publication, who.person_id, now)
        await tracking.on_release(session, publication, who.person_id, now)
    return publication


async def _check(
    session: AsyncSession, publication: m.Publication, seen_hash: bytes, who: Principal, now: datetime
) -> None:
    on_duty = await approval_queries.speakers(session, publication, now) if publication.is_urgent else []
    attempt = ApprovalAttempt(
        approver_id=who.person_id,
        speaks_for_unit=who.has_within(publication.unit_id, Role.SPOKESPERSON),
        editors=await queries.editors_of(session, publication),
        state=PublicationState(publication.state),
        current_hash=publication.content_hash,
        seen_hash=seen_hash,
        kind=publication.kind,
        is_urgent=publication.is_urgent,
        is_on_duty=any(speaker.person_id == who.person_id for speaker in on_duty),
    )
    refused = refusal(attempt)
    if refused is Refusal.NOT_ON_DUTY:
        raise NotOnDuty(_who_is(on_duty))
    if refused is not None:
        raise REFUSED[refused]()
    if not attempt.speaks_for_unit and await approval_queries.is_syndicated(session, publication.id):
        raise NotSpokesperson("Tin thành phố chuyển về chỉ do người phát ngôn của chính đơn vị duyệt, kể cả tin khẩn.")
    if any(a.approver_id == who.person_id for a in await queries.approvals_of(session, publication)):
        raise AlreadyApproved()


def _who_is(on_duty: list[Speaker]) -> str:
    """The way out, in words."""
    if not on_duty:
        return "Hiện không có người phát ngôn nào trong ca trực: hãy nhờ quản trị viên xếp ca trực."
    names = ", ".join(f"{each.name} ({each.unit_name})" for each in on_duty[:10])
    return f"Đang trực: {names}."


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
    await tell_outside(session, publication.id, event, now)


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


@dataclass(frozen=True)
class Given:
    person_id: UUID
    name: str
    at: datetime
    has_touched: bool


@dataclass(frozen=True)
class Candidate:
    person_id: UUID
    name: str
    unit_id: UUID
    unit_name: str
    on_duty_until: datetime | None
    has_touched: bool


@dataclass(frozen=True)
class ApprovalStatus:
    """Who has agreed to the present revision, who still has to, and when those above are told."""

    publication_id: UUID
    revision: int
    state: str
    is_urgent: bool
    rule: str
    needed: int
    given: list[Given]
    missing: int
    others_missing: int
    may_approve: list[Candidate]
    escalates_at: datetime | None


async def read_approval(
    session: AsyncSession, publication_id: UUID, who: Principal, now: datetime, res: PublishResources
) -> ApprovalStatus:
    publication = await require_visible(session, publication_id, who)
    editors = await queries.editors_of(session, publication)
    given = await _given(session, publication, editors)
    is_waiting = publication.state == PublicationState.IN_REVIEW
    needed = approvals_needed(publication.kind, publication.is_urgent)
    others = others_needed(publication.kind) - sum(not each.has_touched for each in given)
    missing = max(needed - len(given), others, 0)
    speakers = await approval_queries.speakers(session, publication, now) if is_waiting else []
    return ApprovalStatus(
        publication_id=publication.id,
        revision=publication.revision,
        state=publication.state,
        is_urgent=publication.is_urgent,
        rule=rule_of(publication),
        needed=needed,
        given=given,
        missing=missing,
        others_missing=max(others, 0),
        may_approve=_candidates(speakers, given, editors, own_counts=publication.is_urgent and missing > others),
        escalates_at=await reminding.escalates_at(session, publication, res.waiting, now) if is_waiting else None,
    )


def rule_of(publication: m.Publication) -> str:
    """In words, for whoever waits."""
    where = "đang trong ca trực (của bất kỳ đơn vị nào)" if publication.is_urgent else "của đơn vị"
    if others_needed(publication.kind) > 1:
        return f"Bản cải chính: hai người phát ngôn {where}, cả hai không tham gia biên tập."
    if publication.is_urgent:
        return f"Tin khẩn: hai người phát ngôn {where}; một người có thể là người viết, người kia không chạm vào tin."
    return f"Một người phát ngôn {where}, không tham gia biên tập."


async def _given(session: AsyncSession, publication: m.Publication, editors: frozenset[UUID]) -> list[Given]:
    approvals = await queries.approvals_of(session, publication)
    names = await approval_queries.names_of(session, [a.approver_id for a in approvals])
    return [
        Given(a.approver_id, names.get(a.approver_id, ""), a.approved_at, a.approver_id in editors) for a in approvals
    ]


def _candidates(
    speakers: list[Speaker], given: list[Given], editors: frozenset[UUID], *, own_counts: bool
) -> list[Candidate]:
    """Each person once, whose word would bring it further."""
    gave = {each.person_id for each in given}
    by_person = {s.person_id: s for s in reversed(speakers) if s.person_id not in gave}
    shown = [s for s in speakers if by_person.get(s.person_id) is s]
    return [
        Candidate(s.person_id, s.name, s.unit_id, s.unit_name, s.on_duty_until, s.person_id in editors)
        for s in shown
        if own_counts or s.person_id not in editors
    ]
