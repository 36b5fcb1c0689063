"""The SQL of pauses: which last, whose word was given, what they hold back and in which order it will go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.pagination import PageRequest

HELD_LIMIT = 500


@dataclass(frozen=True)
class HeldRow:
    publication_id: UUID
    unit_id: UUID
    title: str
    is_urgent: bool
    scheduled_at: datetime | None
    approved_at: datetime
    channels: int


async def list_pauses(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], is_open: bool | None
) -> Sequence[m.Pause]:
    """Newest first: of these units, and of all."""
    seen = or_(m.Pause.unit_id.is_(None), m.Pause.unit_id.in_(list(units)))
    query = select(m.Pause).where(seen).order_by(m.Pause.id.desc())
    if is_open is not None:
        query = query.where(m.Pause.resumed_at.is_(None) if is_open else m.Pause.resumed_at.is_not(None))
    if page.after is not None:
        query = query.where(m.Pause.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def lock_pause(session: AsyncSession, pause_id: UUID) -> m.Pause | None:
    query = select(m.Pause).where(m.Pause.id == pause_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def words_of(session: AsyncSession, pauses: Iterable[UUID]) -> Sequence[m.PauseResumption]:
    """Who has agreed that a pause may end, in order."""
    query = select(m.PauseResumption).where(m.PauseResumption.pause_id.in_(list(pauses)))
    return (await session.scalars(query.order_by(m.PauseResumption.given_at, m.PauseResumption.person_id))).all()


async def speaks(session: AsyncSession, person_id: UUID, unit_id: UUID | None, now: datetime) -> bool:
    """A current spokesperson of the unit; without a unit, of the city. The database's own judgement."""
    return bool(await session.scalar(select(func.speaks(person_id, unit_id, now))))


HELD = text(
    """
    SELECT p.id, p.unit_id, p.title, p.is_urgent, p.scheduled_at,
           (SELECT max(a.approved_at) FROM approvals a WHERE a.publication_id = p.id AND a.revision = p.revision),
           count(d.id)
    FROM publications p JOIN deliveries d ON d.publication_id = p.id AND d.revision = p.revision
    WHERE d.state IN ('pending', 'prepared', 'throttled')
      AND p.state IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
      AND (CAST(:unit AS uuid) IS NULL OR p.unit_id = :unit) AND is_paused(p)
    GROUP BY p.id
    ORDER BY NOT p.is_urgent, coalesce(p.scheduled_at, '-infinity'), (array_agg(d.id ORDER BY d.id))[1]
    LIMIT :limit
    """
)
"""In the order in which sending will take them (see delivery_queries.CLAIM_DUE)."""


async def list_held(session: AsyncSession, pause: m.Pause) -> list[HeldRow]:
    rows = await session.execute(HELD, {"unit": pause.unit_id, "limit": HELD_LIMIT})
    return [HeldRow(*row) for row in rows]


KEEP_ORDER = text(
    """
    UPDATE deliveries SET updated_at = :now WHERE id IN (
        SELECT d.id FROM deliveries d JOIN publications p ON p.id = d.publication_id
        WHERE d.state IN ('pending', 'throttled')
          AND p.state IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
          AND (CAST(:unit AS uuid) IS NULL OR p.unit_id = :unit)
          AND coalesce(p.scheduled_at, '-infinity') <= :now
        ORDER BY d.id FOR UPDATE OF d)
    """
)


async def keep_order(session: AsyncSession, pause: m.Pause, now: datetime) -> None:
    """What was held begins anew to hold up what comes after it on its channel (see domain.ORDER_KEPT)."""
    await session.execute(KEEP_ORDER, {"unit": pause.unit_id, "now": now})
