"""Keeping the index: what was classified is put into it a few seconds later."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.classify.searching import matching, queries


async def index_contents(session: AsyncSession, ids: Sequence[UUID], *, now: datetime, is_late: bool = False) -> int:
    """Put these into the index as they are now; how many were new or had changed. Kept queries are asked of those."""
    changed = await queries.index_contents(session, ids)
    await matching.match_new(session, changed, now, is_late=is_late)
    return len(changed)


async def fill(session: AsyncSession, before: UUID, limit: int, now: datetime) -> UUID | None:
    """Index some of what is older than this and is not in the index; the oldest of those, or None when none lack."""
    ids = await queries.list_not_indexed(session, before, limit)
    if not ids:
        return None
    await index_contents(session, ids, now=now, is_late=True)
    return min(ids)


async def pair(session: AsyncSession, before: UUID, limit: int) -> UUID | None:
    """Index anew some of what is older than this and was indexed without pairs; the oldest, or None when none was."""
    ids = await queries.list_unpaired(session, before, limit)
    if not ids:
        return None
    await queries.index_contents(session, ids)
    return min(ids)
