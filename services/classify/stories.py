"""One story once: an online clusterer that sees every item once, in order.

The state is a function of the items of the last 72 hours, of their order, and of the stories they were given, and of
nothing else: weights are whole numbers, sums are exact, ties are broken by id. So an index rebuilt with `replay` from
stored assignments goes on exactly as the one that was lost would have.

An item joins the strand whose items are most like it on average. A strand is what the clusterer put together; a story
is one strand, or several that a person has merged, and each goes on by its own likeness.
"""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classify.evidence import SLOTS, WEIGHT_BITS, Evidence, Ints, Packed, conflict, read_evidence
from services.classify.postings import Postings

WINDOW_SECONDS = 72 * 3600.0
THRESHOLD = 0.19
_DECAY_PER_DAY = 0.03
_PLACE_BONUS, _CONFLICT_PENALTY = 0.04, 0.1
_SHORT_TERMS, _SHORT_PENALTY = 24, 0.15
_PRIOR = 300
_FOUND, _STRANDS = 16, 4
_FIRST, _LAST = 2, 4
"""Of a long strand the items that stand for it: the first and the last that live."""
_WEIGHT_MASK = np.uint32(255)
_NO_KEYS: Ints = np.zeros(0, np.int64)
_SCALE = 32
_MOST_ITEMS = 1 << 20
_LOG: NDArray[np.int16] = np.rint(_SCALE * np.log(np.arange(1, _MOST_ITEMS + 1))).astype(np.int16)
"""Logarithms of 1, 2, …, scaled and whole."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the clusterer needs of a content; `at` is when it was said, `seen_at` when we first saw it."""

    id: str
    title: str
    text: str
    at: datetime
    seen_at: datetime
    places: frozenset[str] = frozenset()


class Assignment(NamedTuple):
    story_id: str
    strand_id: str
    score: float
    is_new: bool


class Placed(NamedTuple):
    """An item with what it was given."""

    item: Item
    story_id: str
    strand_id: str


@dataclass(slots=True)
class _Member:
    id: str
    evidence: Evidence
    at: float
    seen: float
    strand: str = ""


@dataclass(slots=True)
class _Strand:
    story_id: str
    items: list[int] = field(default_factory=list)

    def standing(self) -> list[int]:
        return self.items if len(self.items) <= _FIRST + _LAST else self.items[:_FIRST] + self.items[-_LAST:]


class StoryIndex:
    """The stories of the last 72 hours, found again by the rare terms an item shares with theirs."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._members: dict[int, _Member] = {}
        self._numbers: dict[str, int] = {}
        self._strands: dict[str, _Strand] = {}
        self._postings = Postings()
        self._frequency = np.zeros(SLOTS, np.int32)
        self._common = np.zeros(SLOTS, np.int16)
        self._asked = np.zeros(SLOTS, np.int16)
        self._expiring: list[tuple[float, int]] = []
        self._latest = float("-inf")

    def __len__(self) -> int:
        return len(self._members)

    def assign(self, item: Item) -> Assignment:
        """Give the item to the story it continues, or open a story that carries the item's own id."""
        member = _read(item)
        self._forget(member.seen)
        strand_id, score = self._best(member)
        is_new = strand_id is None
        strand_id = strand_id or item.id
        story_id = item.id if is_new else self._strands[strand_id].story_id
        self._add(member, story_id, strand_id)
        return Assignment(story_id, strand_id, score, is_new)

    def replay(self, placed: Iterable[Placed]) -> None:
        """Rebuild: take items in the order they were assigned, with what they were given."""
        for item, story_id, strand_id in placed:
            member = _read(item)
            self._forget(member.seen)
            self._add(member, story_id, strand_id)

    def move(self, item_ids: Collection[str], story_id: str, strand_id: str) -> None:
        """What a person decided: these items belong to that strand of that story."""
        numbers = [self._numbers[item_id] for item_id in item_ids if item_id in self._numbers]
        for number in numbers:
            self._leave(number)
            self._members[number].strand = strand_id
        if numbers:
            strand = self._strands.setdefault(strand_id, _Strand(story_id))
            strand.story_id = story_id
            strand.items = sorted(strand.items + numbers)

    def _add(self, member: _Member, story_id: str, strand_id: str) -> None:
        if member.seen < self._latest - WINDOW_SECONDS:
            return
        number = self._postings.add(member.evidence.keys)
        member.evidence = member.evidence._replace(keys=_NO_KEYS)
        member.strand = strand_id
        self._members[number] = member
        self._numbers[member.id] = number
        self._count(member, 1)
        self._strands.setdefault(strand_id, _Strand(story_id)).items.append(number)
        heapq.heappush(self._expiring, (member.seen, number))

    def _forget(self, seen: float) -> None:
        self._latest = max(self._latest, seen)
        while self._expiring and self._expiring[0][0] < self._latest - WINDOW_SECONDS:
            self._remove(heapq.heappop(self._expiring)[1])

    def _remove(self, number: int) -> None:
        self._leave(number)
        member = self._members.pop(number)
        del self._numbers[member.id]
        self._count(member, -1)
        self._postings.remove(number)

    def _count(self, member: _Member, step: int) -> None:
        slots = _slots(member.evidence.terms)
        counts = self._frequency[slots] + step
        self._frequency[slots] = counts
        self._common[slots] = _LOG[counts]

    def _leave(self, number: int) -> None:
        strand_id = self._members[number].strand
        items = self._strands[strand_id].items
        items.remove(number)
        if not items:
            del self._strands[strand_id]

    # --- the best strand ------------------------------------------------------------------------------------

    def _best(self, member: _Member) -> tuple[str | None, float]:
        """The strand an item continues, if any, and how like it is to the one it is most like."""
        terms = member.evidence.terms
        if not self._members or not len(terms):
            return None, 0.0
        needed = self._threshold + (_SHORT_PENALTY if len(terms) < _SHORT_TERMS else 0.0)
        slots = _slots(terms)
        weighed: Ints = (terms & _WEIGHT_MASK).astype(np.int64) * self._rarity(slots)
        strands = self._candidates(slots, weighed)
        best, score = "", 0.0
        for mean, strand_id in self._likeness(slots, weighed, strands):
            likeness = mean
            if mean + _PLACE_BONUS >= needed:
                likeness += self._nearness(member, strand_id)
                if likeness >= needed:
                    likeness -= self._denied(member, strand_id)
            if (likeness, strand_id) > (score, best):
                best, score = strand_id, likeness
        return (best if score >= needed else None), round(score, 4)

    def _rarity(self, slots: Ints) -> NDArray[np.int16]:
        rarity: NDArray[np.int16] = _LOG[len(self._members) + _PRIOR - 1] - self._common[slots]
        return rarity

    def _candidates(self, slots: Ints, weighed: Ints) -> list[str]:
        """The strands of the items that share the most, and the rarest, with this one."""
        found = self._postings.find(slots, weighed, _FOUND)
        strands = dict.fromkeys(self._members[number].strand for number in found)
        return list(strands)[:_STRANDS]

    def _likeness(self, slots: Ints, weighed: Ints, strands: Sequence[str]) -> list[tuple[float, str]]:
        """The mean cosine to the items that stand for each strand."""
        standing = [self._strands[one].standing() for one in strands]
        cosines = iter(self._cosines([number for one in standing for number in one], slots, weighed))
        means = (sum(islice(cosines, len(numbers))) / len(numbers) for numbers in standing)
        return list(zip(means, strands, strict=True))

    def _cosines(self, numbers: Sequence[int], slots: Ints, weighed: Ints) -> list[float]:
        if not numbers:
            return []
        arrays = [self._members[number].evidence.terms for number in numbers]
        starts = np.cumsum([0, *(len(one) for one in arrays[:-1])])
        terms = np.concatenate(arrays)
        theirs = _slots(terms)
        weights = (terms & _WEIGHT_MASK).astype(np.int32) * self._rarity(theirs)
        self._asked[slots] = weighed
        dots = np.add.reduceat(weights * self._asked[theirs], starts, dtype=np.int64)
        self._asked[slots] = 0
        norms = np.add.reduceat(weights * weights, starts, dtype=np.int64) * float(np.dot(weighed, weighed))
        cosines: list[float] = (dots / np.sqrt(norms)).tolist()
        return cosines

    def _nearness(self, member: _Member, strand_id: str) -> float:
        """More for a place in common, less for each day between an item and the times of a strand."""
        held = [self._members[number] for number in self._strands[strand_id].standing()]
        first, last = min(one.at for one in held), max(one.at for one in held)
        days = max(first - member.at, member.at - last, 0.0) / 86400
        places = member.evidence.places
        is_here = bool(places) and any(not places.isdisjoint(one.evidence.places) for one in held)
        return (_PLACE_BONUS if is_here else 0.0) - _DECAY_PER_DAY * days

    def _denied(self, member: _Member, strand_id: str) -> float:
        held = [self._members[number].evidence for number in self._strands[strand_id].standing()]
        return _CONFLICT_PENALTY * conflict(member.evidence, held)


def _slots(terms: Packed) -> Ints:
    return (terms >> WEIGHT_BITS).astype(np.int64)


def _read(item: Item) -> _Member:
    evidence = read_evidence(item.title, item.text, item.places)
    return _Member(item.id, evidence, item.at.timestamp(), item.seen_at.timestamp())
