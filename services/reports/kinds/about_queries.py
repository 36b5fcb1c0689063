"""SQL of the kinds that are about one thing. Contents are found by their ids, which hold the instant they came."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ClaimState, MatchState, RiskState
from services.reports.domain import NAMED_STATES

# --- a legal-risk case --------------------------------------------------------------------------------------


async def referred_case(session: AsyncSession, case_id: UUID) -> m.LegalRiskCase | None:
    """One that a person has decided to hand over, and that no label has released since."""
    case = m.LegalRiskCase
    return await session.scalar(select(case).where(case.id == case_id, case.state == RiskState.REFERRED))


async def content_of(session: AsyncSession, content_id: UUID) -> Row[m.Content, m.Source] | None:
    query = select(m.Content, m.Source).join(m.Source, m.Source.id == m.Content.source_id)
    return (await session.execute(query.where(m.Content.id == content_id))).one_or_none()


async def published_claim(session: AsyncSession, claim_id: UUID) -> m.Claim | None:
    claim = m.Claim
    return await session.scalar(select(claim).where(claim.id == claim_id, claim.state == ClaimState.PUBLISHED))


# --- a situation --------------------------------------------------------------------------------------------


async def situation_of(session: AsyncSession, situation_id: UUID) -> Row[m.Situation, str, str] | None:
    """(situation, its unit's name, its playbook's name)."""
    query = (
        select(m.Situation, m.OrganizationUnit.name, m.Playbook.name)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Situation.unit_id)
        .join(m.Playbook, m.Playbook.id == m.Situation.playbook_id)
        .where(m.Situation.id == situation_id)
    )
    return (await session.execute(query)).one_or_none()


async def entries_of(session: AsyncSession, situation_id: UUID) -> Sequence[m.SituationEntry]:
    entry = m.SituationEntry
    query = select(entry).where(entry.situation_id == situation_id).order_by(entry.id)
    return (await session.scalars(query)).all()


async def steps_of(session: AsyncSession, situation_id: UUID) -> Sequence[m.Task]:
    query = select(m.Task).where(m.Task.situation_id == situation_id).order_by(m.Task.due_at, m.Task.id)
    return (await session.scalars(query)).all()


async def pause_of(session: AsyncSession, pause_id: UUID) -> Row[m.Pause, str | None] | None:
    """(pause, the unit's name or None where all are stopped)."""
    query = select(m.Pause, m.OrganizationUnit.name).outerjoin(
        m.OrganizationUnit, m.OrganizationUnit.id == m.Pause.unit_id
    )
    return (await session.execute(query.where(m.Pause.id == pause_id))).one_or_none()


async def resumptions_of(session: AsyncSession, pause_id: UUID) -> Sequence[datetime]:
    given = m.PauseResumption
    query = select(given.given_at).where(given.pause_id == pause_id).order_by(given.given_at)
    return (await session.scalars(query)).all()


async def publications_of(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Row[m.Publication, str]]:
    """(publication, its unit's name), oldest first."""
    query = (
        select(m.Publication, m.OrganizationUnit.name)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Publication.unit_id)
        .where(m.Publication.id.in_(ids))
        .order_by(m.Publication.id)
    )
    return (await session.execute(query)).all()


async def approvals_of(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[m.Approval]:
    query = select(m.Approval).where(m.Approval.publication_id.in_(ids))
    return (await session.scalars(query.order_by(m.Approval.approved_at, m.Approval.id))).all()


# --- a story ------------------------------------------------------------------------------------------------


async def contents_of(session: AsyncSession, story_id: UUID) -> Sequence[UUID]:
    """Ids of the story's contents, which hold the instants they came, oldest first."""
    item = m.StoryItem
    query = select(item.content_id).where(item.story_id == story_id).order_by(item.content_id)
    return (await session.scalars(query)).all()


async def count_sources(session: AsyncSession, story_id: UUID) -> int:
    query = select(func.count(m.StoryItem.source_id.distinct())).where(m.StoryItem.story_id == story_id)
    return await session.scalar(query) or 0


async def claims_of(session: AsyncSession, story_id: UUID) -> Sequence[Row[m.Claim, int]]:
    """(claim, confirmed mentions in the story) of those whose verdict is public."""
    match, item = m.ClaimMatch, m.StoryItem
    query = (
        select(m.Claim, func.count())
        .join(match, match.claim_id == m.Claim.id)
        .join(item, item.content_id == match.content_id)
        .where(
            item.story_id == story_id,
            match.state == MatchState.CONFIRMED,
            m.Claim.state == ClaimState.PUBLISHED,
            m.Claim.verdict.is_not(None),
        )
        .group_by(m.Claim.id)
        .order_by(m.Claim.id)
    )
    return (await session.execute(query)).all()


async def answers_to(session: AsyncSession, story_id: UUID) -> Sequence[Row[m.Publication, str]]:
    """(publication, its unit's name) of what the city said about it; drafts of units are theirs alone."""
    one = m.Publication
    query = (
        select(one, m.OrganizationUnit.name)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == one.unit_id)
        .where(one.story_id == story_id, one.state.in_(NAMED_STATES), one.is_drill.is_(False))
        .order_by(one.id)
    )
    return (await session.execute(query)).all()
