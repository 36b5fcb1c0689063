"""Every SQL statement about consultations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.pagination import PageRequest


async def lock_consultation(session: AsyncSession, consultation_id: UUID) -> m.Consultation | None:
    query = select(m.Consultation).where(m.Consultation.id == consultation_id).with_for_update()
    return (await session.scalars(query)).first()


async def find_public(session: AsyncSession, slug: str) -> m.Consultation | None:
    query = select(m.Consultation).where(m.Consultation.slug == slug, m.Consultation.opened_at.is_not(None))
    return (await session.scalars(query)).first()


async def list_public(session: AsyncSession, limit: int = 50) -> Sequence[m.Consultation]:
    query = select(m.Consultation).where(m.Consultation.opened_at.is_not(None))
    return (await session.scalars(query.order_by(m.Consultation.closes_at.desc()).limit(limit))).all()


async def list_of_units(session: AsyncSession, units: Collection[UUID], page: PageRequest) -> Sequence[m.Consultation]:
    query = select(m.Consultation).where(m.Consultation.unit_id.in_(units)).order_by(m.Consultation.id.desc())
    if page.after is not None:
        query = query.where(m.Consultation.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def options_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[m.ConsultationOption]]:
    query = select(m.ConsultationOption).where(m.ConsultationOption.consultation_id.in_(ids))
    found: dict[UUID, list[m.ConsultationOption]] = {one: [] for one in ids}
    for option in await session.scalars(query.order_by(m.ConsultationOption.position)):
        found[option.consultation_id].append(option)
    return found


async def spend(session: AsyncSession, digest: bytes, consultation_id: UUID) -> bool:
    """Whether it is the first time; two that come at once wait for each other."""
    query = insert(m.ConsultationToken).values(digest=digest, consultation_id=consultation_id)
    return await session.scalar(query.on_conflict_do_nothing().returning(m.ConsultationToken.digest)) is not None


async def count_answer(session: AsyncSession, consultation_id: UUID, position: int) -> bool:
    option = m.ConsultationOption
    query = update(option).where(option.consultation_id == consultation_id, option.position == position)
    return await session.scalar(query.values(answers=option.answers + 1).returning(option.position)) is not None


async def forget_tokens(session: AsyncSession, closed_before: datetime) -> None:
    over = select(m.Consultation.id).where(m.Consultation.closes_at < closed_before)
    await session.execute(delete(m.ConsultationToken).where(m.ConsultationToken.consultation_id.in_(over)))
