"""What is published of our verdicts, as ClaimReview."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Claim, OrganizationUnit
from libs.common.models.enums import ClaimState, UnitKind, Verdict
from libs.common.pagination import Cursor, PageRequest, page_of
from services.classify.claims import queries
from services.classify.claims.queries import OurPage
from services.classify.claims.review import Reviewed, review_document


async def published_reviews(
    session: AsyncSession, page: PageRequest, *, origin: str, now: datetime
) -> tuple[dict[str, Any], str | None]:
    """The document of one page, and the cursor of the next. What is not published is never in it, whoever asks.
    `origin`: of the bulletin's pages."""
    rows = await queries.list_claims(session, ClaimState.PUBLISHED, page, only_published=True)
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    city, claims = await _city(session), shown["items"]
    pages = await queries.our_pages(session, [claim.id for claim in claims])
    reviews = [_reviewed(claim, city, pages.get(claim.id), origin.rstrip("/")) for claim in claims]
    return review_document(reviews, now), shown["next_cursor"]


async def _city(session: AsyncSession) -> str:
    query = select(OrganizationUnit.name).where(OrganizationUnit.kind == UnitKind.CITY).order_by(OrganizationUnit.id)
    return await session.scalar(query.limit(1)) or ""


def _reviewed(claim: Claim, city: str, page: OurPage | None, origin: str) -> Reviewed:
    """Published ones have a verdict and evidence; the database says so. What the city announced is read on its page;
    what it took over from others, at theirs."""
    assert claim.verdict is not None
    evidence = tuple((str(one.get("title", "")), str(one.get("url", ""))) for one in claim.evidence)
    if page is not None:
        whole = (f"{origin}/tin/{page.slug}", city, page.at, page.title, evidence)
        return Reviewed(claim.text, Verdict(claim.verdict), *whole)
    proof = claim.evidence[0]
    return Reviewed(
        text=claim.text,
        verdict=Verdict(claim.verdict),
        url=claim.review_url or str(proof.get("url", "")),
        reviewer=claim.reviewer or city,
        reviewed_at=claim.reviewed_at or claim.updated_at,
        title=str(proof.get("title", "")),
        evidence=evidence,
    )
