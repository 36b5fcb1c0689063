"""How a case comes to be, whichever door it came by: a row with its unit and its clocks, its first step, its event."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.clock import HANOI
from libs.common.events.content import FeedbackOpened
from libs.common.ids import new_id
from libs.common.models import CaseEvent
from libs.common.models.enums import CaseState, Urgency
from libs.common.models.feedback import ReportChannel
from libs.common.outbox import emit
from services.ingest.feedback import queries
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.notices import Notice, clock_time, tell
from services.ingest.feedback.queries import Unit
from services.ingest.feedback.rules import case_reference, case_subject, is_urgent


@dataclass(frozen=True, slots=True)
class NewCase:
    """A matter whose words are masked already, and what is known of where it belongs."""

    title: str
    body: str
    kind: str
    channel: ReportChannel
    topic: str | None = None
    service_code: str | None = None
    is_urgent: bool = False
    """Whatever its words say."""
    ward: str | None = None
    """Code of the ward or commune it is about."""
    unit: str | None = None
    """Code of the unit it is for, where the door knows."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further columns."""


@dataclass(frozen=True, slots=True)
class OpenedCase:
    id: UUID
    reference: str
    is_new: bool


def today(now: datetime) -> date:
    return now.astimezone(HANOI).date()


def codes_of(case: NewCase, desk: FeedbackDesk) -> list[str]:
    """Of the units that could have it, the best first."""
    told = [case.unit] if case.unit else []
    return [*told, *desk.routes.units(case.service_code, case.topic, case.ward)]


async def open_case(
    session: AsyncSession, desk: FeedbackDesk, case: NewCase, units: dict[str, Unit], *, now: datetime
) -> OpenedCase:
    """`units`: those of today by code, at least those of `codes_of`; where none of them is there, the duty desk of the
    city itself has it (no unit)."""
    codes = codes_of(case, desk)
    unit = next((units[code] for code in codes if code in units), None)
    place = units.get(case.ward or "")
    row = _row(case, await queries.next_reference_number(session), unit, place, desk, now)
    opened = OpenedCase(row["id"], row["reference"], await queries.insert_case_once(session, row))
    if opened.is_new:
        await _record(session, opened, row, now)
    return opened


def _row(
    case: NewCase, number: int, unit: Unit | None, place: Unit | None, desk: FeedbackDesk, now: datetime
) -> dict[str, Any]:
    urgent = case.is_urgent or is_urgent(f"{case.title} {case.body}")
    due = desk.clocks.due_times(now, urgent=urgent, service_code=case.service_code)
    return {
        "id": new_id(now),
        "reference": case_reference(today(now).year, number),
        "channel": case.channel,
        "kind": case.kind,
        "topic": case.topic,
        "service_code": case.service_code,
        "unit_id": unit.id if unit else None,
        "place": place.name if place else None,
        "subject": case_subject(case.title, case.body),
        "body": case.body or case.title,
        "urgency": Urgency.URGENT if urgent else Urgency.NORMAL,
        "state": CaseState.RECEIVED,
        "received_at": now,
        "accept_due_at": due.accept_by,
        "due_at": due.handle_by,
        "updated_at": now,
    } | case.more


async def _record(session: AsyncSession, opened: OpenedCase, row: dict[str, Any], now: datetime) -> None:
    step = CaseEvent(
        id=new_id(now),
        case_id=opened.id,
        action=Action.OPENED,
        state=CaseState.RECEIVED,
        at=now,
        unit_id=row["unit_id"],
    )
    await queries.add_event(session, step)
    await emit(session, FeedbackOpened(case_id=opened.id, reference=opened.reference), now=now, source="ingest")
    if row["channel"] != ReportChannel.CONTENT:  # those come in batches, on the hot path: their step is record enough
        await audit.append(
            session,
            service="ingest",
            action="feedback.opened",
            actor_id=None,
            object_type="feedback_case",
            object_id=opened.id,
            now=now,
            facts={"channel": str(row["channel"])},
        )
    if row["urgency"] == Urgency.URGENT:
        await tell(session, urgent_notice(opened, row["unit_id"], row["due_at"]), now)


def urgent_notice(opened: OpenedCase, unit_id: UUID | None, due_at: datetime) -> Notice:
    """For the unit's officers at once: four hours are short."""
    return Notice(
        "feedback_urgent",
        opened.id,
        unit_id,
        subject=f"KHẨN: phản ánh {opened.reference}",
        body=f"Cần xử lý trước {clock_time(due_at)}.",
        dedupe=f"feedback:urgent:{opened.id}",
    )
