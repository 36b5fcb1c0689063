"""How fast the first answer was: minutes from the opening to each step, of a drill as of the real thing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import TaskState
from services.publish.crisis import queries

SOURCE = "situations, notifications, approvals, deliveries, tasks"


@dataclass(frozen=True)
class Report:
    """A step that has not happened has no minutes; it is null, never 0."""

    situation_id: UUID
    title: str
    is_drill: bool
    as_of: datetime
    source: str
    opened_at: datetime
    submitted_minutes: float | None
    first_approval_minutes: float | None
    released_minutes: float | None
    first_delivered_minutes: float | None
    all_delivered_minutes: float | None
    channels: int
    channels_delivered: int
    steps: int
    steps_in_time: int
    steps_late: int
    steps_open: int


async def report_of(session: AsyncSession, situation: m.Situation, now: datetime) -> Report:
    statement = situation.publication_id
    said = await queries.publications_by_id(session, [statement])
    asked = await queries.submissions(session, said[statement])
    words = [word.approved_at for word in await queries.approvals_given(session, [statement])]
    sent = await queries.sent(session, [statement])
    out = sorted(each.confirmed_at for each in sent if each.confirmed_at is not None)
    steps = await queries.steps_of(session, situation.id)
    in_time = [s for s in steps if s.done_at is not None and s.due_at is not None and s.done_at <= s.due_at]
    is_open = [s for s in steps if s.state == TaskState.OPEN]

    def minutes(at: datetime | None) -> float | None:
        return None if at is None else round((at - situation.opened_at).total_seconds() / 60, 1)

    return Report(
        situation_id=situation.id,
        title=situation.title,
        is_drill=situation.is_drill,
        as_of=now,
        source=SOURCE,
        opened_at=situation.opened_at,
        submitted_minutes=minutes(asked[0] if asked else None),
        first_approval_minutes=minutes(words[0] if words else None),
        released_minutes=minutes(words[-1] if words and sent else None),
        first_delivered_minutes=minutes(out[0] if out else None),
        all_delivered_minutes=minutes(out[-1] if out and len(out) == len(sent) else None),
        channels=len(sent),
        channels_delivered=len(out),
        steps=len(steps),
        steps_in_time=len(in_time),
        steps_late=len(steps) - len(in_time) - len(is_open),
        steps_open=len(is_open),
    )
