"""Two lanes: what is fresh is labelled at once, what is late waits in a table and is labelled beside it.

After an outage the stream gives out its backlog in order; parking an event costs one insert, so the fresh ones behind
it are reached within seconds, whatever the backlog. The same table holds what came while no model could be loaded.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
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


AT_ONCE = BATCH_LIMIT
"""Contents labelled in one go from the stream: more would let the next fresh one wait for seconds."""


BULK = 50
"""An event of so many contents is a bulk: an import, an archive, a flood."""


class Parted(NamedTuple):
    """Contents to be labelled at once, and those that wait: what came singly, and what came in bulk."""

    fresh: set[UUID]
    behind: set[UUID]
    bulk: set[UUID]


def part(batches: Sequence[Sequence[UUID]], now: datetime, after: timedelta) -> Parted:
    """What of these events is labelled at once. A content's key carries when it came in: an event waits whose newest
    has waited longer than `after`, or that is over `AT_ONCE`; single contents go before a bulk, then the newest."""
    parted = Parted(set(), set(), set())
    for batch in sorted(batches, key=lambda one: (len(one) < BULK, max(one)), reverse=True):
        waits = now - id_time(max(batch)) > after or (parted.fresh and len(parted.fresh) + len(batch) > AT_ONCE)
        (parted.fresh if not waits else parted.bulk if len(batch) >= BULK else parted.behind).update(batch)
    return Parted(parted.fresh, parted.behind - parted.fresh, parted.bulk - parted.fresh - parted.behind)


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
