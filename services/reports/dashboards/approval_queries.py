"""SQL of what waits for a second person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import Role

# Since when: as the desk wrote it down when it asked, whoever touched the publication since.
_PUBLICATIONS = text(
    """
    SELECT p.id, p.kind, p.title, p.unit_id, u.name AS unit, p.is_urgent, p.is_drill, p.scheduled_at,
           coalesce(
               (SELECT n.created_at FROM notifications AS n
                WHERE n.dedupe = 'approval:' || p.id || ':' || p.revision || ':0:spokesperson:' || p.unit_id),
               p.updated_at) AS since,
           has_touched(p, CAST(:person AS uuid)) AS has_touched,
           EXISTS (SELECT FROM syndications AS s WHERE s.draft_id = p.id) AS is_syndicated,
           coalesce(given.people, 0) AS given, coalesce(given.has_mine, false) AS has_mine
    FROM publications AS p JOIN organization_units AS u ON u.id = p.unit_id
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT a.approver_id) AS people, bool_or(a.approver_id = CAST(:person AS uuid)) AS has_mine
        FROM approvals AS a
        WHERE a.publication_id = p.id AND a.revision = p.revision AND a.content_hash = p.content_hash
    ) AS given ON true
    WHERE p.state = 'in_review' AND (p.unit_id = ANY(:units) OR (p.is_urgent AND :is_on_duty))
    ORDER BY p.is_drill, p.is_urgent DESC, since, p.id
    """
)


async def waiting_publications(
    session: AsyncSession, person: UUID, units: Collection[UUID], *, is_on_duty: bool
) -> Sequence[Row[Any]]:
    """All that is in review in these units, and what is urgent in any where the person is on duty: what is real first,
    then what is urgent, then what waits longest."""
    names = {"person": person, "units": list(units), "is_on_duty": is_on_duty}
    return (await session.execute(_PUBLICATIONS, names)).all()


async def is_on_duty(session: AsyncSession, person: UUID, units: Collection[UUID], now: datetime) -> bool:
    """As a spokesperson of one of these units, at this instant."""
    shift = m.DutyRoster
    query = select(shift.id).where(
        shift.person_id == person,
        shift.role == Role.SPOKESPERSON,
        shift.unit_id.in_(units),
        shift.starts_at <= now,
        shift.ends_at > now,
    )
    return await session.scalar(query.limit(1)) is not None


async def label_proposals(session: AsyncSession) -> Sequence[m.LabelProposal]:
    """Oldest first."""
    one = m.LabelProposal
    return (await session.scalars(select(one).where(one.decided_at.is_(None)).order_by(one.id))).all()


async def case_relabellings(
    session: AsyncSession, units: Collection[UUID] | None
) -> Sequence[Row[m.CaseRelabelling, m.FeedbackCase, str | None]]:
    """(proposal, its case, the name of the case's unit), oldest first; of all units where None."""
    one, case, unit = m.CaseRelabelling, m.FeedbackCase, m.OrganizationUnit
    query = (
        select(one, case, unit.name)
        .join(case, case.id == one.case_id)
        .outerjoin(unit, unit.id == case.unit_id)
        .where(one.decided_at.is_(None))
        .order_by(one.id)
    )
    if units is not None:
        query = query.where(case.unit_id.in_(units))
    return (await session.execute(query)).all()
