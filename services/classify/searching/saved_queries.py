"""SQL of kept queries and of what they found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, or_, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import SavedQuery, SavedQueryHit
from libs.common.pagination import PageRequest
from services.classify.queries import newest_first

KEPT_HITS = 1000
"""Of what was stored before, so many hits are kept; the others are counted."""


def running(now: datetime) -> Any:
    return and_(SavedQuery.ended_at.is_(None), SavedQuery.expires_at > now)


# --- the queries --------------------------------------------------------------------------------------------


async def insert_query(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(insert(SavedQuery).values(row))


async def get_query(session: AsyncSession, query_id: UUID, *, lock: bool = False) -> SavedQuery | None:
    return await session.get(SavedQuery, query_id, with_for_update=lock or None)


class Counted(NamedTuple):
    hits: int
    unseen: int


async def list_queries(session: AsyncSession, units: set[UUID] | None, page: PageRequest) -> Sequence[SavedQuery]:
    """The newest first; of these units, or of all."""
    query = select(SavedQuery)
    if units is not None:
        query = query.where(SavedQuery.unit_id.in_(units))
    return (await session.scalars(newest_first(query, SavedQuery.id, page))).all()


async def count_hits(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Counted]:
    hit = SavedQueryHit
    is_unseen = and_(hit.is_new, or_(SavedQuery.last_seen_at.is_(None), hit.found_at > SavedQuery.last_seen_at))
    query = (
        select(hit.saved_query_id, func.count(), func.count().filter(is_unseen))
        .join(SavedQuery, SavedQuery.id == hit.saved_query_id)
        .where(hit.saved_query_id.in_(ids))
        .group_by(hit.saved_query_id)
    )
    return {query_id: Counted(hits, unseen) for query_id, hits, unseen in await session.execute(query)}


async def list_hits(session: AsyncSession, query_id: UUID, page: PageRequest) -> Sequence[SavedQueryHit]:
    query = select(SavedQueryHit).where(SavedQueryHit.saved_query_id == query_id)
    return (await session.scalars(newest_first(query, SavedQueryHit.content_id, page))).all()


async def count_by_purpose(session: AsyncSession, now: datetime) -> dict[str, tuple[int, int]]:
    """Purpose → (running, ended); numbers only."""
    is_running = running(now)
    query = select(SavedQuery.purpose_kind, func.count().filter(is_running), func.count().filter(~is_running)).group_by(
        SavedQuery.purpose_kind
    )
    rows: Sequence[Any] = (await session.execute(query)).all()
    return {str(row[0]): (int(row[1]), int(row[2])) for row in rows}


# --- new contents -------------------------------------------------------------------------------------------

_CANDIDATES = text(
    """
    WITH fresh AS MATERIALIZED (  -- concatenated, so that each is read from its storage once and not for each query
        SELECT content_id, tsv || ''::tsvector AS tsv FROM search_documents
        WHERE content_id = ANY(CAST(:ids AS uuid[]))
    )
    SELECT q.id, fresh.content_id
    FROM saved_queries q JOIN fresh ON fresh.tsv @@ q.candidates
    WHERE q.ended_at IS NULL AND q.expires_at > CAST(:now AS timestamptz)
    """
)
_RECORD = text(
    """
    INSERT INTO saved_query_hits (saved_query_id, content_id, found_at, is_new)
    SELECT query_id, content_id, CAST(:now AS timestamptz), :is_new
    FROM unnest(CAST(:query_ids AS uuid[]), CAST(:content_ids AS uuid[])) AS new (query_id, content_id)
    ORDER BY query_id, content_id
    ON CONFLICT (saved_query_id, content_id) DO NOTHING
    RETURNING saved_query_id, content_id
    """
)


async def is_any_running(session: AsyncSession, now: datetime) -> bool:
    return await session.scalar(select(SavedQuery.id).where(running(now)).limit(1)) is not None


async def list_candidates(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> dict[UUID, list[UUID]]:
    """Query → those of these contents that it may have found; one statement for all of them."""
    found: dict[UUID, list[UUID]] = {}
    for query_id, content_id in await session.execute(_CANDIDATES, {"ids": list(ids), "now": now}):
        found.setdefault(query_id, []).append(content_id)
    return found


async def list_by_ids(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[SavedQuery]:
    return (await session.scalars(select(SavedQuery).where(SavedQuery.id.in_(ids)).order_by(SavedQuery.id))).all()


async def all_of(session: AsyncSession, parts: Sequence[Any]) -> list[tuple[UUID, UUID]]:
    """Several readings in one statement: pairs of a query and a content."""
    if not parts:
        return []
    rows: Sequence[Any] = (await session.execute(union_all(*parts))).all()
    return [(row[0], row[1]) for row in rows]


async def record_hits(
    session: AsyncSession, pairs: Sequence[tuple[UUID, UUID]], now: datetime, *, is_new: bool
) -> list[tuple[UUID, UUID]]:
    """Keep each once; those that were not kept before."""
    if not pairs:
        return []
    values = {"query_ids": [one for one, _ in pairs], "content_ids": [one for _, one in pairs]}
    rows: Sequence[Any] = (await session.execute(_RECORD, {**values, "now": now, "is_new": is_new})).all()
    return [(row[0], row[1]) for row in rows]


# --- looking back, telling, ending --------------------------------------------------------------------------

SETTLED = timedelta(seconds=5)
"""What was being indexed while a query was kept is found there by then."""


async def claim_look_back(session: AsyncSession, now: datetime) -> SavedQuery | None:
    waits = and_(running(now), SavedQuery.look_from.is_not(None), SavedQuery.look_started_at <= now - SETTLED)
    query = select(SavedQuery).where(waits).order_by(SavedQuery.look_started_at).limit(1)
    found: SavedQuery | None = await session.scalar(query.with_for_update(skip_locked=True))
    return found


async def claim_digests(session: AsyncSession, now: datetime, every: timedelta, limit: int) -> Sequence[SavedQuery]:
    """Queries of which nobody was told for that long, with something new since."""
    told = func.coalesce(SavedQuery.alerted_at, SavedQuery.created_at)
    has_new = (
        select(SavedQueryHit.content_id)
        .where(
            SavedQueryHit.saved_query_id == SavedQuery.id,
            SavedQueryHit.is_new,
            SavedQueryHit.found_at > told,
            SavedQueryHit.found_at <= now,
        )
        .exists()
    )
    is_due = or_(SavedQuery.alerted_at.is_(None), SavedQuery.alerted_at <= now - every)
    query = select(SavedQuery).where(running(now), SavedQuery.is_alerting, is_due, has_new).order_by(SavedQuery.id)
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def count_new(session: AsyncSession, one: SavedQuery, now: datetime) -> int:
    hit = SavedQueryHit
    since = one.alerted_at or one.created_at
    query = select(func.count()).where(hit.saved_query_id == one.id, hit.is_new, hit.found_at > since)
    return await session.scalar(query.where(hit.found_at <= now)) or 0


async def end_expired(session: AsyncSession, now: datetime) -> list[UUID]:
    """Close what has expired; the ids of those."""
    is_over = and_(SavedQuery.ended_at.is_(None), SavedQuery.expires_at <= now)
    query = update(SavedQuery).where(is_over).values(ended_at=now, is_alerting=False, look_from=None)
    return list(await session.scalars(query.returning(SavedQuery.id)))


async def forget_hits(session: AsyncSession, query_ids: Sequence[UUID]) -> None:
    await session.execute(delete(SavedQueryHit).where(SavedQueryHit.saved_query_id.in_(query_ids)))


async def forget_old_hits(session: AsyncSession, before: UUID) -> int:
    """Hits of contents older than are kept themselves."""
    gone = await session.execute(delete(SavedQueryHit).where(SavedQueryHit.content_id < before))
    return int(getattr(gone, "rowcount", 0))
