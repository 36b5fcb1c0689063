"""Bursts of counted series: found soon, told once, followed until they are over, the same after any restart."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from services.classify.trends import bursts
from services.classify.trends.buckets import bucket_of
from services.classify.trends.detector import CALM
from services.classify.trends.episodes import Readers, Seen, follow
from services.classify.trends.settings import TrendSettings
from tests.classify.conftest import Desk
from tests.classify.trends.counter import Counter
from tests.classify.trends.waves import DAY_ROWS, counts, times

START = datetime(2026, 9, 1, tzinfo=UTC)
FIVE = timedelta(minutes=5)
DAYS = 9
QUIET = DAYS * DAY_ROWS - 60


def history(mean: float = 3.0, burst: int = 0, rows: int = 12) -> dict[datetime, int]:
    """Nine quiet days; with a burst of so many more in each of an hour's rows, five hours before the end."""
    stamps = times(DAYS, start=START)
    found = dict(zip(stamps, (int(value) for value in counts(stamps, mean)), strict=True))
    return {at: n + (burst if QUIET <= place < QUIET + rows else 0) for place, (at, n) in enumerate(found.items())}


@pytest.fixture
def at_end(clock: FrozenClock) -> datetime:
    """The clock an hour and a half after the burst of `history` began."""
    clock.advance(START + QUIET * FIVE + timedelta(minutes=90) - clock.now())
    return clock.now()


async def mark(counter: Counter, at: datetime) -> None:
    async with counter.owner.transaction() as session:
        stored = await session.get(m.SeriesMark, "counted")
        assert stored is not None
        stored.reached_at = at


@pytest.mark.mission("M06")
async def test_a_burst_is_one_row_and_one_event_with_what_why_and_since_when(
    counter: Counter, desk: Desk, at_end: datetime
) -> None:
    began = START + QUIET * FIVE
    story = new_id(began)
    made = await counter.contents(*[began + step * FIVE for step in range(6)], field="chay_no", story_id=story)
    await counter.count()
    series_id = await counter.fill("field", "khac", {began: 1})
    [series] = await desk.rows(m.Series, m.Series.dimension == "field", m.Series.key == "chay_no")
    await counter.replace(series.id, history(burst=30))
    await mark(counter, at_end)
    await counter.read()
    [burst] = await desk.rows(m.Burst, m.Burst.series_id == series.id)
    assert began - FIVE <= burst.began_at <= began + FIVE
    assert burst.detected_at == at_end
    assert burst.ended_at is None
    assert burst.seen > 4 * burst.expected
    assert burst.surprise >= 5.5
    assert burst.once_in_weeks is None, "nine days are too few to say"
    assert burst.story_ids == [story]
    assert set(burst.content_ids) <= set(made)
    assert len(burst.content_ids) >= 2
    [event] = await desk.events("lantoa.burst.detected.v1")
    assert event["burst_id"] == str(burst.id)
    assert set(event) == {"burst_id", "series_id", "story_ids", "seen", "expected", "surprise"}
    assert await desk.rows(m.Burst, m.Burst.series_id == series_id) == []


async def test_it_goes_on_without_another_event_and_ends_after_the_calm(
    counter: Counter, desk: Desk, at_end: datetime
) -> None:
    series_id = await counter.fill("all", "all", history(burst=30, rows=24))
    began = START + QUIET * FIVE
    seen = []
    for minutes in (20, 30, 60, 110, 170, 290):
        await mark(counter, began + timedelta(minutes=minutes))
        await counter.read()
        seen.append(await desk.rows(m.Burst, m.Burst.series_id == series_id))
    assert [len(found) for found in seen] == [1] * 6
    assert {found[0].id for found in seen} == {seen[0][0].id}
    loud = [found[0].loud_at for found in seen]
    assert loud == sorted(loud)
    assert loud[-1] >= began + timedelta(hours=2)
    assert seen[-1][0].ended_at is None
    counter.clock.advance(timedelta(days=1))
    await mark(counter, loud[-1] + CALM + FIVE)
    await counter.read()
    [burst] = await desk.rows(m.Burst, m.Burst.series_id == series_id)
    assert burst.ended_at == burst.loud_at == loud[-1]
    assert len(await desk.events("lantoa.burst.detected.v1")) == 1


@pytest.mark.slow
async def test_reading_row_by_row_with_a_restart_at_each_says_what_one_reading_says(
    counter: Counter, desk: Desk, at_end: datetime
) -> None:
    """The state lives in the database alone, so that each turn is a restart."""
    whole = await counter.fill("field", "y_te", history(burst=30))
    await counter.read()
    step_by_step = await counter.fill("field", "giao_duc", history(burst=30))
    for row in range(QUIET - 3, QUIET + 18):
        await mark(counter, START + row * FIVE)
        await counter.read()
    await mark(counter, START + DAYS * timedelta(days=1))
    await counter.read()
    read = {series.id: series for series in await desk.rows(m.Series)}
    assert read[whole].detectors == read[step_by_step].detectors
    assert read[whole].read_until == read[step_by_step].read_until
    kept = ("began_at", "loud_at", "seen", "expected", "surprise", "once_in_weeks", "window_minutes")
    one, other = [
        [[getattr(row, name) for name in kept] for row in await desk.rows(m.Burst, m.Burst.series_id == series_id)]
        for series_id in (whole, step_by_step)
    ]
    assert one == other
    assert len(one) == 1


@pytest.mark.slow
async def test_a_reader_that_dies_has_read_nothing(counter: Counter, desk: Desk, at_end: datetime) -> None:
    series_id = await counter.fill("all", "all", history(burst=30))

    async def dies() -> None:
        async with counter.db.transaction() as session:
            while await bursts.read_series(session, counter.settings, now=at_end):
                pass
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await dies()
    [series] = await desk.rows(m.Series)
    assert (series.read_until, series.detectors) == (None, {})
    assert await desk.events("lantoa.burst.detected.v1") == []
    await counter.read()
    assert len(await desk.rows(m.Burst, m.Burst.series_id == series_id)) == 1


@pytest.mark.slow
async def test_readers_side_by_side_tell_each_burst_once(counter: Counter, desk: Desk, at_end: datetime) -> None:
    for key in ("y_te", "giao_duc", "chay_no"):
        await counter.fill("field", key, history(burst=30))
    counter.settings = TrendSettings(series_batch=1)
    await asyncio.gather(*(counter.read() for _ in range(3)))
    await counter.read()
    assert len(await desk.rows(m.Burst)) == 3
    assert len(await desk.events("lantoa.burst.detected.v1")) == 3


@pytest.mark.slow
async def test_quiet_series_of_all_sizes_raise_nothing(counter: Counter, desk: Desk, at_end: datetime) -> None:
    for place, mean in enumerate((0.02, 0.3, 2.0, 15.0)):
        await counter.fill("place", f"W{place}", history(mean=mean))
    await counter.read()
    assert await desk.events("lantoa.burst.detected.v1") == []


async def test_a_ward_that_is_rarely_named_is_heard_within_the_hour(
    counter: Counter, desk: Desk, at_end: datetime
) -> None:
    series_id = await counter.fill("place", "W1", history(mean=0.02, burst=1))
    await counter.read()
    [burst] = await desk.rows(m.Burst, m.Burst.series_id == series_id)
    assert burst.seen >= counter.settings.min_seen
    assert burst.window_minutes == 60


@pytest.mark.slow
async def test_few_contents_are_no_burst_and_a_past_one_raises_no_event(
    counter: Counter, desk: Desk, at_end: datetime
) -> None:
    few = await counter.fill("place", "W1", history(mean=0.0, burst=1, rows=4) | {START: 1})
    past = await counter.fill("place", "W2", history(burst=30))
    counter.clock.advance(timedelta(hours=10))
    await counter.read()
    assert await desk.rows(m.Burst, m.Burst.series_id == few) == []
    assert len(await desk.rows(m.Burst, m.Burst.series_id == past)) == 1
    assert await desk.events("lantoa.burst.detected.v1") == []


async def test_a_story_that_takes_off_is_told_once_and_ends(counter: Counter, desk: Desk, clock: FrozenClock) -> None:
    now = clock.now()
    story, calm = new_id(now), new_id(now)
    await counter.contents(*[now - timedelta(minutes=3 * step) for step in range(1, 19)], story_id=story)
    await counter.contents(*[now - timedelta(minutes=20 * step) for step in range(1, 13)], story_id=calm)
    await counter.count()
    await counter.read()
    for minutes in (10, 20):
        clock.advance(timedelta(minutes=minutes))
        await counter.count()
        await counter.read()
    [burst] = await desk.rows(m.Burst)
    assert burst.story_ids == [story]
    assert (burst.window_minutes, burst.once_in_weeks, burst.ended_at) == (60, None, None)
    assert burst.seen >= 15
    [event] = await desk.events("lantoa.burst.detected.v1")
    assert event["story_ids"] == [str(story)]
    clock.advance(timedelta(hours=14))
    await counter.count()
    await counter.read()
    [burst] = await desk.rows(m.Burst)
    assert burst.ended_at == burst.loud_at


async def test_nothing_counted_is_nothing_read(counter: Counter, desk: Desk) -> None:
    assert await counter.read() == 0
    assert await counter.forecast() == 0
    rows: list[Any] = await desk.rows(m.Burst)
    assert rows == []


def test_hours_in_which_nothing_could_be_seen_are_not_a_quiet_city() -> None:
    """A day's outage of our own, then the usual again: no burst, and no lower level."""
    whole = history(mean=6.0)
    away = {at: count for at, count in whole.items() if not 5 * DAY_ROWS <= (at - START) / FIVE < 5 * DAY_ROWS + 150}
    readers, until = Readers(), START + DAYS * timedelta(days=1)
    seen = Seen(away, away)
    assert seen.is_missing(START + (5 * DAY_ROWS + 140) * FIVE)
    assert not seen.is_missing(START + (5 * DAY_ROWS + 2) * FIVE), "half an hour has to pass"
    assert not seen.is_missing(START + (5 * DAY_ROWS - 2) * FIVE)
    assert follow(None, readers.read(seen, START, until), until) == []
    undisturbed = Readers()
    list(undisturbed.read(Seen(whole, whole), START, until))
    levels = [each.detectors["five_minutes"].rhythm.level for each in (readers, undisturbed)]
    assert levels[0] == pytest.approx(levels[1], abs=0.1)


async def test_counting_does_not_wait_for_a_reader(counter: Counter, desk: Desk, at_end: datetime) -> None:
    """A new count of a series refers to its row, which the reader holds."""
    await counter.fill("all", "all", history())
    later = START + DAYS * timedelta(days=1, minutes=10)
    await counter.contents(later)
    async with counter.db.transaction() as session:
        assert await bursts.read_series(session, counter.settings, now=at_end) == 1
        async with asyncio.timeout(5):
            assert await counter.count() == 1
    assert (await counter.points("all"))["all", "all", bucket_of(later)] == 1
