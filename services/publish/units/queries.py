"""What was handed to which unit, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common import models as m
from libs.common.pagination import PageRequest

Draft, Source = aliased(m.Publication), aliased(m.Publication)


@dataclass(frozen=True)
class Offered:
    """A row with what both sides know of it: the unit's draft only by its state."""

    syndication: m.Syndication
    source: m.Publication
    draft: m.Publication
    unit_name: str


def _offered() -> Select[m.Syndication, m.Publication, m.Publication, str]:
    return (
        select(m.Syndication, Source, Draft, m.OrganizationUnit.name)
        .join(Source, Source.id == m.Syndication.publication_id)
        .join(Draft, Draft.id == m.Syndication.draft_id)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Syndication.unit_id)
    )


def _read(rows: Iterable[Row[m.Syndication, m.Publication, m.Publication, str]]) -> list[Offered]:
    return [Offered(told, source, draft, name) for told, source, draft, name in rows]


async def list_for_units(session: AsyncSession, page: PageRequest, units: Iterable[UUID]) -> list[Offered]:
    """Newest first."""
    query = _offered().where(m.Syndication.unit_id.in_(list(units))).order_by(m.Syndication.id.desc())
    if page.after is not None:
        query = query.where(m.Syndication.id < page.after.id)
    return _read(await session.execute(query.limit(page.limit + 1)))


async def list_of_publication(session: AsyncSession, page: PageRequest, publication_id: UUID) -> list[Offered]:
    query = _offered().where(m.Syndication.publication_id == publication_id).order_by(m.Syndication.id.desc())
    if page.after is not None:
        query = query.where(m.Syndication.id < page.after.id)
    return _read(await session.execute(query.limit(page.limit + 1)))


async def get_offered(session: AsyncSession, syndication_id: UUID) -> Offered | None:
    found = _read(await session.execute(_offered().where(m.Syndication.id == syndication_id)))
    return found[0] if found else None


async def lock_syndication(session: AsyncSession, syndication_id: UUID) -> m.Syndication | None:
    query = select(m.Syndication).where(m.Syndication.id == syndication_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def offered_to(session: AsyncSession, publication_id: UUID) -> set[UUID]:
    query = select(m.Syndication.unit_id).where(m.Syndication.publication_id == publication_id)
    return set(await session.scalars(query))


async def units_on(session: AsyncSession, ids: Sequence[UUID], on: date) -> dict[UUID, m.OrganizationUnit]:
    """Those of these units that exist on this day."""
    unit = m.OrganizationUnit
    lasts = or_(unit.valid_to.is_(None), unit.valid_to >= on)
    query = select(unit).where(unit.id.in_(ids), unit.valid_from <= on, lasts)
    return {row.id: row for row in await session.scalars(query)}
