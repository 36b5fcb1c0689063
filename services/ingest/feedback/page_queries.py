"""SQL of the public pages of feedback."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import OrganizationUnit
from libs.common.models.enums import UnitKind


async def list_wards(session: AsyncSession, on: date) -> dict[str, str]:
    """The wards and communes of that day, by code, in the order of their names without marks."""
    unit: Any = OrganizationUnit
    query = (
        select(unit.code, unit.name)
        .where(
            unit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE)),
            or_(unit.valid_from.is_(None), unit.valid_from <= on),
            or_(unit.valid_to.is_(None), unit.valid_to >= on),
        )
        .order_by(unit.name_folded, unit.code)
    )
    return {str(code): str(name) for code, name in await session.execute(query)}
