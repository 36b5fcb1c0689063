"""What is held back by place cannot be worked out: by nobody who knows the sum, what is shown, and the rule itself."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.small_counts import K_ANONYMITY, publishable

Counts = tuple[int, ...]
PLACES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 40), max_size=14)


def tables(places: int, total: int) -> Iterator[Counts]:
    """Every way to share a total among places."""
    if places == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in tables(places - 1, total - first):
            yield (first, *rest)


def shown(counts: Counts) -> tuple[int | None, ...]:
    return tuple(publishable(dict(zip("abcd", counts, strict=False))).values())


@pytest.mark.mission("M40")
@pytest.mark.parametrize(("places", "totals"), [(2, range(61)), (3, range(46)), (4, range(10, 36, 5))])
def test_of_no_small_count_any_number_is_ruled_out(places: int, totals: range) -> None:
    """For everything that can be shown, the tables that it may come from: each number from 0 to 9 is in one of them."""
    for total in totals:
        behind: dict[tuple[int | None, ...], list[Counts]] = defaultdict(list)
        for counts in tables(places, total):
            behind[shown(counts)].append(counts)
        for published, possible in behind.items():
            for place, count in enumerate(published):
                values = {counts[place] for counts in possible}
                if count is None and min(values) < K_ANONYMITY:
                    assert values >= set(range(min(K_ANONYMITY - 1, total) + 1)), (total, published, place)


@given(PLACES)
def test_what_is_shown_is_true_and_never_small(counts: dict[str, int]) -> None:
    told = publishable(counts)
    assert set(told) == set(counts)
    assert all(count is None or (count == counts[name] and count >= K_ANONYMITY) for name, count in told.items())


@given(PLACES)
def test_none_and_a_few_look_the_same(counts: dict[str, int]) -> None:
    """Who is left out of a list would be known to have none."""
    told = publishable(counts)
    assert all(told[name] is None for name, count in counts.items() if count < K_ANONYMITY)


def test_the_rest_is_held_back_no_further_than_needed() -> None:
    many = {f"p{number:03}": 0 for number in range(100)} | {"x": 7, "y": 5, "big": 24, "next": 12}
    assert {name: count for name, count in publishable(many).items() if count} == {"big": 24, "next": 12}
    assert publishable({"a": 24, "b": 12, "c": 4}) == {"a": 24, "b": None, "c": None}
    assert publishable({"a": 30, "b": 40}) == {"a": 30, "b": 40}
    assert publishable({}) == {}
