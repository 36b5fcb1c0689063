"""SQL of claims and of the contents that may repeat them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Claim,
    ClaimMatch,
    Content,
    SearchDocument,
)
from libs.common.models.enums import ClaimState, MatchState
from libs.common.pagination import PageRequest
from services.classify.queries import TITLE_CHARS, ToAnnotate, newest_first

# --- claims -------------------------------------------------------------------------------------------------


async def get_claim(session: AsyncSession, claim_id: UUID, *, lock: bool = False) -> Claim | None:
    return await session.get(Claim, claim_id, with_for_update=lock or None)


async def insert_claim(session: AsyncSession, row: Mapping[str, Any]) -> Claim:
    claim = Claim(**row)
    session.add(claim)
    await session.flush()
    return claim


async def list_claims(
    session: AsyncSession, state: ClaimState | None, page: PageRequest, *, only_published: bool
) -> Sequence[Claim]:
    query = select(Claim)
    if state is not None:
        query = query.where(Claim.state == state)
    if only_published:
        query = query.where(Claim.state == ClaimState.PUBLISHED)
    return (await session.scalars(newest_first(query, Claim.id, page))).all()


async def claim_texts(session: AsyncSession, limit: int = 2000) -> dict[UUID, str]:
    """The newest claims that are not closed: what new contents are held against."""
    query = select(Claim.id, Claim.text).where(Claim.state != ClaimState.CLOSED).order_by(Claim.id.desc())
    return dict((await session.execute(query.limit(limit))).all())


async def contents_with_pairs(
    session: AsyncSession, pairs: Sequence[tuple[str, str]], floor: UUID, limit: int = 300
) -> list[ToAnnotate]:
    """Newest contents that hold one of these pairs of words side by side."""
    asked = " | ".join(f"({first} <-> {second})" for first, second in pairs)
    query = (
        select(Content.id, Content.source_id, Content.kind, Content.title, Content.text, Content.revision)
        .join(SearchDocument, SearchDocument.content_id == Content.id)
        .where(SearchDocument.tsv.op("@@")(func.to_tsquery(text("'vi_simple'"), asked)), Content.id >= floor)
        .order_by(Content.id.desc())
        .limit(limit)
    )
    return [ToAnnotate(*row) for row in await session.execute(query)]


_SUGGEST_MATCHES = text(
    """
    INSERT INTO claim_matches AS old (claim_id, content_id, score, state, decided_by, created_at)
    SELECT claim_id, content_id, score, 'suggested', NULL, CAST(:now AS timestamptz)
    FROM unnest(CAST(:claim_ids AS uuid[]), CAST(:content_ids AS uuid[]), CAST(:scores AS float8[]))
         AS new (claim_id, content_id, score)
    ORDER BY claim_id, content_id
    ON CONFLICT (claim_id, content_id) DO UPDATE SET score = excluded.score WHERE old.state = 'suggested'
    """
)


async def suggest_matches(session: AsyncSession, rows: Sequence[tuple[UUID, UUID, float]], now: datetime) -> None:
    """(claim, content, score); what a person decided stays as it is."""
    claim_ids, content_ids, scores = (list(column) for column in zip(*rows, strict=True))
    values = {"claim_ids": claim_ids, "content_ids": content_ids, "scores": scores, "now": now}
    await session.execute(_SUGGEST_MATCHES, values)


async def lock_match(session: AsyncSession, claim_id: UUID, content_id: UUID) -> ClaimMatch | None:
    return await session.get(ClaimMatch, (claim_id, content_id), with_for_update=True)


class MatchFilter(NamedTuple):
    claim_id: UUID | None = None
    content_id: UUID | None = None
    state: MatchState | None = None


async def list_matches(session: AsyncSession, wanted: MatchFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """Newest content first, best claim first; the cursor's key is the claim."""
    query = (
        select(
            ClaimMatch.claim_id,
            ClaimMatch.content_id,
            ClaimMatch.score,
            ClaimMatch.state,
            Claim.verdict,
            Claim.state.label("claim_state"),
            Claim.text.label("claim_text"),
            func.left(Content.title, TITLE_CHARS).label("title"),
            Content.url,
        )
        .join(Claim, Claim.id == ClaimMatch.claim_id)
        .join(Content, Content.id == ClaimMatch.content_id, isouter=True)
        .order_by(ClaimMatch.content_id.desc(), ClaimMatch.claim_id.desc())
        .limit(page.limit + 1)
    )
    for column, value in zip((ClaimMatch.claim_id, ClaimMatch.content_id, ClaimMatch.state), wanted, strict=True):
        if value is not None:
            query = query.where(column == value)
    if page.after:
        seen = (page.after.id, UUID(str(page.after.key)))
        query = query.where(tuple_(ClaimMatch.content_id, ClaimMatch.claim_id) < seen)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows
