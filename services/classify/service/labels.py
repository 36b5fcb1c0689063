"""People's labels, and their decisions on legal-risk suggestions. Each is audited."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.models import Annotation, LabelProposal, LegalRiskCase
from libs.common.models.enums import Field, RiskState, TextKind, Tone
from libs.common.outbox import emit
from services.classify import queries
from services.classify.domain import Past, Relabelling, may_confirm, relabelling
from services.classify.models import corrections
from services.classify.problems import (
    AnnotationNotFound,
    ProposalAlreadyDecided,
    ProposalAlreadyOpen,
    ProposalNotFound,
    ReasonNeeded,
    RiskCaseAlreadyDecided,
    RiskCaseNotFound,
    SecondPersonNeeded,
)
from services.classify.service import trail

REASON_CHARS = 10


@dataclass(frozen=True)
class Labelled:
    """What became of a person's label, and the kind that is in force now."""

    outcome: Relabelling
    kind: str
    proposal_id: UUID | None = None


@dataclass(frozen=True)
class PersonLabels:
    """What a person says of a text; None where they say nothing."""

    kind: TextKind | None = None
    field: Field | None = None
    tone: Tone | None = None


async def require_annotation(session: AsyncSession, content_id: UUID) -> Annotation:
    annotation = await queries.get_annotation(session, content_id)
    if annotation is None:
        raise AnnotationNotFound(f"Chưa có phân loại cho nội dung {content_id}.")
    return annotation


async def label_content(
    session: AsyncSession, content_id: UUID, labels: PersonLabels, reason: str | None, *, by: UUID, now: datetime
) -> Labelled:
    """A person's labels: they count at once, but a kind that takes protection away waits for a second person."""
    past = (await queries.lock_pasts(session, [content_id])).get(content_id, Past())
    if past.kind is None:
        raise AnnotationNotFound(f"Chưa có phân loại cho nội dung {content_id}.")
    annotation = await require_annotation(session, content_id)
    await corrections.correct_labels(session, annotation, labels.field, labels.tone, by=by, now=now)
    kind = labels.kind
    if kind is None:
        return Labelled(Relabelling.AT_ONCE, past.kind)
    outcome = relabelling(past.kind, kind, past.ever)
    match outcome:
        case Relabelling.NOTHING:
            return Labelled(outcome, past.kind)
        case Relabelling.AT_ONCE:
            await _apply(session, content_id, kind, past.kind, now, labelled_by=by, reason=reason)
            return Labelled(outcome, kind)
        case Relabelling.SECOND_PERSON:
            proposal_id = await _propose(session, content_id, kind, reason, by, now)
            return Labelled(outcome, past.kind, proposal_id)


async def _propose(
    session: AsyncSession, content_id: UUID, kind: TextKind, reason: str | None, by: UUID, now: datetime
) -> UUID:
    if len((reason or "").strip()) < REASON_CHARS:
        raise ReasonNeeded("Đổi nhãn của một ý kiến, phê bình hay khiếu nại cần lý do và người thứ hai xác nhận.")
    proposal_id = new_id(now)
    row = {
        "id": proposal_id,
        "content_id": content_id,
        "kind": kind,
        "reason": (reason or "").strip(),
        "proposed_by": by,
        "proposed_at": now,
    }
    if not await queries.open_proposal_once(session, row):
        raise ProposalAlreadyOpen("Hãy xác nhận hoặc bác đề nghị đang chờ trước.")
    await trail.record(
        session, "label.proposed", by, ("content", content_id), now, {"kind": kind, "proposal_id": str(proposal_id)}
    )
    return proposal_id


async def confirm_proposal(session: AsyncSession, proposal_id: UUID, *, by: UUID, now: datetime) -> Labelled:
    proposal = await _require_open(session, proposal_id)
    if not may_confirm(proposal.proposed_by, by):
        raise SecondPersonNeeded("Người đề nghị không thể tự xác nhận.")
    pasts = await queries.lock_pasts(session, [proposal.content_id])
    before = pasts[proposal.content_id].kind
    proposal.decided_by, proposal.decided_at = by, now
    await _apply(
        session,
        proposal.content_id,
        TextKind(proposal.kind),
        before,
        now,
        labelled_by=proposal.proposed_by,
        second_by=by,
        reason=proposal.reason,
    )
    return Labelled(Relabelling.AT_ONCE, proposal.kind, proposal_id)


async def reject_proposal(session: AsyncSession, proposal_id: UUID, *, by: UUID, now: datetime) -> Labelled:
    """The label stays; the proposer may take a proposal back in the same way."""
    proposal = await _require_open(session, proposal_id)
    annotation = await require_annotation(session, proposal.content_id)
    proposal.decided_by, proposal.decided_at = by, now
    await trail.record(
        session, "label.rejected", by, ("content", proposal.content_id), now, {"proposal_id": str(proposal_id)}
    )
    return Labelled(Relabelling.NOTHING, annotation.kind, proposal_id)


async def _require_open(session: AsyncSession, proposal_id: UUID) -> LabelProposal:
    proposal = await queries.lock_proposal(session, proposal_id)
    if proposal is None:
        raise ProposalNotFound(f"Không có đề nghị {proposal_id}.")
    if proposal.decided_at is not None:
        raise ProposalAlreadyDecided("Hãy tải lại danh sách đề nghị.")
    return proposal


async def _apply(
    session: AsyncSession,
    content_id: UUID,
    kind: TextKind,
    before: TextKind | None,
    now: datetime,
    *,
    labelled_by: UUID,
    second_by: UUID | None = None,
    reason: str | None = None,
) -> None:
    row = {
        "id": new_id(now),
        "content_id": content_id,
        "kind": kind,
        "from_kind": before,
        "labelled_by": labelled_by,
        "second_by": second_by,
        "reason": reason,
        "labelled_at": now,
    }
    await queries.record_label(session, row)
    annotation = await require_annotation(session, content_id)
    if before is not None:
        await corrections.keep(session, annotation, "kind", before, kind, by=labelled_by, now=now)
    await queries.set_kind(session, content_id, kind, now)
    item = ClassifiedItem(content_id=content_id, kind=kind, field=annotation.field, tone=annotation.tone)
    await emit(session, ContentsClassified(items=[item]), now=now, source="classify")
    facts = {"from": before, "to": kind, "first": str(labelled_by)}
    await trail.record(session, "label.changed", second_by or labelled_by, ("content", content_id), now, facts)


# --- legal-risk suggestions ---------------------------------------------------------------------------------


async def decide_case(
    session: AsyncSession, case_id: UUID, decision: RiskState, reason: str, *, by: UUID, now: datetime
) -> LegalRiskCase:
    """A person refers a suggestion or dismisses it; the product itself does nothing more."""
    case = await queries.lock_case(session, case_id)
    if case is None:
        raise RiskCaseNotFound(f"Không có gợi ý {case_id}.")
    if case.state != RiskState.SUGGESTED:
        raise RiskCaseAlreadyDecided(f"Trạng thái hiện tại: {case.state}.")
    case.state, case.reason, case.decided_by, case.decided_at = decision, reason, by, now
    await session.flush()
    annotation = await queries.get_annotation(session, case.content_id)
    if decision == RiskState.DISMISSED and annotation is not None:
        dismissed = corrections.DISMISSED
        await corrections.keep(session, annotation, "risk", case.risk_class, dismissed, by=by, now=now)
    facts = {"content_id": str(case.content_id), "risk_class": case.risk_class}
    await trail.record(session, f"legal_risk.{decision}", by, ("legal_risk_case", case_id), now, facts)
    return case
