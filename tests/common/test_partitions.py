"""Partitions are there before they are needed; what falls outside is kept, not lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from libs.common.db import Database
from libs.common.ids import floor_id, new_id
from libs.common.partitions import AHEAD, ensure_partitions, next_start, partitioned_tables, period_start, planned
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON

DatabaseAs = Callable[[str], Database]
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(now=instants, period=st.sampled_from(["week", "month"]))
def test_the_plan_covers_now_and_ahead_without_gap_or_overlap(now: datetime, period: str) -> None:
    ranges = planned(period, now)
    assert all(end == start for (_, end), (start, _) in pairwise(ranges))
    assert all(start < end for start, end in ranges)
    assert ranges[1][0] <= now < ranges[1][1]
    assert len(ranges) == AHEAD[period] + 2
    assert period_start(period, ranges[0][0]) == ranges[0][0]
    assert next_start(period, ranges[0][0]) == ranges[1][0]


def test_the_partitioned_tables_are_the_ones_of_the_design() -> None:
    near = {"near_texts", "near_keys", "near_copies"}  # of contents, so they go with them
    told = {"contents", "content_revisions", "annotations", "outbox", "inbox"}
    with_contents = {"search_documents"}  # the words of contents, so they go with them
    assert {t.name for t in partitioned_tables()} == told | near | with_contents


async def test_partitions_are_made_ahead_once(db: Database) -> None:
    async with db.engine.begin() as connection:
        assert await connection.run_sync(ensure_partitions, NOON) == 0
        later = NOON + timedelta(days=62)
        made = await connection.run_sync(ensure_partitions, later)
        assert made > 0
        assert await connection.run_sync(ensure_partitions, later) == 0


@pytest.mark.parametrize(
    ("at", "where"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999000, UTC), "contents_20261101"),
        (datetime(2026, 12, 1, tzinfo=UTC), "contents_20261201"),
        (datetime(2027, 5, 31, tzinfo=UTC), "contents_20270501"),
        (datetime(2027, 6, 1, tzinfo=UTC), "contents_default"),
        (datetime(2019, 1, 1, tzinfo=UTC), "contents_default"),
    ],
)
async def test_a_row_lies_where_its_id_says_and_outside_in_the_default(
    make: Make, db: Database, at: datetime, where: str
) -> None:
    content = await make.content(id=new_id(at))
    async with db.transaction() as session:
        found = await session.scalar(
            text("SELECT tableoid::regclass::text FROM contents WHERE id = :id"), {"id": content.id}
        )
    assert found == where


async def test_a_range_of_ids_reads_only_its_partitions(db: Database) -> None:
    bounds = {"low": floor_id(NOON), "high": floor_id(NOON + timedelta(hours=1))}
    async with db.transaction() as session:
        plan = await session.scalars(text("EXPLAIN SELECT * FROM contents WHERE id >= :low AND id < :high"), bounds)
        lines = "\n".join(plan)
    assert "contents_20261101" in lines
    assert "contents_20261201" not in lines
