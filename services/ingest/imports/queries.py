"""SQL of imports."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import OrganizationUnit


async def units_of_today(session: AsyncSession, today: date) -> dict[str, str]:
    """Folded name → code."""
    unit = OrganizationUnit
    query = select(unit.name_folded, unit.code).where(
        or_(unit.valid_from.is_(None), unit.valid_from <= today), or_(unit.valid_to.is_(None), unit.valid_to >= today)
    )
    return {row.name_folded: row.code for row in await session.execute(query)}
