"""SQL of the kinds that are about one thing. Contents are found by their ids, which hold the instant they came."""

from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ClaimState, RiskState

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
