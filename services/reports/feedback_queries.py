"""SQL of the report on feedback. Counts leave here whole; what is too few to be shown is held back by the gatherers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from services.reports.domain import Period

DAY = timedelta(days=1)
REOPENED = "reopened"
"""A step of a case: its sender was not content with the answer."""


def _during(at: Any, period: Period) -> ColumnElement[bool]:
    return and_(at >= period.start, at < period.end)


async def received_by_day(session: AsyncSession, period: Period) -> dict[datetime, int]:
    """Day, counted from the period's start → cases."""
    case = m.FeedbackCase
    day = func.date_bin(DAY, case.received_at, period.start)
    query = select(day, func.count()).where(_during(case.received_at, period)).group_by(day)
    return dict((await session.execute(query)).all())


async def answers(session: AsyncSession, period: Period) -> tuple[int, int]:
    """(answered in the period with a time to be answered by, of these in time)."""
    case = m.FeedbackCase
    query = select(*_due_and_in_time()).where(_during(case.answered_at, period), case.due_at.is_not(None))
    due, in_time = (await session.execute(query)).one()
    return due, in_time


async def answers_of_received(session: AsyncSession, period: Period) -> Sequence[Row[str, int, int]]:
    """(unit's code, received in the period and answered by now with a time to be answered by, of these in time)."""
    case, unit = m.FeedbackCase, m.OrganizationUnit
    code = func.coalesce(unit.code, "")
    query = (
        select(code, *_due_and_in_time())
        .select_from(case)
        .outerjoin(unit, unit.id == case.unit_id)
        .where(_during(case.received_at, period), case.answered_at.is_not(None), case.due_at.is_not(None))
        .group_by(code)
    )
    return (await session.execute(query)).all()


def _due_and_in_time() -> tuple[Any, Any]:
    case = m.FeedbackCase
    return func.count(), func.count().filter(case.answered_at <= case.due_at)


async def reopened_by_unit(session: AsyncSession, period: Period) -> dict[str, int]:
    """Unit's code → how often senders reopened their cases."""
    case, unit = m.FeedbackCase, m.OrganizationUnit
    event, code = m.CaseEvent, func.coalesce(unit.code, "")
    query = (
        select(code, func.count())
        .select_from(event)
        .join(case, case.id == event.case_id)
        .outerjoin(unit, unit.id == case.unit_id)
        .where(event.action == REOPENED, _during(event.at, period))
        .group_by(code)
    )
    return dict((await session.execute(query)).all())
