"""What officers do with a case. A unit's people have that unit's cases; the city's and its duty desk's have all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.models import CaseEvent, FeedbackCase
from libs.common.models.enums import CaseState, Role, Urgency
from services.ingest.feedback import queries, steps
from services.ingest.feedback.contacts import unsealed
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action, due_after_change
from services.ingest.feedback.opening import today
from services.ingest.feedback.problems import FeedbackNotFound, NotPossibleNow, UnknownUnit
from services.ingest.feedback.steps import Step

READERS = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts, and on whose cases: of these units, or of all (None)."""

    id: UUID
    units: frozenset[UUID] | None

    def reaches(self, case: FeedbackCase) -> bool:
        return self.units is None or case.unit_id in self.units


async def officer_of(session: AsyncSession, desk: FeedbackDesk, who: Principal, *roles: Role) -> Officer:
    """The caller with the units in which they hold one of these roles."""
    units = who.units(*roles)
    everything = await queries.sees_all(session, units, desk.routes.duty_desk)
    return Officer(who.person_id, None if everything else frozenset(units))


async def require_case(session: AsyncSession, officer: Officer, case_id: UUID) -> FeedbackCase:
    """To read. One that another unit has is not found."""
    case = await queries.get_case(session, case_id)
    if case is None or not officer.reaches(case):
        raise FeedbackNotFound(f"Không có phản ánh {case_id}.")
    return case


async def lock_case(session: AsyncSession, officer: Officer, case_id: UUID) -> FeedbackCase:
    """To act on."""
    case = await steps.require_locked(session, case_id)
    if not officer.reaches(case):
        raise FeedbackNotFound(f"Không có phản ánh {case_id}.")
    return case


async def act(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, case_id: UUID, step: Step, *, now: datetime
) -> FeedbackCase:
    """Accept, start, answer, close or reject: steps that need nothing but what is said."""
    case = await lock_case(session, officer, case_id)
    await steps.take(session, desk, case, step, now=now)
    return case


async def forward(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, case_id: UUID, step: Step, *, now: datetime
) -> FeedbackCase:
    """Give it to another unit, or (no unit) back to the city's duty desk."""
    if step.unit_id is not None and await queries.get_unit(session, step.unit_id, today(now)) is None:
        raise UnknownUnit(f"Mã: {step.unit_id}.")
    return await act(session, desk, officer, case_id, step, now=now)


async def change_urgency(
    session: AsyncSession,
    desk: FeedbackDesk,
    officer: Officer,
    case_id: UUID,
    urgency: Urgency,
    reason: str,
    *,
    now: datetime,
) -> FeedbackCase:
    case = await lock_case(session, officer, case_id)
    if case.urgency == urgency:
        return case
    case.due_at = due_after_change(steps.standing(case), urgency, case.service_code, desk.clocks, now)
    case.urgency = urgency
    await steps.take(session, desk, case, Step(Action.URGENCY_CHANGED, by=officer.id, internal_note=reason), now=now)
    return case


async def merge(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, case_id: UUID, into: UUID, *, now: datetime
) -> FeedbackCase:
    """Make it a duplicate of another, whose steps its sender follows from now on. Its own duplicates go along, so that
    a main case is never a duplicate itself."""
    locked = {one: await lock_case(session, officer, one) for one in sorted({case_id, into})}
    case, main = locked[case_id], locked[into]
    if case is main or main.state in (CaseState.MERGED, CaseState.REJECTED):
        raise NotPossibleNow("Hãy gộp vào một phản ánh khác, đang hoặc đã được xử lý.")
    for duplicate in await queries.merged_into(session, case.id):
        duplicate.merged_into, duplicate.ask_solved_at = main.id, main.ask_solved_at
    note = f"Được xử lý chung với phản ánh {main.reference}."
    step = Step(Action.MERGED, by=officer.id, public_note=note, into=main.id)
    await steps.take(session, desk, case, step, now=now)
    case.ask_solved_at = main.ask_solved_at
    return case


async def list_steps(session: AsyncSession, case: FeedbackCase) -> list[CaseEvent]:
    return list(await queries.list_events(session, [case.id]))


async def open_contact(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, case_id: UUID, *, now: datetime
) -> dict[str, str]:
    """Who may be answered: empty where nobody said, or where it was purged. That it was looked at is audited."""
    case = await require_case(session, officer, case_id)
    contact = await unsealed(session, desk, case.id)
    await audit.append(
        session,
        service="ingest",
        action="feedback.contact_read",
        actor_id=officer.id,
        object_type="feedback_case",
        object_id=case.id,
        now=now,
    )
    return contact
