"""Two lanes: what is fresh is labelled at once, what is late waits in a table and is labelled beside it.

After an outage the stream gives out its backlog in order; parking an event costs one insert, so the fresh ones behind
it are reached within seconds, whatever the backlog. The same table holds what came while no model could be loaded.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.events.content import BATCH_LIMIT
from libs.common.faults import describe
from libs.common.ids import id_time
from libs.common.models.enums import LateReason
from services.classify.adapters.base import Classifier
from services.classify.lanes import queries
from services.classify.places import Gazetteer
from services.classify.service.annotating import classify_contents

log = logging.getLogger("lantoa.classify")

TRIES = 5
"""A content whose labelling failed so often is left for a person to look at; it is counted, never dropped."""


AT_ONCE = 2 * BATCH_LIMIT
"""Contents labelled in one go from the stream: more would let the next fresh one wait for seconds."""


def part(batches: Sequence[Sequence[UUID]], now: datetime, after: timedelta) -> tuple[set[UUID], set[UUID]]:
    """(fresh, late) of these batches. A content's key carries when it came in: late is a batch whose newest has waited
    longer than `after`, and of the others all that is over `AT_ONCE`, the newest going first."""
    fresh, late = set[UUID](), set[UUID]()
    for batch in sorted(batches, key=max, reverse=True):
        waits = now - id_time(max(batch)) > after or (fresh and len(fresh) + len(batch) > AT_ONCE)
        (late if waits else fresh).update(batch)
    return fresh, late - fresh


async def park(session: AsyncSession, ids: Iterable[UUID], reason: LateReason, now: datetime) -> None:
    if wanted := sorted(set(ids)):
        await queries.park(session, wanted, reason, now)


async def annotate_late(
    db: Database, classifier: Classifier, gazetteer: Gazetteer, *, now: datetime, limit: int
) -> int:
    """Label the next of the late ones; how many were taken. One that fails does not hold up the others."""
    try:
        return await _annotate(db, classifier, gazetteer, now, limit)
    except Exception as error:
        log.warning("late contents: %s; one by one", describe(error))
    for number in range(limit):
        if not await _annotate_one(db, classifier, gazetteer, now):
            return number
    return limit


async def _annotate(db: Database, classifier: Classifier, gazetteer: Gazetteer, now: datetime, limit: int) -> int:
    async with db.transaction() as session:
        ids = await queries.claim(session, limit, TRIES)
        if ids:
            await classify_contents(session, ids, classifier, gazetteer, now=now)
            await queries.done(session, ids)
        return len(ids)


async def _annotate_one(db: Database, classifier: Classifier, gazetteer: Gazetteer, now: datetime) -> bool:
    async with db.transaction() as session:
        ids = await queries.claim(session, 1, TRIES)
        if not ids:
            return False
        try:
            async with session.begin_nested():
                await classify_contents(session, ids, classifier, gazetteer, now=now)
                await queries.done(session, ids)
        except Exception as error:
            log.error("content %s could not be labelled: %s", ids[0], describe(error))
            await queries.failed(session, ids[0])
        return True
