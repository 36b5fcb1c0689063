"""The one assigner of stories: its seat (a lease with an epoch), and the index it holds while it sits there.

Guarantee: the same sequence of contents gives the same stories, whatever dies when. Every write first locks the
lease's row and checks the epoch, so a holder that was thought dead can write nothing after its successor has begun;
the successor rebuilds the index from what is committed; whoever fails in a write drops its index, which is ahead.
Contents are told by their first version, which never changes, so that a rebuild reads the same words, and each has its
place in the order of assignment, so that it reads them in that order. What people merge and split is taken in first.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.events.content import StoriesUpdated
from libs.common.ids import floor_id, id_time
from libs.common.outbox import emit
from services.classify import story_queries as queries
from services.classify.settings import StorySettings
from services.classify.stories import WINDOW_SECONDS, Item, Placed, StoryIndex
from services.classify.story_queries import STORIES_LEASE, Assigned, Told
from services.classify.storytelling import queries as storytelling
from services.classify.storytelling.service import retell_stories

REBUILD_CHUNK = 500
NO_ID = UUID(int=0)


class SeatLost(Exception):
    """Another assigner has taken over; nothing was written."""


@dataclass
class Seat:
    """What one process knows of its own turn; without an index it has to rebuild before it assigns."""

    holder: str = field(default_factory=lambda: uuid4().hex)
    epoch: int | None = None
    index: StoryIndex | None = None
    position: int = 0
    change: int = 0
    swept_at: datetime | None = None

    def leave(self) -> None:
        self.epoch, self.index, self.swept_at = None, None, None


async def assign_batch(db: Database, clock: Clock, seat: Seat, settings: StorySettings) -> int:
    """One turn: take or keep the seat, rebuild if need be, give the next contents their stories; how many."""
    if not await _sit_down(db, clock, seat, settings):
        return 0
    try:
        if seat.index is None:
            seat.index = await _rebuild(db, clock, seat, settings)
        async with db.transaction() as session:
            return await _assign(session, clock.now(), seat, seat.index, settings)
    except SeatLost:
        seat.leave()
        return 0
    except BaseException:
        # What the index took in may not have been committed.
        seat.index = None
        raise


async def _sit_down(db: Database, clock: Clock, seat: Seat, settings: StorySettings) -> bool:
    now = clock.now()
    async with db.transaction() as session:
        expires_at = now + timedelta(seconds=settings.lease_seconds)
        epoch = await queries.take_lease(session, STORIES_LEASE, seat.holder, now, expires_at)
    if epoch is None or epoch != seat.epoch:
        seat.leave()
    seat.epoch = epoch
    return epoch is not None


async def _check(session: AsyncSession, seat: Seat, now: datetime, settings: StorySettings) -> int:
    """Lock the lease's row and renew it; SeatLost when the epoch has moved on."""
    expires_at = now + timedelta(seconds=settings.lease_seconds)
    epoch = seat.epoch
    if epoch is None or not await queries.renew_lease(session, STORIES_LEASE, seat.holder, epoch, expires_at):
        raise SeatLost
    return epoch


async def _rebuild(db: Database, clock: Clock, seat: Seat, settings: StorySettings) -> StoryIndex:
    """The index as the last holder had it: the items of the window with the stories they were given."""
    index = StoryIndex()
    async with db.transaction() as session:
        await _check(session, seat, clock.now(), settings)
        newest = await queries.newest_assigned(session)
        seat.position = await queries.last_position(session)
        # Decisions made while the rows are read are taken in again before the next batch.
        seat.change = await storytelling.last_change(session)
    # An hour more than the window, since ids and the instants of first sight may differ a little.
    floor = floor_id(id_time(newest) - timedelta(seconds=WINDOW_SECONDS + 3600)) if newest else None
    after = (-1, NO_ID)
    while floor is not None:
        async with db.transaction() as session:
            rows = await queries.list_assigned(session, floor, after, REBUILD_CHUNK)
            await _check(session, seat, clock.now(), settings)
        index.replay(Placed(_item(one.told), str(one.story_id), str(one.strand_id)) for one in rows)
        if len(rows) < REBUILD_CHUNK:
            break
        after = (rows[-1].position, rows[-1].told.content_id)
    return index


async def _assign(session: AsyncSession, now: datetime, seat: Seat, index: StoryIndex, settings: StorySettings) -> int:
    epoch = await _check(session, seat, now, settings)
    await _take_in_decisions(session, seat, index)
    floor, is_sweep = _look_from(seat, now, settings)
    settled = now - timedelta(seconds=settings.settle_seconds)
    rows = await queries.list_unassigned(session, floor_id(floor), settled, settings.batch)
    if is_sweep and len(rows) < settings.batch:
        seat.swept_at = now
    if rows:
        with telemetry.step("assign", items=len(rows)):
            await _give(session, rows, epoch, seat, index, now)
    return len(rows)


def _look_from(seat: Seat, now: datetime, settings: StorySettings) -> tuple[datetime, bool]:
    """Mostly the last minutes; now and then the whole of days, for contents that were annotated late."""
    is_sweep = seat.swept_at is None or now - seat.swept_at >= timedelta(seconds=settings.sweep_seconds)
    back = timedelta(days=settings.sweep_days) if is_sweep else timedelta(minutes=settings.lookback_minutes)
    return now - back, is_sweep


async def _take_in_decisions(session: AsyncSession, seat: Seat, index: StoryIndex) -> None:
    """What people have merged, split or taken back since."""
    latest = await storytelling.last_change(session)
    if latest == seat.change:
        return
    strands: dict[tuple[UUID, UUID], list[str]] = defaultdict(list)
    for one in await storytelling.list_moved(session, seat.change):
        strands[one.story_id, one.strand_id].append(str(one.content_id))
    for (story_id, strand_id), contents in strands.items():
        index.move(contents, str(story_id), str(strand_id))
    seat.change = latest


async def _give(
    session: AsyncSession, rows: Sequence[Told], epoch: int, seat: Seat, index: StoryIndex, now: datetime
) -> None:
    given = []
    for position, told in enumerate(rows, seat.position + 1):
        found = index.assign(_item(told))
        given.append(Assigned(told, UUID(found.story_id), UUID(found.strand_id), found.score, position))
    story_ids = sorted({one.story_id for one in given})
    await queries.open_stories(session, [one for one in given if one.story_id == one.told.content_id])
    await queries.insert_story_items(session, given, epoch, now)
    await retell_stories(session, story_ids)
    await emit(session, StoriesUpdated(story_ids=story_ids), now=now, source="classify")
    seat.position += len(given)


def _item(told: Told) -> Item:
    at = told.published_at or told.first_seen_at
    return Item(str(told.content_id), told.title, told.text, at, told.first_seen_at)
