"""One story once: an online clusterer that sees every item once, in order.

The state is a function of the items of the last 72 hours and of the stories they were given, and of nothing
else (weights are whole numbers, sums are exact, ties are broken by id). So an index rebuilt with `replay`
from stored assignments goes on exactly as the one that was lost would have.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.classify.evidence import Evidence, conflict, read_evidence

WINDOW_SECONDS = 72 * 3600.0
THRESHOLD = 0.22
_DECAY_PER_DAY = 0.04
_CONFLICT_PENALTY = 0.6
_SHORT_TERMS, _SHORT_PENALTY = 14, 0.15
_PRIOR = 300
_RARE_TERMS, _CANDIDATES = 16, 6
_PRUNE = 0.6
_LOG_SIZE = 4096
_LOG = [math.log(count + 1) for count in range(_LOG_SIZE)]
_QUANTUM = [0, *(round(4 * (1 + math.log(count))) for count in range(1, 256))]


@dataclass(frozen=True, slots=True)
class Item:
    """What the clusterer needs of a content; `at` is when it was said, `seen_at` when we first saw it."""

    id: str
    title: str
    text: str
    at: datetime
    seen_at: datetime
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Assignment:
    story_id: str
    score: float
    is_new: bool


@dataclass(slots=True)
class _Member:
    story: int
    terms: dict[str, int]
    evidence: Evidence
    at: float
    seen: float


@dataclass(slots=True)
class _Story:
    id: str
    terms: dict[str, int] = field(default_factory=dict)
    squares: int = 0
    places: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)


class StoryIndex:
    """The stories of the last 72 hours, found again by the rare terms an item shares with them."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._stories: dict[int, _Story] = {}
        self._numbers: dict[str, int] = {}
        self._postings: dict[str, list[int]] = {}
        self._frequency: dict[str, int] = {}
        self._members: list[tuple[float, int, _Member]] = []
        self._count = 0
        self._latest = float("-inf")

    def __len__(self) -> int:
        return len(self._members)

    def assign(self, item: Item) -> Assignment:
        """Give the item to the story it continues, or open a story that carries the item's own id."""
        member = self._read(item)
        self._forget(member.seen)
        number, score = self._best(member)
        if number is None:
            self._add(item.id, member)
            return Assignment(item.id, score, True)
        story_id = self._stories[number].id
        self._add(story_id, member)
        return Assignment(story_id, score, False)

    def replay(self, items: Iterable[tuple[Item, str]]) -> None:
        """Rebuild: take items in the order they were assigned, with the stories they were given."""
        for item, story_id in items:
            member = self._read(item)
            self._forget(member.seen)
            self._add(story_id, member)

    def _read(self, item: Item) -> _Member:
        evidence = read_evidence(item.title, item.text, item.places)
        terms = {term: _QUANTUM[min(count, 255)] for term, count in evidence.terms.items()}
        return _Member(-1, terms, evidence, item.at.timestamp(), item.seen_at.timestamp())

    def _add(self, story_id: str, member: _Member) -> None:
        if member.seen < self._latest - WINDOW_SECONDS:
            return
        number = self._number(story_id)
        story, member.story = self._stories[number], number
        frequency, terms = self._frequency, story.terms
        for term, weight in member.terms.items():
            frequency[term] = frequency.get(term, 0) + 1
            before = terms.get(term, 0)
            terms[term] = before + weight
            story.squares += weight * (2 * before + weight)
            if not before:
                self._postings.setdefault(term, []).append(number)
        story.places.update(member.evidence.places)
        story.figures.update(member.evidence.figures)
        story.times.append(member.at)
        self._count += 1
        heapq.heappush(self._members, (member.seen, self._count, member))

    def _number(self, story_id: str) -> int:
        number = self._numbers.get(story_id)
        if number is None:
            number = self._numbers[story_id] = self._count + 1
            self._stories[number] = _Story(story_id)
        return number

    def _forget(self, seen: float) -> None:
        self._latest = max(self._latest, seen)
        while self._members and self._members[0][0] < self._latest - WINDOW_SECONDS:
            self._remove(heapq.heappop(self._members)[2])

    def _remove(self, member: _Member) -> None:
        story = self._stories[member.story]
        for term, weight in member.terms.items():
            self._remove_term(story, member.story, term, weight)
        story.places.subtract(member.evidence.places)
        story.figures.subtract(member.evidence.figures)
        story.places, story.figures = +story.places, +story.figures
        story.times.remove(member.at)
        if not story.times:
            del self._stories[member.story], self._numbers[story.id]

    def _remove_term(self, story: _Story, number: int, term: str, weight: int) -> None:
        if self._frequency[term] == 1:
            del self._frequency[term]
        else:
            self._frequency[term] -= 1
        after = story.terms[term] - weight
        story.squares -= weight * (2 * after + weight)
        if after:
            story.terms[term] = after
            return
        del story.terms[term]
        holders = self._postings[term]
        holders.remove(number)
        if not holders:
            del self._postings[term]

    def _best(self, member: _Member) -> tuple[int | None, float]:
        rarity = self._rarity(member.terms)
        norm = math.sqrt(math.fsum((weight * rarity[term]) ** 2 for term, weight in member.terms.items()))
        best: tuple[float, str, int | None] = (0.0, "", None)
        for number in self._candidates(member.terms, rarity):
            score = self._score(member, self._stories[number], rarity, norm)
            best = max(best, (score, self._stories[number].id, number), key=lambda found: found[:2])
        needed = self._threshold + (_SHORT_PENALTY if len(member.terms) < _SHORT_TERMS else 0.0)
        return (best[2] if best[0] >= needed else None), round(max(best[0], 0.0), 4)

    def _rarity(self, terms: Iterable[str]) -> dict[str, float]:
        total, counts, log = self._ceiling(), self._frequency, math.log
        known = ((term, counts.get(term, 0)) for term in terms)
        return {term: total - (_LOG[n] if n < _LOG_SIZE else log(n + 1)) for term, n in known}

    def _ceiling(self) -> float:
        """The rarity of a term that no item in the window holds."""
        return math.log(len(self._members) + _PRIOR)

    def _candidates(self, terms: dict[str, int], rarity: dict[str, float]) -> list[int]:
        known = [term for term in terms if term in self._postings]
        shared: dict[int, float] = {}
        for term in heapq.nlargest(_RARE_TERMS, known, key=lambda term: terms[term] * rarity[term]):
            weight = terms[term] * rarity[term] ** 2
            for number in self._postings[term]:
                shared[number] = shared.get(number, 0.0) + weight
        stories = self._stories
        return heapq.nlargest(_CANDIDATES, shared, key=lambda number: (shared[number], stories[number].id))

    def _score(self, member: _Member, story: _Story, rarity: dict[str, float], norm: float) -> float:
        gap = min(abs(member.at - time) for time in (min(story.times), max(story.times)))
        if min(story.times) <= member.at <= max(story.times):
            gap = 0.0
        if gap > WINDOW_SECONDS:
            return 0.0
        theirs = story.terms
        shared = [(term, weight) for term, weight in member.terms.items() if term in theirs]
        dot = math.fsum(weight * theirs[term] * rarity[term] ** 2 for term, weight in shared)
        longest = math.sqrt(story.squares) * self._ceiling()
        if dot < _PRUNE * self._threshold * norm * longest:
            return 0.0
        score = dot / (norm * self._norm(theirs)) - _DECAY_PER_DAY * gap / 86400
        return score - _CONFLICT_PENALTY * conflict(member.evidence, theirs, story.places, story.figures)

    def _norm(self, terms: dict[str, int]) -> float:
        rarity = self._rarity(terms)
        return math.sqrt(math.fsum([(weight * rarity[term]) ** 2 for term, weight in terms.items()]))
