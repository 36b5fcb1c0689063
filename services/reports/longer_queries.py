"""SQL of what a longer report draws: counts by day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.trends import Dimension
from services.reports.domain import Period

DAY = timedelta(days=1)


async def watched_since(session: AsyncSession) -> datetime | None:
    """When the first source of all was taken up; before it nobody knows what was said."""
    return await session.scalar(select(func.min(m.Source.created_at)))


async def items_by_day(session: AsyncSession, days: Sequence[Period]) -> list[int]:
    """New items of each day. The key alone is read: hours that intake counts are kept too short a time for a year, and
    a sum of them could differ from the total beside it."""
    content = m.Content
    counts = []
    for day in days:
        query = select(func.count()).where(content.id >= floor_id(day.start), content.id < floor_id(day.end))
        counts.append(await session.scalar(query) or 0)
    return counts


async def fields_by_day(session: AsyncSession, period: Period) -> Sequence[Row[str, datetime, int]]:
    """(field, first instant of a day that counts from the period's start, contents) where there were any."""
    point, series = m.SeriesPoint, m.Series
    day = func.date_bin(DAY, point.bucket_at, period.start)
    query = (
        select(series.key, day, func.sum(point.count))
        .join(series, series.id == point.series_id)
        .where(series.dimension == Dimension.FIELD, point.bucket_at >= period.start, point.bucket_at < period.end)
        .group_by(series.key, day)
        .order_by(series.key, day)
    )
    return (await session.execute(query)).all()


async def fields_since(session: AsyncSession) -> datetime | None:
    """The oldest count by field that is still kept."""
    point, series = m.SeriesPoint, m.Series
    ours = select(series.id).where(series.dimension == Dimension.FIELD)
    return await session.scalar(select(func.min(point.bucket_at)).where(point.series_id.in_(ours)))
