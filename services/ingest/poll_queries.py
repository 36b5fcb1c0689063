"""The SQL of polling: what is due, whose turn it is at a host, rhythms, and pages that are being read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import ArticleClaim, Fetch, HostBudget, Source, SourceRhythm
from services.ingest.arrivals import Rhythm
from services.ingest.queries import POLLED_KINDS
from services.ingest.rhythm import Move

# --- what is due --------------------------------------------------------------------------------------------

_HOST = r"lower(substring(sources.url from '^[A-Za-z]+://(?:[^/?#@]*@)?(\[[^\]]+\]|[^/?#:]+)'))"
_DUE = text(
    f"""
    SELECT sources.id, {_HOST} AS host
    FROM sources LEFT JOIN host_budgets ON host_budgets.host = {_HOST}
    WHERE sources.state = 'active' AND sources.kind = ANY(:kinds) AND sources.next_poll_at <= :now
      AND (host_budgets.free_at IS NULL OR host_budgets.free_at <= :now)
      AND (host_budgets.resting_until IS NULL OR host_budgets.resting_until <= :now)
      AND coalesce({_HOST} <> ALL(CAST(:busy AS text[])), true)
      AND (sources.failures = 0 OR CAST(:troubled AS boolean))
    ORDER BY sources.next_poll_at
    LIMIT :limit
    FOR UPDATE OF sources SKIP LOCKED
    """  # noqa: S608 - our own words
)


async def claim_due(
    session: AsyncSession, now: datetime, until: datetime, *, limit: int, busy: Collection[str], troubled: bool
) -> list[tuple[Source, datetime]]:
    """Due sources that nobody else holds and whose hosts are free, one for each host, the longest due first; with when
    each was due. Out of reach for others until `until`. `troubled`: also those whose last poll failed."""
    told = {"now": now, "kinds": list(POLLED_KINDS), "busy": list(busy), "troubled": troubled, "limit": limit * 4}
    rows = (await session.execute(_DUE, told)).all()
    first: dict[str, UUID] = {}
    for source_id, host in rows:
        first.setdefault(host or str(source_id), source_id)
    chosen = list(first.values())[:limit]
    found = {one.id: one for one in await session.scalars(select(Source).where(Source.id.in_(chosen)))}
    claimed = []
    for source in (found[each] for each in chosen):
        claimed.append((source, source.next_poll_at or now))
        source.next_poll_at = until
    return claimed


async def record_fetch(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(insert(Fetch).values(row))


async def update_polled(session: AsyncSession, source_id: UUID, url: str | None, changes: Mapping[str, Any]) -> None:
    """Unless the source was given another address meanwhile: what the old one answered says nothing of the new."""
    same = (Source.id == source_id, Source.url.is_not_distinct_from(url))
    await session.execute(update(Source).where(*same).values(changes))


async def make_due(session: AsyncSession, source_id: UUID, now: datetime) -> None:
    """Due at once, and read whole: without validators."""
    due = {"next_poll_at": now, "etag": None, "last_modified": None}
    await session.execute(update(Source).where(Source.id == source_id).values(due))


@dataclass(frozen=True, slots=True)
class Delays:
    """How late polls began, in seconds, and how many sources wait for theirs."""

    polls: int
    p50: float | None
    p99: float | None
    overdue: int
    longest_overdue: float


_DELAYS = text(
    """
    SELECT count(late), percentile_disc(0.5) WITHIN GROUP (ORDER BY late),
           percentile_disc(0.99) WITHIN GROUP (ORDER BY late)
    FROM (
        SELECT greatest(extract(epoch FROM fetched_at - due_at) - duration_ms / 1000.0, 0) AS late
        FROM fetches WHERE id >= :first AND due_at IS NOT NULL
    ) AS polls
    """
)
_OVERDUE = text(
    """
    SELECT count(*), coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(next_poll_at)), 0)
    FROM sources WHERE state = 'active' AND kind = ANY(:kinds) AND next_poll_at < :now
    """
)


async def read_delays(session: AsyncSession, first: UUID, now: datetime) -> Delays:
    """Of the polls recorded since the id `first` (ids are in the order of time)."""
    polls, p50, p99 = (await session.execute(_DELAYS, {"first": first})).one()
    overdue, longest = (await session.execute(_OVERDUE, {"now": now, "kinds": list(POLLED_KINDS)})).one()
    return Delays(polls, _seconds(p50), _seconds(p99), overdue, float(longest))


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


# --- turns at hosts -----------------------------------------------------------------------------------------
# A turn that a crash of the database forgets costs no more than one request too soon, so nobody waits for the disk.

_TAKE = text(
    """
    INSERT INTO host_budgets (host, free_at)
    SELECT CAST(:host AS text), CAST(:held AS timestamptz) FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT (host) DO UPDATE SET free_at = excluded.free_at
        WHERE host_budgets.free_at <= :now
          AND (host_budgets.resting_until IS NULL OR host_budgets.resting_until <= :now)
    RETURNING refusals
    """
)
_LEAVE = text(
    """
    UPDATE host_budgets SET free_at = CAST(:free_at AS timestamptz),
        resting_until = greatest(resting_until, CAST(:resting_until AS timestamptz)),
        refusals = CASE WHEN :is_refused THEN refusals + 1 ELSE 0 END
    FROM set_config('synchronous_commit', 'off', true)
    WHERE host = :host AND free_at = :held
    """
)
_SLOW = text("UPDATE host_budgets SET free_at = greatest(free_at, CAST(:free_at AS timestamptz)) WHERE host = :host")


async def take_host(session: AsyncSession, host: str, now: datetime, held: datetime) -> int | None:
    """Take the host until `held`; how often it refused in a row before, or None where it is not free."""
    found: int | None = await session.scalar(_TAKE, {"host": host, "now": now, "held": held})
    return found


async def leave_host(
    session: AsyncSession,
    host: str,
    held: datetime,
    *,
    free_at: datetime,
    resting_until: datetime | None,
    is_refused: bool,
) -> None:
    """Give the host back, unless the turn had run out and it is another's."""
    told = {"host": host, "held": held, "free_at": free_at, "resting_until": resting_until, "is_refused": is_refused}
    await session.execute(_LEAVE, told)


async def slow_host(session: AsyncSession, host: str, free_at: datetime) -> None:
    await session.execute(_SLOW, {"host": host, "free_at": free_at})


async def get_host(session: AsyncSession, host: str) -> HostBudget | None:
    return await session.get(HostBudget, host)


async def forget_hosts(session: AsyncSession, before: datetime) -> None:
    """Hosts that nobody has asked since."""
    idle = (HostBudget.free_at < before, or_(HostBudget.resting_until.is_(None), HostBudget.resting_until < before))
    await session.execute(delete(HostBudget).where(*idle))


# --- rhythms ------------------------------------------------------------------------------------------------


async def get_rhythm(session: AsyncSession, source_id: UUID) -> tuple[Rhythm, Move] | None:
    row = await session.get(SourceRhythm, source_id)
    if row is None:
        return None
    rhythm = Rhythm(tuple(row.arrivals), tuple(row.exposure), row.watched_until)
    return rhythm, Move(row.moved_to, row.moved_polls)


async def save_rhythm(session: AsyncSession, source_id: UUID, rhythm: Rhythm, move: Move) -> None:
    values = {
        "arrivals": list(rhythm.arrivals),
        "exposure": list(rhythm.exposure),
        "watched_until": rhythm.watched_until,
        "moved_to": move.to,
        "moved_polls": move.polls,
    }
    statement = upsert(SourceRhythm).values(source_id=source_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["source_id"], set_=values))


# --- pages that are being read, or wait to be ---------------------------------------------------------------


async def claim_page(session: AsyncSession, key: bytes, source_id: UUID, now: datetime, until: datetime) -> bool:
    """Whether the page is this source's to read; no other source asks for it until then."""
    values = {"source_id": source_id, "claimed_until": until}
    statement = upsert(ArticleClaim).values(url_hash=key, is_wanted=False, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["url_hash"],
        set_=values,
        where=or_(ArticleClaim.claimed_until <= now, ArticleClaim.source_id == source_id),
    )
    return await session.scalar(statement.returning(ArticleClaim.url_hash)) is not None


async def want_pages(session: AsyncSession, keys: Sequence[bytes], source_id: UUID, now: datetime) -> None:
    """The next poll of the source reads these pages, though their entries are known."""
    rows = [{"url_hash": key, "source_id": source_id, "claimed_until": now, "is_wanted": True} for key in keys]
    if rows:
        statement = upsert(ArticleClaim).values(rows)
        wanted = {"is_wanted": True, "claimed_until": now}
        mine = ArticleClaim.source_id == source_id
        await session.execute(statement.on_conflict_do_update(index_elements=["url_hash"], set_=wanted, where=mine))


async def wanted_pages(session: AsyncSession, source_id: UUID) -> set[bytes]:
    query = select(ArticleClaim.url_hash).where(ArticleClaim.source_id == source_id, ArticleClaim.is_wanted)
    return set(await session.scalars(query))


async def release_pages(session: AsyncSession, source_id: UUID, *, read: Collection[bytes], is_whole: bool) -> None:
    """After a poll: what it read is free; what it had no turn for stays wanted, unless it dealt with everything."""
    done = [ArticleClaim.is_wanted.is_(False), ArticleClaim.url_hash.in_(read)]
    mine = delete(ArticleClaim).where(ArticleClaim.source_id == source_id)
    await session.execute(mine if is_whole else mine.where(or_(*done)))
