"""Keeping the index: what was classified is put into it a few seconds later."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.classify.searching import matching, queries


async def index_contents(session: AsyncSession, ids: Sequence[UUID], *, now: datetime) -> int:
    """Put these into the index as they are now; how many were new or had changed. Kept queries are asked of those."""
    changed = await queries.index_contents(session, ids)
    await matching.match_new(session, changed, now)
    return len(changed)
