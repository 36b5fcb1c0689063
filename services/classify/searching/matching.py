"""Kept queries find what is new, batch by batch, and look once over what was stored before."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from libs.common.events.content import BATCH_LIMIT
from libs.common.events.searching import SavedQueryMatched
from libs.common.models import SavedQuery
from libs.common.outbox import emit_all
from services.classify.searching import queries, saved_queries, service
from services.classify.searching.language import parse
from services.classify.searching.plans import Plan, plan

LOOK_BACK_IDS = 500
"""Hits of one step of looking back; a step is also bounded by the time it may take."""
STEP_SECONDS = 2.0


def plan_of(one: SavedQuery) -> Plan:
    return plan(parse(one.query), one.resolved)


async def match_new(session: AsyncSession, ids: Sequence[UUID], now: datetime, *, is_late: bool = False) -> int:
    """Which kept queries found these contents: one statement for all of them, and one more for those that ask for days.
    Each hit is kept once, and told once as an event. `is_late`: the index had lacked them; of those, only what came in
    after a query is new to it."""
    if not ids or not await saved_queries.is_any_running(session, now):
        return 0
    candidates = await saved_queries.list_candidates(session, ids, now)
    pairs: list[tuple[UUID, UUID]] = []
    parts = []
    for one in await saved_queries.list_by_ids(session, list(candidates)):
        asked = plan_of(one)
        if asked.condition is None:
            pairs += [(one.id, content_id) for content_id in candidates[one.id]]
        else:
            found = queries.among(asked, candidates[one.id])
            parts.append(select(literal(one.id, Uuid()), found.subquery().c.content_id))
    pairs += await saved_queries.all_of(session, parts)
    old = {(query_id, content_id) for query_id, content_id in pairs if is_late and content_id < query_id}
    await saved_queries.record_hits(session, sorted(old), now, is_new=False)
    new = await saved_queries.record_hits(session, sorted(set(pairs) - old), now, is_new=True)
    await _tell(session, new, now)
    return len(new)


async def _tell(session: AsyncSession, hits: Sequence[tuple[UUID, UUID]], now: datetime) -> None:
    of_query: dict[UUID, list[UUID]] = {}
    for query_id, content_id in sorted(hits):
        of_query.setdefault(query_id, []).append(content_id)
    events = [
        SavedQueryMatched(saved_query_id=query_id, content_ids=ids[at : at + BATCH_LIMIT])
        for query_id, ids in of_query.items()
        for at in range(0, len(ids), BATCH_LIMIT)
    ]
    if events:
        await emit_all(session, events, now=now, source="classify")


async def look_back(session: AsyncSession, now: datetime) -> int:
    """One step of one query over what was stored before it: 1 while there is more to do."""
    one = await saved_queries.claim_look_back(session, now)
    if one is None or one.look_from is None:
        return 0
    found = await service.find(session, plan_of(one), one.look_from, LOOK_BACK_IDS, budget=STEP_SECONDS)
    room = max(0, saved_queries.KEPT_HITS - one.found_before)
    await saved_queries.record_hits(session, [(one.id, each) for each in found.ids[:room]], now, is_new=False)
    one.found_before += len(found.ids)
    one.look_from = found.next_before
    if one.look_from is None:
        one.looked_back_at = now
    return 1
