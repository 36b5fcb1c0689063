"""What is published of our verdicts, as ClaimReview."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Claim, OrganizationUnit
from libs.common.models.enums import ClaimState, UnitKind, Verdict
from libs.common.pagination import Cursor, PageRequest, page_of
from services.classify.claims import queries
from services.classify.claims.review import Reviewed, review_document


async def published_reviews(
    session: AsyncSession, page: PageRequest, *, now: datetime
) -> tuple[dict[str, Any], str | None]:
    """The document of one page, and the cursor of the next. What is not published is never in it, whoever asks."""
    rows = await queries.list_claims(session, ClaimState.PUBLISHED, page, only_published=True)
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    city = await _city(session)
    return review_document([_reviewed(claim, city) for claim in shown["items"]], now), shown["next_cursor"]


async def _city(session: AsyncSession) -> str:
    query = select(OrganizationUnit.name).where(OrganizationUnit.kind == UnitKind.CITY).order_by(OrganizationUnit.id)
    return await session.scalar(query.limit(1)) or ""


def _reviewed(claim: Claim, city: str) -> Reviewed:
    """Published ones have a verdict and evidence; the database says so."""
    assert claim.verdict is not None
    proof = claim.evidence[0]
    return Reviewed(
        text=claim.text,
        verdict=Verdict(claim.verdict),
        url=claim.review_url or str(proof.get("url", "")),
        reviewer=claim.reviewer or city,
        reviewed_at=claim.reviewed_at or claim.updated_at,
        title=str(proof.get("title", "")),
    )
