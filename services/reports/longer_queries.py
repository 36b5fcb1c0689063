"""SQL that reports over a longer period share."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m


async def watched_since(session: AsyncSession) -> datetime | None:
    """When the first source of all was taken up; before it nobody knows what was said."""
    return await session.scalar(select(func.min(m.Source.created_at)))
