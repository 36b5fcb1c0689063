"""What the city has announced of a claim becomes the claim's own verdict; what it cancelled is public no more."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Correction, Publication
from libs.common.models.corrections import CorrectionStep
from libs.common.models.enums import ClaimState
from services.classify.claims import queries
from services.classify.service import trail


async def take_over(session: AsyncSession, publication_id: UUID, now: datetime) -> None:
    """Of messages that are told late, the newest of the chain that is out stands."""
    row = await session.get(Correction, publication_id)
    if row is None or await _is_followed(session, row):
        return
    claim = await queries.get_claim(session, row.claim_id, lock=True)
    if claim is None:
        return
    state = ClaimState.CHECKED if row.step == CorrectionStep.CANCEL else ClaimState.PUBLISHED
    claim.verdict, claim.evidence, claim.state, claim.updated_at = row.verdict, row.evidence, state, now
    facts = {"verdict": row.verdict, "publication_id": str(publication_id)}
    await trail.record(session, f"claim.{state}", row.created_by, ("claim", claim.id), now, facts)


async def take_back(session: AsyncSession, publication_id: UUID, now: datetime) -> None:
    """The city withdrew what it said: the claim is checked, and not public any more."""
    row = await session.get(Correction, publication_id)
    claim = await queries.get_claim(session, row.claim_id, lock=True) if row is not None else None
    if row is None or claim is None or claim.state != ClaimState.PUBLISHED or await _is_followed(session, row):
        return
    claim.state, claim.updated_at = ClaimState.CHECKED, now
    facts = {"publication_id": str(publication_id)}
    await trail.record(session, "claim.checked", row.created_by, ("claim", claim.id), now, facts)


async def _is_followed(session: AsyncSession, row: Correction) -> bool:
    later = (
        select(Correction.publication_id)
        .join(Publication, Publication.id == Correction.publication_id)
        .where(
            Correction.chain_id == row.chain_id,
            func.cardinality(Correction.reference_ids) > len(row.reference_ids),
            Publication.published_at.is_not(None),
        )
    )
    return await session.scalar(later.limit(1)) is not None
