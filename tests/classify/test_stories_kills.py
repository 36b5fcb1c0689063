"""M03: any number of annotators, and an assigner killed at any statement it sends: the same stories, nothing lost."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from libs.common import models as m
from libs.common.clock import FrozenClock
from services.classify.assigning import Seat, assign_batch
from services.classify.settings import StorySettings
from tests.classify.conftest import Desk
from tests.classify.test_stories import label, sample_day

ANNOTATORS, LATE = 4, 9


class Killed(Exception):
    """The process is gone: nothing after this statement happened."""


@contextmanager
def dying_at(desk: Desk, statement: int) -> Iterator[None]:
    """The connection breaks at that statement of the assigner, counted from now; a commit is one too."""
    left, engine = [statement], desk.db.engine.sync_engine

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, count)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, count)


async def outcome(desk: Desk) -> dict[str, Any]:
    stories = {row.id: (row.title, row.items, row.sources, str(row.summary)) for row in await desk.rows(m.Story)}
    order = {row.content_id: (row.story_id, row.strand_id, row.position) for row in await desk.rows(m.StoryItem)}
    return {"stories": stories, "order": order}


async def forget_all(desk: Desk) -> None:
    async with desk.owner.transaction() as session:
        await session.execute(text("TRUNCATE stories, story_items, leases, annotations CASCADE"))


async def annotated(desk: Desk, ids: Sequence[UUID], chance: random.Random) -> None:
    """By several at once, in pieces and in no order."""
    mixed = list(ids)
    chance.shuffle(mixed)
    await asyncio.gather(*(label(desk, mixed[n::ANNOTATORS]) for n in range(ANNOTATORS)))


@pytest.mark.mission("M03")
@pytest.mark.parametrize("seed", range(3))
async def test_any_annotators_and_an_assigner_killed_at_any_statement(
    desk: Desk, clock: FrozenClock, db_as: Callable[[str], Any], seed: int
) -> None:
    ids = [content for content, _ in await sample_day(desk)]
    chance = random.Random(seed)
    await label(desk, ids[:-LATE])
    await desk.assign()
    await label(desk, ids[-LATE:])
    clock.advance(timedelta(seconds=desk.settings.sweep_seconds))  # what is hours old is found by the sweep
    await desk.assign()
    expected = await outcome(desk)
    await forget_all(desk)

    desk.settings = StorySettings(batch=10)
    lease = timedelta(seconds=desk.settings.lease_seconds + 1)
    assert len(expected["order"]) > 80
    killed = 0
    for part in (ids[:-LATE], ids[-LATE:]):
        await annotated(desk, part, chance)
        clock.advance(timedelta(seconds=desk.settings.settle_seconds + 1))
        seat, done = Seat(), -1
        while done != 0:
            try:
                with dying_at(desk, chance.randrange(1, 30)):
                    done = await assign_batch(desk.db, clock, seat, desk.settings)
            except Killed:
                killed += 1
                seat, done = Seat(), -1
                clock.advance(lease)
        clock.advance(lease)
    assert killed > 0
    assert await outcome(desk) == expected
