"""The index alone: rebuilt it goes on as before, whatever came late or was moved; how it reads and what it forgets."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.classify.evidence import SLOTS, WEIGHT_BITS, read_evidence
from services.classify.postings import Postings
from services.classify.stories import WINDOW_SECONDS, Item, Placed, StoryIndex

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
SYLLABLES = [
    first + rest for first in "bcdghklmnprstvx" for rest in ("a", "anh", "en", "iep", "ong", "oi", "ung", "uong")
]


def days_of_news(seed: int, count: int, topics: int = 40) -> list[Item]:
    """Six days: each topic has words of its own, and some items are seen hours late."""
    chance = random.Random(seed)
    own = [chance.sample(SYLLABLES, 12) for _ in range(topics)]
    items = []
    for number in range(count):
        topic = own[(number * topics // count + chance.randrange(4)) % topics]
        told = [chance.choice(topic if chance.random() < 0.6 else SYLLABLES) for _ in range(80)]
        at = BEGIN + timedelta(hours=144 * number / count)
        seen = at - timedelta(hours=chance.choice([0, 0, 0, 0, 3, 20, 80]))
        items.append(Item(f"{number:05}", " ".join(chance.sample(topic, 6)), " ".join(told), at, seen))
    return items


def rebuilt(placed: Sequence[Placed]) -> StoryIndex:
    """From what is stored: the contents of the window and an hour, in the order of assignment."""
    latest = max(one.item.seen_at for one in placed)
    floor = latest - timedelta(seconds=WINDOW_SECONDS + 3600)
    index = StoryIndex()
    index.replay(one for one in placed if one.item.seen_at > floor)
    return index


@pytest.mark.mission("M03")
@pytest.mark.parametrize("seed", range(3))
def test_an_index_rebuilt_at_any_point_goes_on_exactly_as_before(seed: int) -> None:
    items, chance = days_of_news(seed, 700), random.Random(seed)
    undisturbed, dying = StoryIndex(), StoryIndex()
    placed: list[Placed] = []
    for item in items:
        if placed and chance.random() < 0.03:
            dying = rebuilt(placed)
        if placed and chance.random() < 0.02:
            placed = _moved(placed, [undisturbed, dying], chance)
        expected, found = undisturbed.assign(item), dying.assign(item)
        assert found == expected
        placed.append(Placed(item, found.story_id, found.strand_id))
    assert 5 < len({one.story_id for one in placed}) < len(items) / 2
    assert len(dying) == len(undisturbed) < len(items)


def _moved(placed: list[Placed], indexes: Sequence[StoryIndex], chance: random.Random) -> list[Placed]:
    """A person puts some items of one story into a story of their own."""
    story = chance.choice(placed).story_id
    chosen = {one.item.id for one in placed if one.story_id == story and chance.random() < 0.5}
    for index in indexes:
        index.move(chosen, f"of {story}", f"of {story}")
    return [Placed(one.item, f"of {story}", f"of {story}") if one.item.id in chosen else one for one in placed]


def test_what_is_older_than_the_window_is_forgotten_whole() -> None:
    index = StoryIndex()
    for item in days_of_news(7, 300):
        index.assign(item)
    later = BEGIN + timedelta(days=30)
    index.assign(Item("last", "", "", later, later))
    assert (len(index), len(index._strands), len(index._expiring)) == (1, 1, 1)
    assert not index._frequency.any()
    assert not index._common.any()
    assert not index._asked.any()


def test_a_merged_story_goes_on_by_the_likeness_of_each_of_its_strands() -> None:
    """The mean over both would be like neither, and what follows would open a third story."""
    items = days_of_news(1, 200, topics=4)
    index, given = StoryIndex(), {}
    for item in items[:-20]:
        given[item.id] = index.assign(item)
    one, other = sorted({found.story_id for found in given.values()})[-2:]
    strands = {found.strand_id for found in given.values() if found.story_id == other}
    for strand in strands:
        index.move([key for key, found in given.items() if found.strand_id == strand], one, strand)
    after = [index.assign(item) for item in items[-20:]]
    assert other not in {found.story_id for found in after}
    assert {found.story_id for found in after if found.strand_id in strands} <= {one}


def test_postings_grow_and_drop_what_died() -> None:
    postings, chance = Postings(), random.Random(5)
    live: dict[int, set[int]] = {}
    for step in range(15_000):
        keys = [chance.randrange(50) * 1000 for _ in range(3)]
        live[postings.add(np.array(keys, np.int64))] = set(keys)
        if len(live) > 50:
            number = min(live) if step % 7 else chance.choice(list(live))
            postings.remove(number)
            del live[number]
        if step % 500 == 0:
            slot = keys[0]
            found = postings.find(np.array([slot], np.uint32), np.array([7]), 100)
            holders = sorted((number for number, held in live.items() if slot in held), reverse=True)
            assert found == holders[: len(found)]
            assert len(found) == min(len(holders), 12)


def test_evidence_is_the_same_with_and_without_marks_and_each_slot_once() -> None:
    marked = read_evidence("Vỡ ống nước", "Đường Trần Phú ngập, 12.000 hộ mất nước.")
    plain = read_evidence("Vo ong nuoc", "Duong Tran Phu ngap, 12.000 ho mat nuoc.")
    assert (marked.terms == plain.terms).all()
    assert marked.figures == plain.figures == {"ho=12000"}
    slots = marked.terms >> WEIGHT_BITS
    assert len(set(slots.tolist())) == len(slots)
    assert int(slots.max()) < SLOTS
    assert (len(marked.places), len(plain.places)) == (1, 0), "a place is told by its capitals after the word before it"
    empty = read_evidence("", "")
    assert (len(empty.terms), empty.places, empty.figures) == (0, frozenset(), frozenset())


def test_other_scripts_and_emoji_are_read() -> None:
    assert len(read_evidence("Привет мир", "🔥🔥 Новости города").terms)
    assert not len(read_evidence("🔥", "!!!").terms)
    index = StoryIndex()
    assert index.assign(Item("a", "🔥", "!!!", BEGIN, BEGIN)).is_new
    assert index.assign(Item("b", "🔥", "!!!", BEGIN, BEGIN)).is_new, "nothing to judge by is no likeness"
