"""SQL of the report on who carried what the city said, beside that of the pickup index."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.enums import SourceGroup
from services.reports.domain import Period


async def count_ours(session: AsyncSession, period: Period) -> int:
    content, source = m.Content, m.Source
    query = (
        select(func.count())
        .select_from(content)
        .join(source, source.id == content.source_id)
        .where(
            source.group == SourceGroup.OFFICIAL,
            content.id >= floor_id(period.start),
            content.id < floor_id(period.end),
        )
    )
    return await session.scalar(query) or 0
