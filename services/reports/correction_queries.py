"""SQL of the report on a correction: the claim's confirmed sightings and the channels that have to carry the answer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import MatchState
from services.reports.domain import NAMED_STATES

Carrier = Row[m.Channel, m.Delivery | None, m.Task | None]


async def correction(session: AsyncSession, publication_id: UUID) -> Row[m.Correction, m.Publication, str] | None:
    """(correction, its publication, the unit's name); None for drafts of units and for drills."""
    one = m.Publication
    query = (
        select(m.Correction, one, m.OrganizationUnit.name)
        .join(one, one.id == m.Correction.publication_id)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == one.unit_id)
        .where(one.id == publication_id, one.state.in_(NAMED_STATES), one.is_drill.is_(False))
    )
    return (await session.execute(query)).one_or_none()


async def sightings_by_hour(session: AsyncSession, claim_id: UUID, until: datetime) -> Sequence[Row[datetime, int]]:
    """(hour, contents that a person confirmed to repeat the claim) where there were any."""
    match = m.ClaimMatch
    seen_at = func.coalesce(match.seen_at, match.created_at)
    hour = func.date_trunc("hour", seen_at, "UTC")
    query = select(hour, func.count()).where(
        match.claim_id == claim_id, match.state == MatchState.CONFIRMED, seen_at < until
    )
    return (await session.execute(query.group_by(hour).order_by(hour))).all()


async def sightings_after(session: AsyncSession, claim_id: UUID, start: datetime, until: datetime) -> int:
    match = m.ClaimMatch
    seen_at = func.coalesce(match.seen_at, match.created_at)
    query = select(func.count()).where(
        match.claim_id == claim_id, match.state == MatchState.CONFIRMED, seen_at >= start, seen_at < until
    )
    return await session.scalar(query) or 0


async def carriers(session: AsyncSession, publication_id: UUID) -> Sequence[Carrier]:
    """(channel, what was sent there, the task of a person) of every channel that has to carry the correction."""
    target, sent = m.CorrectionTarget, m.Delivery
    query = (
        select(m.Channel, sent, m.Task)
        .select_from(target)
        .join(m.Channel, m.Channel.id == target.channel_id)
        .outerjoin(sent, and_(sent.publication_id == target.publication_id, sent.channel_id == target.channel_id))
        .outerjoin(m.Task, or_(m.Task.id == target.task_id, m.Task.delivery_id == sent.id))
        .where(target.publication_id == publication_id)
        .order_by(m.Channel.name, m.Channel.id, m.Task.id)
    )
    rows: dict[UUID, Carrier] = {}
    for row in await session.execute(query):
        rows[row[0].id] = row
    return list(rows.values())
