"""SQL of the register of programmes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.pagination import PageRequest


def _programmes() -> Select[m.Programme, m.OrganizationUnit]:
    owner = m.OrganizationUnit
    return select(m.Programme, owner).outerjoin(owner, owner.id == m.Programme.owner_unit_id)


async def list_programmes(session: AsyncSession, page: PageRequest) -> Sequence[Row[m.Programme, m.OrganizationUnit]]:
    """(programme, owner), by number."""
    query = _programmes().order_by(m.Programme.number, m.Programme.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.Programme.number > str(page.after.key))
    return (await session.execute(query)).all()


async def get_programme(session: AsyncSession, programme_id: UUID) -> Row[m.Programme, m.OrganizationUnit] | None:
    return (await session.execute(_programmes().where(m.Programme.id == programme_id))).one_or_none()


async def assignments(session: AsyncSession, programme_id: UUID) -> Sequence[m.Assignment]:
    query = select(m.Assignment).where(m.Assignment.programme_id == programme_id).order_by(m.Assignment.sort)
    return (await session.scalars(query)).all()


async def is_programme_known(session: AsyncSession, number: str) -> bool:
    return await session.scalar(select(m.Programme.id).where(m.Programme.number == number)) is not None
