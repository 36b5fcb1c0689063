"""Drafting corrections: from a checked claim, or as the next step of a chain. What follows is a publication's own way.

Locks: the claim (advisory) before any publication; the message before a new one is held by the database's trigger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import masking
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.corrections import CorrectionStep, PublicVerdict, TargetReason
from libs.common.models.enums import ChannelState, ClaimState, PublicationKind, PublicationState, Role
from services.publish import domain
from services.publish.corrections import queries, rules, wording
from services.publish.corrections.problems import (
    ChainEnded,
    ClaimNotFound,
    CorrectionExists,
    CorrectionNotFound,
    EvidenceMissing,
    NotTheHead,
    SameVerdict,
    VerdictNotPublic,
)
from services.publish.corrections.rules import Evidence, Place, Review
from services.publish.problems import NotYourUnit
from services.publish.resources import PublishResources
from services.publish.service import composing, correcting, publications

PUBLIC = frozenset(verdict.value for verdict in PublicVerdict)


@dataclass(frozen=True)
class Target:
    """A channel that a correction should be on, and where on its platform the claim was seen."""

    channel: m.Channel
    reason: TargetReason
    source_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What a correction of a claim would be made of."""

    claim: m.Claim
    review: Review
    places: list[Place]
    targets: list[Target]
    words: Mapping[str, Any]
    existing_id: UUID | None
    """The correction that is there already: it is followed, not begun again."""


@dataclass(frozen=True)
class Follow:
    """The next step of a chain. `verdict`: only of a correction; `evidence`: the earlier where none is given."""

    step: CorrectionStep
    reason: str
    verdict: PublicVerdict | None = None
    evidence: tuple[Evidence, ...] = ()


async def propose(session: AsyncSession, claim_id: UUID, who: Principal) -> Proposal:
    """For the person who decides; nothing is written."""
    claim = await queries.get_claim(session, claim_id)
    if claim is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    review = _review_of_claim(claim, await queries.first_seen_at(session, claim_id))
    places = await queries.places_of(session, claim_id)
    targets = await _targets(session, who.unit_id, places)
    existing = await _living_head(session, claim_id)
    return Proposal(claim, review, places, targets, wording.draft(review), existing)


async def draft_correction(
    session: AsyncSession,
    claim_id: UUID,
    added: Sequence[UUID],
    fields: Mapping[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    """The draft of an alert, for every channel of ours where the claim was seen and those that are added."""
    await queries.lock_claim(session, claim_id)
    proposal = await propose(session, claim_id, who)
    if proposal.existing_id is not None:
        raise CorrectionExists(f"Hãy nối tiếp bản cải chính {proposal.existing_id}.")
    targets = await _with_added(session, proposal.targets, added, who.unit_id)
    return await _draft(session, proposal.review, targets, None, {**fields, **proposal.words}, who, now, res)


async def follow_correction(
    session: AsyncSession,
    publication_id: UUID,
    follow: Follow,
    added: Sequence[UUID],
    fields: Mapping[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    """The draft of an update, a correction or a cancellation; it goes where the message before stands."""
    before, row = await require_correction(session, publication_id, who)
    if not who.has_within(before.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được nối tiếp bản cải chính của đơn vị.")
    await queries.lock_claim(session, row.claim_id)
    await _require_head(session, row, before, follow.step)
    review = _review_after(queries.as_review(row), queries.link_of(row, before), follow)
    places = await queries.places_of(session, row.claim_id) if follow.step is not CorrectionStep.CANCEL else []
    standing = await correcting.standing_channels(session, publication_id)
    targets = await _targets(session, before.unit_id, places, frozenset(standing))
    targets = await _with_added(session, targets, added, before.unit_id)
    made = {**fields, **wording.draft(review), "unit_id": before.unit_id}
    return await _draft(session, review, targets, publication_id, made, who, now, res)


async def require_correction(
    session: AsyncSession, publication_id: UUID, who: Principal
) -> tuple[m.Publication, m.Correction]:
    row = await queries.get_correction(session, publication_id)
    if row is None:
        raise CorrectionNotFound(f"Tin {publication_id} không phải bản cải chính của một tuyên bố.")
    return await publications.require_visible(session, publication_id, who), row


def _review_of_claim(claim: m.Claim, first_seen_at: datetime | None) -> Review:
    if claim.state == ClaimState.OPEN or claim.verdict not in PUBLIC:
        raise VerdictNotPublic("Hãy kiểm chứng trước: cần kết luận tin giả, tin sai sự thật hoặc tin xác thực.")
    evidence = _clean(Evidence(str(one.get("title", "")), str(one.get("url", ""))) for one in claim.evidence)
    if not evidence:
        raise EvidenceMissing("Tuyên bố chưa có căn cứ nào kèm đường dẫn.")
    return Review(
        step=CorrectionStep.ALERT,
        verdict=PublicVerdict(claim.verdict),
        claim_id=claim.id,
        chain_id=None,
        claim_text=masking.mask_personal_data(claim.text),
        evidence=evidence,
        reason=None,
        reference_ids=(),
        first_seen_at=first_seen_at,
    )


def _clean(evidence: Any) -> tuple[Evidence, ...]:
    """With an address, and without personal data in a title."""
    return tuple(
        replace(one, title=masking.mask_personal_data(one.title) or one.url)
        for one in evidence
        if rules.host_of(one.url)
    )


def _review_after(before: Review, link: rules.Link, follow: Follow) -> Review:
    if follow.step is CorrectionStep.CORRECTION and follow.verdict is None:
        raise VerdictNotPublic("Hãy nêu kết luận mới: tin giả, tin sai sự thật hoặc tin xác thực.")
    if follow.step is CorrectionStep.CORRECTION and follow.verdict == before.verdict:
        raise SameVerdict(f"Kết luận trước cũng là “{before.label}”.")
    if follow.step is CorrectionStep.CORRECTION and not follow.evidence:
        raise EvidenceMissing("Kết luận mới cần căn cứ mới.")
    changed = follow.verdict if follow.step is CorrectionStep.CORRECTION else None
    return replace(
        before,
        step=follow.step,
        verdict=changed or before.verdict,
        evidence=_clean(follow.evidence) or before.evidence,
        reason=masking.mask_personal_data(follow.reason),
        reference_ids=rules.references_after(link),
    )


async def _require_head(session: AsyncSession, row: m.Correction, before: m.Publication, step: CorrectionStep) -> None:
    chain = [queries.link_of(*each) for each in await queries.chain_of(session, row.chain_id)]
    if not rules.may_follow(queries.link_of(row, before), step):
        raise ChainEnded("Không nối tiếp được bản đã thu hồi hoặc đã hủy; nếu cần, hãy lập bản mới từ tuyên bố.")
    head = next(iter(rules.heads(chain)), None)
    if head is None or head.publication_id != before.id:
        raise NotTheHead(f"Bản mới nhất của chuỗi là {head.publication_id}." if head else "Bản này đã bị hủy.")


async def _living_head(session: AsyncSession, claim_id: UUID) -> UUID | None:
    """The newest message about the claim, unless it was withdrawn or ended its chain in public."""
    for correction, publication in await queries.chains_of_claim(session, claim_id):
        is_over = publication.state == PublicationState.WITHDRAWN or (
            correction.step == CorrectionStep.CANCEL and publication.published_at is not None
        )
        return None if is_over else publication.id
    return None


# --- where it goes ---


async def _targets(
    session: AsyncSession, unit_id: UUID, places: Sequence[Place], standing: frozenset[UUID] = frozenset()
) -> list[Target]:
    found = []
    for channel in await queries.channels_for(session, unit_id):
        seen = tuple(p.source_id for p in places if rules.is_seen_on(p, channel.kind, channel.settings))
        if channel.kind == "own_site":
            found.append(Target(channel, TargetReason.BULLETIN))
        elif channel.id in standing:
            found.append(Target(channel, TargetReason.STANDS, seen))
        elif seen:
            found.append(Target(channel, TargetReason.SEEN, seen))
    return found


async def _with_added(
    session: AsyncSession, targets: Sequence[Target], added: Sequence[UUID], unit_id: UUID
) -> list[Target]:
    there = {target.channel.id for target in targets}
    chosen = await composing.chosen_channels(session, [one for one in added if one not in there], unit_id)
    return [*targets, *(Target(channel, TargetReason.ADDED) for channel in chosen.values())]


# --- writing it down ---


async def _draft(
    session: AsyncSession,
    review: Review,
    targets: Sequence[Target],
    corrects_id: UUID | None,
    fields: Mapping[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    values = {**fields, "kind": PublicationKind.CORRECTION, "corrects_id": corrects_id}
    able = await _able(session, review, targets, values, who, now, res)
    values["channel_ids"] = list(able)
    publication = await publications.create_publication(session, values, who, now, res, review)
    session.add(_row(publication, review, who, now))
    await session.flush()
    session.add_all(
        m.CorrectionTarget(
            publication_id=publication.id,
            channel_id=target.channel.id,
            reason=target.reason,
            source_ids=list(target.source_ids),
        )
        for target in targets
    )
    await session.flush()
    return publication


async def _able(
    session: AsyncSession,
    review: Review,
    targets: Sequence[Target],
    fields: Mapping[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> dict[UUID, m.Channel]:
    """Those that can be sent it at all; on the others a person puts it (tracking.py)."""
    usable = {t.channel.id: t.channel for t in targets if t.channel.state == ChannelState.ACTIVE}
    tried = m.Publication(
        id=new_id(now),
        unit_id=fields.get("unit_id") or who.unit_id,
        slug=domain.slugify(fields["title"]),
        language="vi",
        affects_rights=bool(fields.get("affects_rights")),
        is_urgent=bool(fields.get("is_urgent")),
        **{name: fields.get(name) for name in ("kind", "corrects_id", "title", "summary", "body")},
    )
    return await correcting.postable(session, tried, usable, res, [], review)


def _row(publication: m.Publication, review: Review, who: Principal, now: datetime) -> m.Correction:
    return m.Correction(
        publication_id=publication.id,
        chain_id=review.chain_id or publication.id,
        claim_id=review.claim_id,
        step=review.step,
        verdict=review.verdict,
        claim_text=review.claim_text,
        evidence=[{"title": one.title, "url": one.url} for one in review.evidence],
        reason=review.reason,
        reference_ids=list(review.reference_ids),
        first_seen_at=review.first_seen_at,
        created_by=who.person_id,
        created_at=now,
    )
