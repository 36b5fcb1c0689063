"""What a case is called. Away from criticism, opinion or complaint takes two people and a reason (DESIGN, section 3);
anything else counts at once. The database holds the same rule (0008_rules.sql)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.ids import new_id
from libs.common.models import CaseRelabelling, FeedbackCase
from libs.common.models.enums import TextKind
from services.ingest.feedback import steps
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import CASE_LABELS, Action, needs_second_person
from services.ingest.feedback.officers import Officer, lock_case
from services.ingest.feedback.problems import (
    NotPossibleNow,
    RelabellingAlreadyOpen,
    RelabellingNeedsReason,
    RelabellingNotFound,
    SecondOfficerNeeded,
)
from services.ingest.feedback.steps import Step

REASON_CHARS = 10


async def relabel(
    session: AsyncSession,
    desk: FeedbackDesk,
    officer: Officer,
    case_id: UUID,
    kind: TextKind,
    reason: str,
    *,
    now: datetime,
) -> CaseRelabelling | None:
    """The proposal that waits for a second person; None where it counts at once."""
    if kind not in CASE_LABELS:
        raise NotPossibleNow("Một phản ánh không thể mang loại này.")
    case = await lock_case(session, officer, case_id)
    before = TextKind(case.kind)
    if kind == before:
        return None
    if needs_second_person(before, kind, was_relabelled=await _was_relabelled(session, case.id)):
        return await _propose(session, desk, officer, case, kind, reason, now)
    await _apply(session, desk, case, kind, officer.id, reason, now)
    return None


async def _was_relabelled(session: AsyncSession, case_id: UUID) -> bool:
    one = CaseRelabelling
    query = select(one.id).where(one.case_id == case_id, one.is_confirmed.is_(True)).limit(1)
    return await session.scalar(query) is not None


async def _propose(
    session: AsyncSession,
    desk: FeedbackDesk,
    officer: Officer,
    case: FeedbackCase,
    kind: TextKind,
    reason: str,
    now: datetime,
) -> CaseRelabelling:
    told = desk.mask(reason.strip())
    if len(told) < REASON_CHARS:
        raise RelabellingNeedsReason("Đổi loại của ý kiến, phê bình, khiếu nại cần lý do và người thứ hai xác nhận.")
    row = {
        "id": new_id(now),
        "case_id": case.id,
        "from_kind": case.kind,
        "to_kind": kind,
        "reason": told,
        "proposed_by": officer.id,
        "proposed_at": now,
    }
    query = upsert(CaseRelabelling).values(row)
    query = query.on_conflict_do_nothing(index_elements=["case_id"], index_where=CaseRelabelling.decided_at.is_(None))
    if await session.scalar(query.returning(CaseRelabelling.id)) is None:
        raise RelabellingAlreadyOpen("Hãy xác nhận hoặc bác đề nghị đang chờ trước.")
    await _trail(session, "proposed", officer.id, case.id, {"from": case.kind, "to": kind}, now)
    proposal = await session.get(CaseRelabelling, row["id"])
    assert proposal is not None
    return proposal


async def decide(
    session: AsyncSession,
    desk: FeedbackDesk,
    officer: Officer,
    relabelling_id: UUID,
    *,
    confirmed: bool,
    now: datetime,
) -> CaseRelabelling:
    """Confirmed by another person than the one who proposed it; the proposer may only take it back."""
    proposal = await session.get(CaseRelabelling, relabelling_id, with_for_update=True, populate_existing=True)
    if proposal is None:
        raise RelabellingNotFound(f"Không có đề nghị {relabelling_id}.")
    case = await lock_case(session, officer, proposal.case_id)
    if proposal.decided_at is not None:
        raise NotPossibleNow("Đề nghị đã được quyết định.")
    if confirmed and proposal.proposed_by == officer.id:
        raise SecondOfficerNeeded("Người đề nghị không thể tự xác nhận.")
    proposal.decided_by, proposal.decided_at, proposal.is_confirmed = officer.id, now, confirmed
    await session.flush()
    if confirmed:
        await _apply(session, desk, case, TextKind(proposal.to_kind), officer.id, proposal.reason, now)
    facts = {"from": proposal.from_kind, "to": proposal.to_kind, "first": str(proposal.proposed_by)}
    await _trail(session, "confirmed" if confirmed else "refused", officer.id, case.id, facts, now)
    return proposal


async def list_open(session: AsyncSession, officer: Officer) -> list[CaseRelabelling]:
    """What waits for a second person, oldest first."""
    query = select(CaseRelabelling).where(CaseRelabelling.decided_at.is_(None)).order_by(CaseRelabelling.id).limit(100)
    if officer.units is not None:
        query = query.join(FeedbackCase, FeedbackCase.id == CaseRelabelling.case_id)
        query = query.where(FeedbackCase.unit_id.in_(officer.units))
    return list(await session.scalars(query))


async def _apply(
    session: AsyncSession,
    desk: FeedbackDesk,
    case: FeedbackCase,
    kind: TextKind,
    by: UUID,
    reason: str,
    now: datetime,
) -> None:
    case.kind, case.updated_at = kind, now
    await session.flush()
    await steps.record(session, desk, case, Step(Action.RELABELLED, by=by, internal_note=reason), now=now)


async def _trail(
    session: AsyncSession, what: str, by: UUID, case_id: UUID, facts: dict[str, str], now: datetime
) -> None:
    await audit.append(
        session,
        service="ingest",
        action=f"feedback.relabelling_{what}",
        actor_id=by,
        object_type="feedback_case",
        object_id=case_id,
        now=now,
        facts=facts,
    )
