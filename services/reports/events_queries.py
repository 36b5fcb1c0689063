"""SQL of the section on activities of the city's leadership."""

from collections.abc import Sequence

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.activities import Row, due_at, rows
from services.reports.domain import Period


async def activities(session: AsyncSession, period: Period) -> Sequence[tuple[Row, str]]:
    """(activity, its unit's name) in time order: what took place in the period, or ought to have been told of in it."""
    event, unit = m.AgendaEvent, m.OrganizationUnit
    took_place = and_(event.starts_at < period.end, event.ends_at >= period.start)
    was_due = and_(due_at() >= period.start, due_at() < period.end)
    query = (
        rows()
        .add_columns(unit.name)
        .join(unit, unit.id == event.unit_id)
        .where(or_(took_place, was_due))
        .order_by(event.starts_at, event.id)
    )
    return [(Row(*row[:3]), row[3]) for row in await session.execute(query)]
