"""One step of a case: its new state and times, the row that its sender reads, the audit entry, the event."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.events.feedback import FeedbackResolved
from libs.common.ids import new_id
from libs.common.models import CaseEvent, FeedbackCase, OrganizationUnit
from libs.common.models.enums import CaseState, Urgency
from libs.common.outbox import emit
from services.ingest.feedback import queries, sender_queries
from services.ingest.feedback.contacts import unsealed, without_sender
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import UNACCEPTED, Action, Standing, after
from services.ingest.feedback.notices import Notice, clock_time, tell
from services.ingest.feedback.problems import ContactLost, FeedbackNotFound, NotPossibleNow


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, by which officer (None: the sender, or the service itself), and what is said of it."""

    action: Action
    by: UUID | None = None
    public_note: str | None = None
    internal_note: str | None = None
    unit_id: UUID | None = None
    legal_ground: str | None = None
    into: UUID | None = None
    """The case that this one is merged into."""


def standing(case: FeedbackCase) -> Standing:
    finished = case.closed_at if case.state == CaseState.REJECTED else case.answered_at
    return Standing(
        CaseState(case.state),
        Urgency(case.urgency),
        case.received_at,
        case.accept_due_at,
        case.due_at,
        finished,
        case.reopened,
    )


async def require_locked(session: AsyncSession, case_id: UUID) -> FeedbackCase:
    case = await queries.lock_case(session, case_id)
    if case is None:
        raise FeedbackNotFound(f"Không có phản ánh {case_id}.")
    return case


async def take(session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase, step: Step, *, now: datetime) -> None:
    """Take a step with a case that is locked. Raises NotPossibleNow where it does not follow from its state."""
    state = after(CaseState(case.state), step.action)
    if state is None:
        raise NotPossibleNow(f"Trạng thái hiện tại: {case.state}.")
    case.state, case.updated_at = state, now
    await _effects(session, desk, case, step, now)
    await session.flush()
    await record(session, desk, case, step, now=now)
    if step.action is Action.CLOSED:
        await _tell_resolved(session, case, now)
    if step.action in _NEWS:
        await _tell_unit(session, case, step.action, now)


_NEWS = {
    Action.FORWARDED: "Phản ánh {} được chuyển đến đơn vị",
    Action.REOPENED: "Người gửi đề nghị xử lý lại phản ánh {}",
}


async def _tell_unit(session: AsyncSession, case: FeedbackCase, action: Action, now: datetime) -> None:
    """Whoever has the case now, at once."""
    due = case.accept_due_at if case.state in UNACCEPTED else case.due_at
    notice = Notice(
        f"feedback_{action}",
        case.id,
        case.unit_id,
        subject=_NEWS[action].format(case.reference),
        body=f"Hạn: {clock_time(due)}." if due else "Không có hạn riêng.",
        dedupe=f"feedback:{action}:{case.id}:{now.isoformat()}",
    )
    await tell(session, notice, now)


async def record(session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase, step: Step, *, now: datetime) -> None:
    """The row and the audit entry of a step that leaves the case as it is now. Notes are masked, and name no sender."""
    said = await _masked(session, desk, case.id, step)
    event = CaseEvent(
        id=new_id(now),
        case_id=case.id,
        action=step.action,
        state=case.state,
        at=now,
        by=step.by,
        unit_id=step.unit_id,
        **said,
    )
    await queries.add_event(session, event)
    facts: dict[str, Any] = {"state": case.state}
    facts |= {name: str(value) for name, value in (("unit_id", step.unit_id), ("into", step.into)) if value}
    await audit.append(
        session,
        service="ingest",
        action=f"feedback.{step.action}",
        actor_id=step.by,
        object_type="feedback_case",
        object_id=case.id,
        now=now,
        facts=facts,
    )


async def _masked(session: AsyncSession, desk: FeedbackDesk, case_id: UUID, step: Step) -> dict[str, str | None]:
    """What is said of a step, as it may be kept: also where an officer greets the sender by name."""
    said = {"legal_ground": step.legal_ground, "public_note": step.public_note, "internal_note": step.internal_note}
    contact: dict[str, str] = {}
    if any(said.values()):
        with suppress(ContactLost):
            contact = await unsealed(session, desk, case_id)
    return {
        name: without_sender(desk.mask(text.strip()), contact) or None if text else None for name, text in said.items()
    }


async def _effects(session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase, step: Step, now: datetime) -> None:
    limits = desk.clocks.limits
    match step.action:
        case Action.ACCEPTED:
            case.accepted_at = now
        case Action.FORWARDED:
            case.unit_id = step.unit_id
        case Action.ANSWERED:
            case.answered_at = now
            await session.flush()
            await queries.set_asks(session, case.id, now + timedelta(days=limits.ask_solved_days))
            await session.refresh(case)
        case Action.CLOSED | Action.REJECTED:
            case.closed_at = now
            await sender_queries.set_purge(session, case.id, now + timedelta(days=limits.keep_contact_days))
        case Action.MERGED:
            case.merged_into, case.closed_at = step.into, now
        case Action.REOPENED:
            await _begin_again(session, desk, case, now)
        case _:
            pass


async def _begin_again(session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase, now: datetime) -> None:
    """It waits to be accepted once more, with clocks of its own; nobody's contact is purged meanwhile."""
    urgent = case.urgency == Urgency.URGENT
    due = desk.clocks.due_times(now, urgent=urgent, service_code=case.service_code)
    case.reopened, case.accepted_at, case.closed_at = case.reopened + 1, None, None
    case.accept_due_at, case.due_at = due.accept_by, due.handle_by
    await session.flush()
    await queries.set_asks(session, case.id, None)
    await sender_queries.set_purge(session, case.id, None)
    await session.refresh(case)


async def _tell_resolved(session: AsyncSession, case: FeedbackCase, now: datetime) -> None:
    unit = await session.get(OrganizationUnit, case.unit_id) if case.unit_id else None
    answered_at = case.answered_at or now
    accepted_in_time = case.accepted_at is not None and case.accepted_at <= case.accept_due_at
    event = FeedbackResolved(
        case_id=case.id,
        reference=case.reference,
        version=case.reopened + 1,
        kind=case.kind,
        topic=case.topic,
        service_code=case.service_code,
        unit_code=unit.code if unit else None,
        received_at=case.received_at,
        answered_at=answered_at,
        is_in_time=accepted_in_time and (case.due_at is None or answered_at <= case.due_at),
    )
    await emit(session, event, now=now, source="ingest")
