"""The claims a content is nearest to, for the desk that looks one up; nothing is stored."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.classify import queries as label_queries
from services.classify.claims import queries
from services.classify.claims.book import NEAR_FROM, ClaimBook, Suggestion
from services.classify.claims.problems import MatchNotFound
from services.classify.claims.schemas import NearClaim
from services.classify.queries import ToAnnotate

SHOWN = 3


async def nearest_claims(session: AsyncSession, content_id: UUID) -> list[NearClaim]:
    found = await label_queries.contents_to_annotate(session, [content_id])
    if not found:
        raise MatchNotFound(f"Không có nội dung {content_id}.")
    claims = {row.id: row.text for row in await queries.claims_since(session, None)}
    threshold, near = await asyncio.to_thread(_nearest, claims, found[0])
    return [
        NearClaim(
            claim_id=one.claim_id, text=claims[one.claim_id], score=one.score, is_suggested=one.score >= threshold
        )
        for one in near
    ]


def _nearest(claims: Mapping[UUID, str], content: ToAnnotate) -> tuple[float, list[Suggestion[UUID]]]:
    book = ClaimBook(claims)
    return book.threshold, book.suggest(content.title, content.text, least=NEAR_FROM, top=SHOWN)
