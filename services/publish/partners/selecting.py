"""Choosing partners: candidates with their proofs, the list that is decided, and those who drop out of it.

The rule stands twice, in `rules.py` and in the database, and a test holds both together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.errors import Problem
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.partners import ConflictResult, DropReason, PartnerState, SelectionState
from services.publish.partners import problems as wrong
from services.publish.partners import queries, rules
from services.publish.partners.rules import Standing, Unfit
from services.publish.problems import MediumNotFound, NotSpokesperson, NotYourUnit
from services.publish.service.publications import SEES
from services.publish.service.tasks import open_partner_task

STAFF = (Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)
REFUSED: dict[Unfit, type[Problem]] = {
    Unfit.CONFLICT: wrong.ConflictOpen,
    Unfit.CONSENT: wrong.ConsentMissing,
    Unfit.NO_PROOF: wrong.ProofOfSizeMissing,
    Unfit.TOO_SMALL: wrong.PartnerTooSmall,
    Unfit.STALE: wrong.EvidenceStale,
}
DROPPED = {
    DropReason.TOO_SMALL: "không còn đủ số người theo dõi",
    DropReason.CONSENT_WITHDRAWN: "đã rút thư đồng ý",
    DropReason.CONFLICT: "có xung đột lợi ích",
    DropReason.REMOVED: "được đưa ra khỏi danh sách",
}


@dataclass(frozen=True)
class Candidate:
    """A partner with its last proof, and why it is not fit as of now."""

    partner: m.Partner
    proof: m.PartnerProof | None
    unfit: Unfit | None


async def open_selection(
    session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime
) -> m.PartnerSelection:
    unit_id = fields.pop("unit_id", None) or who.unit_id
    if not who.has_within(unit_id, Role.ADMIN):
        raise NotYourUnit("Chỉ quản trị viên của đơn vị được mở đợt chọn đối tác.")
    selection = m.PartnerSelection(
        id=new_id(now),
        unit_id=unit_id,
        state=SelectionState.OPEN,
        created_by=who.person_id,
        created_at=now,
        **fields,
    )
    session.add(selection)
    await session.flush()
    rule = {name: fields[name] for name in ("min_followers", "min_partners", "max_partners", "evidence_days")}
    await _audit(session, "partner-selection.opened", "partner_selection", selection.id, who.person_id, now, rule)
    return selection


async def read_selection(session: AsyncSession, selection_id: UUID, who: Principal) -> m.PartnerSelection:
    selection = await session.get(m.PartnerSelection, selection_id)
    if selection is None or selection.unit_id not in who.units(*SEES):
        raise wrong.SelectionNotFound(f"Không có đợt chọn {selection_id} trong đơn vị của bạn.")
    return selection


async def candidates_of(session: AsyncSession, selection: m.PartnerSelection, now: datetime) -> list[Candidate]:
    partners = await queries.partners_of(session, selection.id)
    proofs = await queries.latest_proofs(session, [each.id for each in partners])
    return [_candidate(each, proofs.get(each.id), selection, now) for each in partners]


async def candidate_of(session: AsyncSession, partner: m.Partner, now: datetime) -> Candidate:
    selection = await session.get(m.PartnerSelection, partner.selection_id)
    assert selection is not None
    return _candidate(partner, (await queries.latest_proofs(session, [partner.id])).get(partner.id), selection, now)


def _candidate(
    partner: m.Partner, proof: m.PartnerProof | None, selection: m.PartnerSelection, now: datetime
) -> Candidate:
    standing = Standing(
        conflict=partner.conflict_result,
        has_consent=partner.consent_medium_id is not None and partner.consent_withdrawn_at is None,
        followers=proof.followers if proof else None,
        measured_at=proof.measured_at if proof else None,
    )
    return Candidate(partner, proof, rules.unfit(standing, selection.min_followers, selection.evidence_days, now))


async def add_partner(
    session: AsyncSession, selection_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.Partner:
    selection = await _locked_selection(session, selection_id, who)
    _require_staff(selection, who)
    if selection.state == SelectionState.ENDED:
        raise wrong.SelectionSettled("Đợt chọn đã kết thúc.")
    fields["url"] = _public_address(fields["url"])
    partner = m.Partner(
        id=new_id(now),
        selection_id=selection.id,
        state=PartnerState.CANDIDATE,
        created_by=who.person_id,
        created_at=now,
        **fields,
    )
    try:
        async with session.begin_nested():
            session.add(partner)
    except IntegrityError as error:
        if "ck_partners_contact_by_role" in str(error.orig):
            raise wrong.PersonalPage("contact_role chỉ ghi vai trò, không ghi số máy hay địa chỉ của ai.") from None
        raise wrong.PartnerExists("Trang hoặc nhóm này đã là ứng viên của đợt chọn.") from None
    await _audit(session, "partner.added", "partner", partner.id, who.person_id, now, {"platform": partner.platform})
    return partner


async def record_proof(
    session: AsyncSession, partner_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.Partner:
    """A partner that is found to be too small drops out at once; a recheck that was asked for is done."""
    partner, selection = await _locked(session, partner_id, who)
    if fields["measured_at"] > now:
        raise wrong.InTheFuture("measured_at là lúc đo, không thể ở tương lai.")
    if fields["source_url"] is not None:
        fields["source_url"] = _public_address(fields["source_url"])
    await _require_medium(session, fields["medium_id"], selection)
    session.add(
        m.PartnerProof(id=new_id(now), partner_id=partner.id, recorded_by=who.person_id, recorded_at=now, **fields)
    )
    await session.flush()
    told = {"followers": fields["followers"]}
    await _audit(session, "partner.measured", "partner", partner.id, who.person_id, now, told)
    await queries.settle_rechecks(session, partner.url, selection.unit_id, who.person_id, now)
    latest = (await queries.latest_proofs(session, [partner.id]))[partner.id]
    if partner.state == PartnerState.SELECTED and latest.followers < selection.min_followers:
        await _drop(session, partner, selection, DropReason.TOO_SMALL, who, now)
    return partner


async def record_conflict(
    session: AsyncSession, partner_id: UUID, result: ConflictResult, note: str, who: Principal, now: datetime
) -> m.Partner:
    partner, selection = await _locked(session, partner_id, who)
    partner.conflict_result, partner.conflict_note = result, note
    partner.conflict_checked_by, partner.conflict_checked_at = who.person_id, now
    if partner.state == PartnerState.SELECTED and result == ConflictResult.CONFLICTED:
        await _drop(session, partner, selection, DropReason.CONFLICT, who, now)
    await session.flush()
    told = {"result": str(result)}
    await _audit(session, "partner.conflict-checked", "partner", partner.id, who.person_id, now, told)
    return partner


async def record_consent(
    session: AsyncSession, partner_id: UUID, medium_id: UUID, at: datetime, who: Principal, now: datetime
) -> m.Partner:
    partner, selection = await _locked(session, partner_id, who)
    if at > now:
        raise wrong.InTheFuture("consent_at là ngày của thư, không thể ở tương lai.")
    await _require_medium(session, medium_id, selection)
    partner.consent_medium_id, partner.consent_at, partner.consent_withdrawn_at = medium_id, at, None
    await session.flush()
    await _audit(session, "partner.consented", "partner", partner.id, who.person_id, now, {})
    return partner


async def withdraw_consent(session: AsyncSession, partner_id: UUID, who: Principal, now: datetime) -> m.Partner:
    """As the partner asked: it leaves the list, and its kits close."""
    partner, selection = await _locked(session, partner_id, who)
    if partner.consent_medium_id is None:
        raise wrong.ConsentMissing("Đối tác chưa gửi thư đồng ý nào.")
    partner.consent_withdrawn_at = now
    if partner.state == PartnerState.SELECTED:
        await _drop(session, partner, selection, DropReason.CONSENT_WITHDRAWN, who, now)
    await session.flush()
    await _audit(session, "partner.consent-withdrawn", "partner", partner.id, who.person_id, now, {})
    return partner


async def select_partner(session: AsyncSession, partner_id: UUID, who: Principal, now: datetime) -> m.Partner:
    """Onto the list. Before it is decided the list may be of any length; afterwards it keeps within the rule."""
    partner, selection = await _locked(session, partner_id, who)
    if partner.state != PartnerState.CANDIDATE:
        raise wrong.PartnerMoved(f"Đối tác đang ở trạng thái {partner.state}.")
    if selection.state == SelectionState.ENDED:
        raise wrong.SelectionSettled("Đợt chọn đã kết thúc.")
    found = await candidate_of(session, partner, now)
    if found.unfit is not None:
        raise REFUSED[found.unfit](_why(found, selection))
    count = await queries.count_selected(session, selection.id)
    if selection.state == SelectionState.DECIDED and count >= selection.max_partners:
        raise wrong.WrongNumberOfPartners(f"Danh sách đã đủ {selection.max_partners} đối tác.")
    partner.state, partner.selected_at = PartnerState.SELECTED, now
    await session.flush()
    await _audit(session, "partner.selected", "partner", partner.id, who.person_id, now, {})
    return partner


async def remove_partner(session: AsyncSession, partner_id: UUID, who: Principal, now: datetime) -> m.Partner:
    partner, selection = await _locked(session, partner_id, who)
    if partner.state == PartnerState.DROPPED:
        raise wrong.PartnerMoved("Đối tác đã rời danh sách.")
    await _drop(session, partner, selection, DropReason.REMOVED, who, now)
    return partner


async def decide(
    session: AsyncSession, selection_id: UUID, decision: str, who: Principal, now: datetime
) -> m.PartnerSelection:
    """“Chốt”: as many as the rule says, each fit at this moment, by a spokesperson who did not open the selection."""
    selection = await _locked_selection(session, selection_id, who)
    if not who.has_within(selection.unit_id, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ người phát ngôn của đơn vị được chốt danh sách đối tác.")
    if selection.created_by == who.person_id:
        raise wrong.SignedByAnother("Danh sách phải do một người phát ngôn khác người mở đợt chọn chốt.")
    if selection.state != SelectionState.OPEN:
        raise wrong.SelectionSettled(f"Đợt chọn đang ở trạng thái {selection.state}.")
    chosen = [
        each for each in await candidates_of(session, selection, now) if each.partner.state == PartnerState.SELECTED
    ]
    _require_number(selection, len(chosen))
    _require_fit(selection, chosen)
    try:
        async with session.begin_nested():
            selection.state, selection.decided_by, selection.decided_at = SelectionState.DECIDED, who.person_id, now
            selection.decision = decision
            await session.flush()
    except IntegrityError as error:
        if "uq_partner_selections_decided" not in str(error.orig):
            raise
        raise wrong.SelectionExists("Hãy kết thúc danh sách đang có trước khi chốt danh sách mới.") from None
    facts = {"partners": len(chosen)}
    await _audit(session, "partner-selection.decided", "partner_selection", selection.id, who.person_id, now, facts)
    return selection


def _require_number(selection: m.PartnerSelection, count: int) -> None:
    if not selection.min_partners <= count <= selection.max_partners:
        raise wrong.WrongNumberOfPartners(
            f"Đang chọn {count} đối tác; quy định từ {selection.min_partners} đến {selection.max_partners}."
        )


def _require_fit(selection: m.PartnerSelection, chosen: Sequence[Candidate]) -> None:
    errors = [
        {"pointer": f"/partners/{each.partner.id}", "type": each.unfit, "message": _why(each, selection)}
        for each in chosen
        if each.unfit is not None
    ]
    if errors:
        raise wrong.PartnersNotFit(f"{len(errors)} đối tác chưa đủ điều kiện tại thời điểm chốt.", errors=errors)


async def end_selection(session: AsyncSession, selection_id: UUID, who: Principal, now: datetime) -> m.PartnerSelection:
    """The list no longer stands; kits that are open close."""
    selection = await _locked_selection(session, selection_id, who)
    if not who.has_within(selection.unit_id, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ người phát ngôn của đơn vị được kết thúc đợt chọn.")
    if selection.state == SelectionState.ENDED:
        raise wrong.SelectionSettled("Đợt chọn đã kết thúc.")
    selection.state, selection.ended_at = SelectionState.ENDED, now
    await session.flush()
    for partner in await queries.partners_of(session, selection.id):
        await queries.revoke_kits(session, partner.id, now)
    await _audit(session, "partner-selection.ended", "partner_selection", selection.id, who.person_id, now, {})
    return selection


# --- dropping out, and measuring again ---------------------------------------------------------------


async def _drop(
    session: AsyncSession,
    partner: m.Partner,
    selection: m.PartnerSelection,
    reason: DropReason,
    who: Principal,
    now: datetime,
) -> None:
    """Whoever was on a decided list is missed: the unit is told, and again where the list is now too short."""
    was_selected = partner.state == PartnerState.SELECTED
    partner.state, partner.dropped_at, partner.drop_reason = PartnerState.DROPPED, now, reason
    await session.flush()
    await queries.revoke_kits(session, partner.id, now)
    await _audit(session, "partner.dropped", "partner", partner.id, who.person_id, now, {"reason": str(reason)})
    if not was_selected or selection.state != SelectionState.DECIDED:
        return
    unit, link = selection.unit_id, partner.url
    title = f"Đối tác “{partner.name}” {DROPPED[reason]}, đã rời danh sách; các bộ tin của họ đã đóng"
    await open_partner_task(session, "partner_dropped", unit, link, title, now)
    left = await queries.count_selected(session, selection.id)
    if left < selection.min_partners:
        title = f"Danh sách đối tác còn {left}, ít hơn {selection.min_partners} theo quy định: cần bổ sung"
        whole = f"/api/publish/v1/partner-selections/{selection.id}"
        await open_partner_task(session, "partners_too_few", unit, whole, title, now)


async def ask_for_rechecks(session: AsyncSession, now: datetime) -> int:
    """Each quarter, for every partner on the list: somebody is to look at its size again."""
    due = await queries.claim_to_recheck(session, now)
    for partner, unit_id in due:
        partner.recheck_asked_at = now
        title = f"Đến kỳ kiểm tra lại quy mô của đối tác “{partner.name}”: ghi minh chứng mới"
        await open_partner_task(session, queries.RECHECK, unit_id, partner.url, title, now)
    return len(due)


# --- asking ------------------------------------------------------------------------------------------


def _why(found: Candidate, selection: m.PartnerSelection) -> str:
    name, proof = f"“{found.partner.name}”", found.proof
    match found.unfit:
        case Unfit.TOO_SMALL if proof is not None:
            return f"{name} có {proof.followers} người theo dõi, quy định ít nhất {selection.min_followers}."
        case Unfit.STALE if proof is not None:
            day = f"{proof.measured_at.astimezone(HANOI):%d/%m/%Y}"
            return f"Minh chứng của {name} đo ngày {day}, đã quá {selection.evidence_days} ngày."
        case Unfit.CONSENT:
            return f"{name} chưa có thư đồng ý, hoặc đã rút."
        case Unfit.CONFLICT:
            return f"{name} chưa được kiểm tra xung đột lợi ích, hoặc có xung đột."
        case _:
            return f"{name} chưa có minh chứng quy mô."


def _public_address(url: str) -> str:
    if not rules.is_public_address(url):
        raise wrong.PersonalPage("Cần địa chỉ https công khai của trang hoặc nhóm.")
    if rules.is_personal(url):
        raise wrong.PersonalPage("Địa chỉ này là trang của một cá nhân; đối tác là nhóm hoặc trang.")
    return rules.without_followers(url)


async def _require_medium(session: AsyncSession, medium_id: UUID | None, selection: m.PartnerSelection) -> None:
    if medium_id is not None and not await queries.has_medium(session, medium_id, selection.unit_id):
        raise MediumNotFound(f"Không có ảnh {medium_id} trong thư viện của đơn vị.")


def _require_staff(selection: m.PartnerSelection, who: Principal) -> None:
    if not who.has_within(selection.unit_id, *STAFF):
        raise NotYourUnit("Chỉ biên tập viên, người phát ngôn hoặc quản trị viên của đơn vị làm việc này.")


async def _locked_selection(session: AsyncSession, selection_id: UUID, who: Principal) -> m.PartnerSelection:
    selection = await queries.lock_selection(session, selection_id)
    if selection is None or selection.unit_id not in who.units(*SEES):
        raise wrong.SelectionNotFound(f"Không có đợt chọn {selection_id} trong đơn vị của bạn.")
    return selection


async def _locked(session: AsyncSession, partner_id: UUID, who: Principal) -> tuple[m.Partner, m.PartnerSelection]:
    """The selection's lock first: whoever counts partners holds it too."""
    found = await queries.partner_with_selection(session, partner_id)
    if found is None or found[1].unit_id not in who.units(*SEES):
        raise wrong.PartnerNotFound(f"Không có đối tác {partner_id} trong đơn vị của bạn.")
    selection = await queries.lock_selection(session, found[1].id)
    assert selection is not None
    _require_staff(selection, who)
    await session.refresh(found[0], with_for_update=True)
    return found[0], selection


async def _audit(
    session: AsyncSession,
    action: str,
    kind: str,
    about: UUID,
    by: UUID | None,
    now: datetime,
    facts: dict[str, Any],
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=by,
        object_type=kind,
        object_id=about,
        now=now,
        facts=facts,
    )
