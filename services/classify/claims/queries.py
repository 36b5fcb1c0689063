"""SQL of claims and of the contents that may repeat them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common.ids import new_id
from libs.common.models import (
    Channel,
    Claim,
    ClaimMatch,
    Content,
    Correction,
    Delivery,
    LegalRiskCase,
    NearCopy,
    Publication,
    SearchDocument,
)
from libs.common.models.corrections import CorrectionStep
from libs.common.models.enums import (
    ClaimState,
    DeliveryState,
    MatchState,
    PublicationState,
    RiskClass,
    RiskState,
)
from libs.common.pagination import PageRequest
from services.classify.queries import TITLE_CHARS, ToAnnotate, newest_first
from services.classify.searching.plans import as_tsquery

MOST_CLAIMS = 20_000
"""So many claims are held against what comes in, the newest first."""

# --- claims -------------------------------------------------------------------------------------------------


async def get_claim(session: AsyncSession, claim_id: UUID, *, lock: bool = False) -> Claim | None:
    return await session.get(Claim, claim_id, with_for_update=lock or None)


async def insert_claim(session: AsyncSession, row: Mapping[str, Any]) -> Claim:
    claim = Claim(**row)
    session.add(claim)
    await session.flush()
    return claim


async def insert_imported(session: AsyncSession, row: Mapping[str, Any]) -> UUID | None:
    """None where a claim of this import key is there already."""
    query = upsert(Claim).values(row).on_conflict_do_nothing(index_elements=["import_key"]).returning(Claim.id)
    return await session.scalar(query)


async def lock_imported(session: AsyncSession, key: bytes) -> Claim | None:
    return await session.scalar(select(Claim).where(Claim.import_key == key).with_for_update())


async def keys_there(session: AsyncSession, keys: Sequence[bytes]) -> set[bytes]:
    found = await session.scalars(select(Claim.import_key).where(Claim.import_key.in_(keys)))
    return {key for key in found if key is not None}


async def list_claims(
    session: AsyncSession, state: ClaimState | None, page: PageRequest, *, only_published: bool
) -> Sequence[Claim]:
    query = select(Claim)
    if state is not None:
        query = query.where(Claim.state == state)
    if only_published:
        query = query.where(Claim.state == ClaimState.PUBLISHED)
    return (await session.scalars(newest_first(query, Claim.id, page))).all()


class OurPage(NamedTuple):
    """The page of the bulletin that says what the city found of a claim."""

    slug: str
    title: str
    at: datetime


async def our_pages(session: AsyncSession, claim_ids: Sequence[UUID]) -> dict[UUID, OurPage]:
    """Of each claim the newest message that stands on the bulletin; none where the verdict was taken back."""
    standing = (PublicationState.PUBLISHED, PublicationState.PARTLY_PUBLISHED)
    query = (
        select(Correction.claim_id, Publication.slug, Publication.title, Delivery.committed_at)
        .join(Publication, Publication.id == Correction.publication_id)
        .join(Delivery, Delivery.publication_id == Publication.id)
        .join(Channel, Channel.id == Delivery.channel_id)
        .where(
            Correction.claim_id.in_(claim_ids),
            Correction.step != CorrectionStep.CANCEL,
            Publication.state.in_(standing),
            Channel.kind == "own_site",
            Delivery.state == DeliveryState.PUBLISHED,
            Delivery.committed_at.is_not(None),
        )
        .order_by(Delivery.committed_at)
    )
    rows = await session.execute(query)
    return {claim_id: OurPage(slug, title, at) for claim_id, slug, title, at in rows if at is not None}


async def claims_since(session: AsyncSession, since: datetime | None) -> Sequence[Row[UUID, str, str, datetime]]:
    """(id, text, state, updated_at) of what changed since then; of all that are not closed where that is None."""
    query = select(Claim.id, Claim.text, Claim.state, Claim.updated_at)
    if since is None:
        query = query.where(Claim.state != ClaimState.CLOSED).order_by(Claim.id.desc())
    else:
        query = query.where(Claim.updated_at >= since).order_by(Claim.updated_at.desc(), Claim.id.desc())
    return (await session.execute(query.limit(MOST_CLAIMS))).all()


# --- contents -----------------------------------------------------------------------------------------------


async def contents_with_pairs(session: AsyncSession, asked: str, floor: UUID, limit: int = 300) -> list[ToAnnotate]:
    """Newest contents that hold one of the pairs of words that are asked for, side by side."""
    query = (
        select(Content.id, Content.source_id, Content.kind, Content.title, Content.text, Content.revision)
        .join(SearchDocument, SearchDocument.content_id == Content.id)
        .where(SearchDocument.tsv.op("@@")(as_tsquery(asked)), Content.id >= floor, SearchDocument.content_id >= floor)
        .order_by(Content.id.desc())
        .limit(limit)
    )
    return [ToAnnotate(*row) for row in await session.execute(query)]


async def decided_copies(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Row[UUID, UUID, UUID, str]]:
    """(content, claim, content that was decided, state) for contents that are nearly the text of a decided one."""
    ours, theirs = aliased(NearCopy), aliased(NearCopy)
    original = (
        select(ours.content_id, ClaimMatch.claim_id, ClaimMatch.content_id.label("decided_id"), ClaimMatch.state)
        .join(ClaimMatch, ClaimMatch.content_id == ours.copy_of)
        .where(ours.content_id.in_(ids), ClaimMatch.state != MatchState.SUGGESTED)
    )
    sibling = (
        select(ours.content_id, ClaimMatch.claim_id, ClaimMatch.content_id.label("decided_id"), ClaimMatch.state)
        .join(theirs, theirs.copy_of == ours.copy_of)
        .join(ClaimMatch, ClaimMatch.content_id == theirs.content_id)
        .where(ours.content_id.in_(ids), ClaimMatch.state != MatchState.SUGGESTED)
    )
    return (await session.execute(original.union(sibling))).all()


# --- matches ------------------------------------------------------------------------------------------------


class NewMatch(NamedTuple):
    claim_id: UUID
    content_id: UUID
    score: float
    copy_of: UUID | None = None


_SUGGEST_MATCHES = text(
    """
    INSERT INTO claim_matches AS old (claim_id, content_id, score, state, decided_by, created_at, source_id, title,
                                      url, seen_at, copy_of)
    SELECT new.claim_id, new.content_id, new.score, 'suggested', NULL, CAST(:now AS timestamptz), c.source_id,
           left(c.title, 300), c.url, coalesce(c.first_seen_at, CAST(:now AS timestamptz)), new.copy_of
    FROM unnest(CAST(:claim_ids AS uuid[]), CAST(:content_ids AS uuid[]), CAST(:scores AS float8[]),
                CAST(:copies AS uuid[])) AS new (claim_id, content_id, score, copy_of)
    LEFT JOIN contents c ON c.id = new.content_id
    ORDER BY new.claim_id, new.content_id
    ON CONFLICT (claim_id, content_id) DO UPDATE
        SET score = excluded.score, copy_of = coalesce(excluded.copy_of, old.copy_of)
        WHERE old.state = 'suggested'
    RETURNING claim_id, content_id, (xmax = 0) AS is_new
    """
)


async def suggest_matches(session: AsyncSession, rows: Sequence[NewMatch], now: datetime) -> list[tuple[UUID, UUID]]:
    """(claim, content) of those that are new; what a person decided stays as it is."""
    claim_ids, content_ids, scores, copies = (list(column) for column in zip(*rows, strict=True))
    values = {"claim_ids": claim_ids, "content_ids": content_ids, "scores": scores, "copies": copies, "now": now}
    found = await session.execute(_SUGGEST_MATCHES, values)
    return [(claim_id, content_id) for claim_id, content_id, is_new in found if is_new]


async def lock_match(session: AsyncSession, claim_id: UUID, content_id: UUID) -> ClaimMatch | None:
    return await session.get(ClaimMatch, (claim_id, content_id), with_for_update=True)


async def count_matches(session: AsyncSession, claim_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Of each claim, how many contents are thought to repeat it: suggested or confirmed."""
    query = (
        select(ClaimMatch.claim_id, func.count())
        .where(ClaimMatch.claim_id.in_(claim_ids), ClaimMatch.state != MatchState.REJECTED)
        .group_by(ClaimMatch.claim_id)
    )
    return dict((await session.execute(query)).all())


class MatchFilter(NamedTuple):
    claim_id: UUID | None = None
    content_id: UUID | None = None
    state: MatchState | None = None
    since: UUID | None = None
    """Only contents that came in from this id on."""


async def list_matches(session: AsyncSession, wanted: MatchFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """Newest content first, best claim first; the cursor's key is the claim."""
    query = (
        select(
            ClaimMatch.claim_id,
            ClaimMatch.content_id,
            ClaimMatch.score,
            ClaimMatch.state,
            ClaimMatch.copy_of,
            ClaimMatch.seen_at,
            Claim.verdict,
            Claim.state.label("claim_state"),
            Claim.text.label("claim_text"),
            func.left(func.coalesce(Content.title, ClaimMatch.title), TITLE_CHARS).label("title"),
            func.coalesce(Content.url, ClaimMatch.url).label("url"),
        )
        .join(Claim, Claim.id == ClaimMatch.claim_id)
        .join(Content, Content.id == ClaimMatch.content_id, isouter=True)
        .order_by(ClaimMatch.content_id.desc(), ClaimMatch.claim_id.desc())
        .limit(page.limit + 1)
    )
    columns = (ClaimMatch.claim_id, ClaimMatch.content_id, ClaimMatch.state)
    for column, value in zip(columns, wanted[:3], strict=True):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(ClaimMatch.content_id >= wanted.since)
    if page.after:
        seen = (page.after.id, UUID(str(page.after.key)))
        query = query.where(tuple_(ClaimMatch.content_id, ClaimMatch.claim_id) < seen)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def list_first(session: AsyncSession, claim_id: UUID, since: UUID, limit: int) -> Sequence[Any]:
    """Suggestions of one claim that a person should look at first: near-copies of what was confirmed, then by score."""
    query = (
        select(
            *(getattr(ClaimMatch, name) for name in ("claim_id", "content_id", "score", "state", "copy_of", "seen_at")),
            Claim.verdict,
            Claim.state.label("claim_state"),
            Claim.text.label("claim_text"),
            ClaimMatch.title,
            ClaimMatch.url,
        )
        .join(Claim, Claim.id == ClaimMatch.claim_id)
        .where(ClaimMatch.claim_id == claim_id, ClaimMatch.state == MatchState.SUGGESTED)
        .where(ClaimMatch.content_id >= since)
        .order_by(ClaimMatch.copy_of.is_(None), ClaimMatch.score.desc(), ClaimMatch.content_id.desc())
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def suggest_risk(session: AsyncSession, content_id: UUID, claim_id: UUID, now: datetime) -> None:
    """Once for each content; one that was decided or released stays so."""
    row = {
        "id": new_id(now),
        "content_id": content_id,
        "risk_class": RiskClass.FALSE_EMERGENCY,
        "state": RiskState.SUGGESTED,
        "claim_id": claim_id,
        "created_at": now,
    }
    query = upsert(LegalRiskCase).values(row)
    await session.execute(query.on_conflict_do_nothing(index_elements=["content_id", "risk_class"]))
