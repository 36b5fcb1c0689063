"""Counting: each content once in each of its series, whenever it comes, however often it is counted."""

import asyncio
from collections import Counter as Tally
from datetime import UTC, datetime, timedelta

import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from services.classify.trends.buckets import bucket_of
from services.classify.trends.settings import TrendSettings
from tests.classify.conftest import Desk
from tests.classify.test_stories import COPIES, OUTLETS
from tests.classify.trends.counter import Counter

MINUTE = timedelta(minutes=1)


@pytest.fixture
def now(clock: FrozenClock) -> datetime:
    return clock.now()


@pytest.mark.mission("M06")
async def test_each_content_counts_once_in_each_of_its_series(counter: Counter, now: datetime) -> None:
    story = new_id(now)
    await counter.contents(now, now, field="y_te", places=["W1", "W2", "W1"], story_id=story)
    await counter.contents(now, field="y_te")
    assert await counter.count() == 3
    at = bucket_of(now)
    assert await counter.points() == {
        ("all", "all", at): 3,
        ("field", "y_te", at): 3,
        ("source_kind", "feed", at): 3,
        ("source_group", "press", at): 3,
        ("story", str(story), at): 2,
        ("place", "W1", at): 2,
        ("place", "W2", at): 2,
    }
    assert await counter.count() == 0


async def test_what_the_service_labels_and_clusters_is_what_is_counted(counter: Counter, desk: Desk) -> None:
    ids = [await desk.content(title, body, source=name) for (title, body), name in zip(COPIES, OUTLETS, strict=True)]
    await desk.annotate(ids)
    await desk.assign()
    await counter.count()
    [story] = set((await desk.stories()).values())
    found = {key[:2]: count for key, count in (await counter.points()).items()}
    assert found["all", "all"] == found["source_group", "press"] == found["story", str(story)] == len(ids)
    assert sum(count for key, count in found.items() if key[0] == "field") == len(ids)
    named = [place for row in await desk.rows(m.Annotation) for place in set(row.places)]
    assert {key: count for (kind, key), count in found.items() if kind == "place"} == Tally(named)


async def test_counting_again_changes_nothing(counter: Counter, now: datetime) -> None:
    await counter.contents(*[now - step * MINUTE for step in range(12)], places=["W1"])
    await counter.count()
    before = await counter.points()
    assert sum(before[key] for key in before if key[0] == "all") == 12
    async with counter.owner.transaction() as session:
        await session.merge(m.SeriesMark(name="swept", reached_at=now - timedelta(days=1)))
    counter.clock.advance(timedelta(minutes=20))
    assert await counter.count() == 0
    assert await counter.points() == before


async def test_other_labels_and_stories_move_a_content(counter: Counter, now: datetime) -> None:
    [one] = await counter.contents(now, field="y_te", places=["W1"])
    await counter.count()
    counter.clock.advance(MINUTE)
    story = new_id(now)
    await counter.relabel(one, field="giao_duc", places=["W2"])
    await counter.tell([one], story)
    assert await counter.count() == 1
    found = {key[:2]: count for key, count in (await counter.points()).items() if key[0] in ("field", "place", "story")}
    assert found == {("field", "giao_duc"): 1, ("place", "W2"): 1, ("story", str(story)): 1}


async def test_what_comes_late_has_its_own_bucket_counted_anew(counter: Counter, now: datetime) -> None:
    seen = now - timedelta(hours=3)
    await counter.contents(seen, seen)
    waiting = await counter.contents(seen, labelled=False)
    await counter.count()
    counter.clock.advance(timedelta(hours=1))
    await counter.label(waiting)
    assert await counter.count() == 1, "the sweep finds what the short look does not reach"
    assert await counter.points("all") == {("all", "all", bucket_of(seen)): 3}


@pytest.mark.parametrize(
    ("published", "provenance", "counts_at"),
    [
        (timedelta(minutes=-20), "feed", timedelta(0)),  # a feed read every quarter of an hour
        (timedelta(hours=-3), "feed", timedelta(hours=-3)),  # a source that was away
        (timedelta(days=-2), "jsonld", timedelta(days=-2)),  # an archive
        (timedelta(hours=2), "feed", timedelta(0)),  # a clock that is ahead
        (timedelta(days=-2), "none", timedelta(0)),
    ],
)
async def test_a_content_counts_when_it_was_seen_or_if_that_was_late_when_it_was_published(
    counter: Counter, now: datetime, published: timedelta, provenance: str, counts_at: timedelta
) -> None:
    await counter.contents(now, published_at=now + published, published_from=provenance)
    await counter.count()
    assert list(await counter.points("all")) == [("all", "all", bucket_of(now + counts_at))]


async def test_a_date_without_an_hour_is_no_midnight(counter: Counter, clock: FrozenClock) -> None:
    now = datetime(2026, 11, 25, 8, 2, tzinfo=UTC)
    clock.advance(now - clock.now())
    midnight = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # of Hà Nội
    await counter.contents(now, published_at=midnight)
    await counter.count()
    assert list(await counter.points("all")) == [("all", "all", bucket_of(now))]


async def test_what_is_older_than_the_late_days_is_left_out_and_holds_nobody_up(
    counter: Counter, now: datetime
) -> None:
    counter.settings = TrendSettings(batch=3)
    old = now - timedelta(days=20)
    for _ in range(5):
        await counter.contents(now - timedelta(minutes=8), published_at=old)
    await counter.contents(now)
    assert await counter.count() == 1
    assert list(await counter.points("all")) == [("all", "all", bucket_of(now))]


async def test_the_mark_waits_for_labels_but_not_for_ever(counter: Counter, now: datetime) -> None:
    waiting = now - timedelta(minutes=10)
    await counter.contents(waiting, labelled=False)
    await counter.count()
    assert await counter.mark() == waiting
    counter.clock.advance(timedelta(minutes=25))
    await counter.count()
    settled = timedelta(seconds=counter.settings.settle_seconds)
    assert await counter.mark() == counter.clock.now() - settled


async def test_counters_side_by_side_count_each_once(counter: Counter, now: datetime) -> None:
    counter.settings = TrendSettings(batch=7)
    await counter.contents(*[now - step * MINUTE for step in range(14)] * 3)
    await asyncio.gather(*(counter.count() for _ in range(4)))
    await counter.count()
    assert sum((await counter.points("all")).values()) == 42


async def test_what_is_past_its_time_goes_and_late_buckets_stay_whole(counter: Counter, now: datetime) -> None:
    story = new_id(now)
    await counter.contents(now, story_id=story)
    await counter.count()
    counter.clock.advance(timedelta(days=6))
    assert await counter.prune() == 0
    counter.clock.advance(timedelta(days=9))
    assert await counter.prune() == 3  # the story's point and series, the item
    assert {key[0] for key in await counter.points()} == {"all", "field", "source_kind", "source_group"}
    counter.clock.advance(timedelta(days=60))
    await counter.prune()
    assert await counter.points() == {}


def test_no_table_of_trends_can_say_who_wrote() -> None:
    """The line: content, field, place, story and kind of source; nothing about a person."""
    known = {
        "content_id", "bucket_at", "field", "places", "source_kind", "source_group", "story_id", "annotated_at", "id",
        "dimension", "key", "detectors", "read_until", "created_at", "series_id", "count", "name", "reached_at",
        "made_at", "history_days", "points", "errors", "began_at", "detected_at", "loud_at", "ended_at",
        "window_minutes", "seen", "expected", "surprise", "once_in_weeks", "content_ids", "story_ids",
    }  # fmt: skip
    tables = (m.SeriesItem, m.Series, m.SeriesPoint, m.SeriesMark, m.SeriesForecast, m.Burst)
    assert {column.name for table in tables for column in table.__table__.columns} == known
