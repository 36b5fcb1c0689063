"""UUIDv7 as RFC 9562 says it, in order within one process."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.ids import floor_id, id_time, new_id

NOW = datetime(2026, 11, 24, 5, 0, 0, 123000, UTC)
instants = st.datetimes(datetime(1971, 1, 1), datetime(4000, 1, 1), timezones=st.just(UTC))


@given(at=instants)
def test_an_id_is_a_uuid7_that_carries_its_instant(at: datetime) -> None:
    made = new_id(at)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert abs(id_time(made) - at) < timedelta(milliseconds=1)
    assert floor_id(at) <= made < floor_id(at + timedelta(milliseconds=1))


@given(one=instants, other=instants)
def test_ids_follow_time(one: datetime, other: datetime) -> None:
    if other - one >= timedelta(milliseconds=1):
        assert new_id(one) < new_id(other)


def test_within_a_millisecond_ids_grow_also_across_threads() -> None:
    made: list[UUID] = [new_id(NOW) for _ in range(20_000)]
    assert made == sorted(set(made))
    shared: list[UUID] = []
    threads = [Thread(target=lambda: shared.extend([new_id(NOW) for _ in range(2_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(shared)) == 8_000
    assert min(shared) > made[-1]


def test_two_processes_do_not_make_the_same_ids() -> None:
    """The tail begins at random: 60 bits of it, so that the first ids of two processes differ."""
    starts = {new_id(NOW + timedelta(milliseconds=n)).int & ((1 << 60) - 1) for n in range(1, 500)}
    assert len(starts) == 499


def test_an_id_needs_an_aware_instant() -> None:
    with pytest.raises(ValueError, match="aware"):
        new_id(datetime(2026, 1, 1))
