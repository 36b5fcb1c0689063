"""SQL of the report on feedback. Counts leave here whole; what is too few to be shown is held back by the gatherers."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import UnitKind
from services.reports.domain import Period

DAY = timedelta(days=1)
REOPENED = "reopened"
"""A step of a case: its sender was not content with the answer."""


def _during(at: Any, period: Period) -> ColumnElement[bool]:
    return and_(at >= period.start, at < period.end)


def _units() -> tuple[Any, Any]:
    return m.FeedbackCase, m.OrganizationUnit


async def received_by_day(session: AsyncSession, period: Period) -> dict[datetime, int]:
    """Day, counted from the period's start → cases."""
    case = m.FeedbackCase
    day = func.date_bin(DAY, case.received_at, period.start)
    query = select(day, func.count()).where(_during(case.received_at, period)).group_by(day)
    return dict((await session.execute(query)).all())


async def received_by_unit(session: AsyncSession, period: Period) -> dict[str, int]:
    """Unit's name → cases; what nobody has been given yet has none of its names."""
    case, unit = _units()
    name = func.coalesce(unit.name, "Chưa giao đơn vị")
    query = select(name, func.count()).select_from(case).outerjoin(unit, unit.id == case.unit_id)
    rows = await session.execute(query.where(_during(case.received_at, period)).group_by(name).order_by(name))
    return dict(rows.all())


async def answers_by_unit(session: AsyncSession, period: Period) -> Sequence[Row[str, int, int]]:
    """(unit's name, answered in the period with a time to be answered by, of these in time)."""
    case, unit = _units()
    name = func.coalesce(unit.name, "Chưa giao đơn vị")
    query = (
        select(name, func.count(), func.count().filter(case.answered_at <= case.due_at))
        .select_from(case)
        .outerjoin(unit, unit.id == case.unit_id)
        .where(_during(case.answered_at, period), case.due_at.is_not(None))
        .group_by(name)
        .order_by(name)
    )
    return (await session.execute(query)).all()


async def reopened_by_unit(session: AsyncSession, period: Period) -> dict[str, int]:
    case, unit = _units()
    event, name = m.CaseEvent, func.coalesce(unit.name, "Chưa giao đơn vị")
    query = (
        select(name, func.count())
        .select_from(event)
        .join(case, case.id == event.case_id)
        .outerjoin(unit, unit.id == case.unit_id)
        .where(event.action == REOPENED, _during(event.at, period))
        .group_by(name)
    )
    return dict((await session.execute(query)).all())


async def received_by_place(session: AsyncSession, period: Period) -> dict[str, int]:
    """Ward's name → cases."""
    case = m.FeedbackCase
    place = func.coalesce(case.place, "Chưa rõ địa bàn")
    query = select(place, func.count()).where(_during(case.received_at, period)).group_by(place).order_by(place)
    return dict((await session.execute(query)).all())


async def ward_codes(session: AsyncSession, on: date) -> dict[str, str]:
    """Name → code of the wards and communes of that day."""
    unit: Any = m.OrganizationUnit
    query = select(unit.name, unit.code).where(
        unit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE)),
        or_(unit.valid_from.is_(None), unit.valid_from <= on),
        or_(unit.valid_to.is_(None), unit.valid_to >= on),
    )
    return dict((await session.execute(query)).all())
