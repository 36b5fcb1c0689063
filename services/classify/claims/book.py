"""Which checked claim a text may repeat. It only suggests, and says how likely it finds it.

The claims stand in an inverted index of their words and pairs of words, weighed by how rare these are in everyday
texts; a text reads only the entries of its own words. The few claims that one passage covers best are compared more
closely (`likeness`). A claim is added or taken out by itself: nothing of the others changes.
"""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.classify.claims.likeness import Card, Passage, likeness, raised, read_card, term_weight
from services.classify.claims.meaning import FROM, TO, Meaning, weighed
from services.classify.claims.wording import Words, pairs_of, read_words

K = TypeVar("K", bound=Hashable)
Entry = tuple[NDArray[np.int64], NDArray[np.float64]]

MAX_CHARS = 4000
WINDOW = 44
"""Words of a passage: the longest claim in a sentence or two around it."""
LEAST_COVERED = 0.12
LEAST_OF_LONG = 0.2
"""Of the weight of a claim's words, in a text and in its best passage, before it is looked at."""
SHORT = 60
"""Words of a text that is not long."""
CLOSELY, CLOSELY_OF_LONG = 8, 5
"""So many claims of a text are compared closely."""
SUGGEST_FROM = 0.55
"""Chosen so that of 1,000 news that repeat none of some 70 claims at most five are suggested."""
FEW = 100
NEAR_FROM = 0.1
"""From here on a claim is shown to whoever looks one up."""
TOP = 5
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Suggestion(Generic[K]):
    claim_id: K
    score: float


class ClaimBook(Generic[K]):
    """Claims, asked for many texts. Each has a slot; a term has the slots of the claims that hold it."""

    def __init__(self, claims: Mapping[K, str]) -> None:
        self.claims: dict[K, str] = {}
        self.meaning: Meaning | None = None
        self._slots: dict[K, int] = {}
        self._held: list[tuple[K, Card] | None] = []
        self._free: list[int] = []
        self._totals = np.ones(0)
        self._holders: dict[str, list[int]] = {}
        self._packed: dict[str, Entry] = {}
        self._follows: dict[str, dict[str, str]] = {}
        self._short: dict[str, dict[Words, int]] = {}
        for claim_id, text in claims.items():
            self.add(claim_id, text)

    def add(self, claim_id: K, text: str) -> None:
        """Put a claim in, in place of the one of this id."""
        self.remove(claim_id)
        card, slot = read_card(text), self._new_slot()
        self.claims[claim_id], self._slots[claim_id], self._held[slot] = text, slot, (claim_id, card)
        self._totals[slot] = card.total
        for term in card.terms:
            self._holders.setdefault(term, []).append(slot)
            self._packed.pop(term, None)
        for pair in card.pairs:
            first, _, second = pair.partition(" ")
            self._follows.setdefault(first, {})[second] = pair
        for short, words in card.short.items():
            known = self._short.setdefault(short, {})
            known[words] = known.get(words, 0) + 1

    def remove(self, claim_id: K) -> None:
        slot = self._slots.pop(claim_id, None)
        held = None if slot is None else self._held[slot]
        if slot is None or held is None:
            return
        del self.claims[claim_id]
        self._held[slot] = None
        self._free.append(slot)
        for term in held[1].terms:
            self._holders[term].remove(slot)
            self._packed.pop(term, None)
            if not self._holders[term]:
                self._forget(term)
        for short, words in held[1].short.items():
            self._short[short][words] -= 1
            if not self._short[short][words]:
                del self._short[short][words]

    def _forget(self, term: str) -> None:
        del self._holders[term]
        first, _, second = term.partition(" ")
        if second:
            del self._follows[first][second]

    def _new_slot(self) -> int:
        if self._free:
            return self._free.pop()
        self._held.append(None)
        if len(self._held) > len(self._totals):
            self._totals = np.concatenate((self._totals, np.ones(max(64, len(self._totals)))))
        return len(self._held) - 1

    @property
    def threshold(self) -> float:
        """The score from which a claim is suggested unasked: the more claims there are, the likelier is a chance."""
        return raised(SUGGEST_FROM, math.log(max(1.0, len(self.claims) / FEW)))

    def suggest(self, title: str, text: str, least: float | None = None, top: int = TOP) -> list[Suggestion[K]]:
        """The claims this text may repeat, best first: those worth suggesting, or those from `least` on. Nothing here
        says that it does."""
        least = self.threshold if least is None else least
        words = read_words(f"{title}. {text[:MAX_CHARS]}")
        floor = min(least, FROM) if self.meaning else least
        found = [(claim_id, score) for claim_id, score in self._scored(words, floor) if score >= floor]
        if self.meaning and found:
            found = self._reconsidered(found, f"{title}. {text}" if title else text)
        kept = [Suggestion(claim_id, round(score, 4)) for claim_id, score in found if score >= least]
        return sorted(kept, key=lambda one: (-one.score, str(one.claim_id)))[:top]

    def _scored(self, words: Sequence[str], least: float) -> Iterator[tuple[K, float]]:
        places = self._places(words)
        enough, most = (LEAST_COVERED, CLOSELY) if len(words) <= SHORT else (LEAST_OF_LONG, CLOSELY_OF_LONG)
        for claim_id, card in self._covered(places, enough, most):
            passage = _passage(card, words, places)
            if passage.weight >= enough * card.total:
                yield claim_id, likeness(card, passage, least)

    def _reconsidered(self, found: list[tuple[K, float]], text: str) -> list[tuple[K, float]]:
        """The same with a second opinion on those that are uncertain."""
        meaning, told = self.meaning, []
        for claim_id, score in found:
            cosine = meaning.near(self.claims[claim_id], text) if meaning and FROM <= score <= TO else None
            told.append((claim_id, score if cosine is None else weighed(score, cosine)))
        return told

    def _places(self, words: Sequence[str]) -> dict[str, list[int]]:
        """Where in the text each term stands that some claim has."""
        holders, follows, places = self._holders, self._follows, dict[str, list[int]]()
        after: Mapping[str, str] = _NOTHING
        for at, word in enumerate(words):
            if word not in holders:
                after = _NOTHING
                for meant in self._short.get(word, ()):
                    self._add_meant(meant, at, places)
                continue
            places.setdefault(word, []).append(at)
            if word in after:
                places.setdefault(after[word], []).append(at)
            after = follows.get(word, _NOTHING)
        return places

    def _add_meant(self, meant: Words, at: int, places: dict[str, list[int]]) -> None:
        """A name written by its first letters stands for its words."""
        for term in (*meant, *pairs_of(meant)):
            if term in self._holders:
                places.setdefault(term, []).append(at)

    def _covered(self, places: Mapping[str, list[int]], enough: float, most: int) -> list[tuple[K, Card]]:
        """The claims of which the whole text says most."""
        if not places:
            return []
        packed, held = self._packed, self._held
        entries = [packed.get(term) or self._pack(term) for term in places]
        slots = np.concatenate([entry[0] for entry in entries])
        weights = np.concatenate([entry[1] for entry in entries])
        shares = np.bincount(slots, weights, len(self._totals)) / self._totals
        near = np.flatnonzero(shares >= enough)
        if len(near) > most:
            near = near[np.argsort(-shares[near], kind="stable")[:most]]
        return [one for one in map(held.__getitem__, near.tolist()) if one is not None]

    def _pack(self, term: str) -> Entry:
        """The slots that hold a term, and its weight for each."""
        slots = np.array(self._holders[term], np.int64)
        entry = self._packed[term] = slots, np.full(len(slots), term_weight(term))
        return entry


def _passage(card: Card, words: Sequence[str], places: Mapping[str, list[int]]) -> Passage:
    """The stretch of the text that covers most of the claim."""
    hits = sorted((at, term) for term in card.terms.keys() & places.keys() for at in places[term])
    best, best_weight, weight, start = (0, 0), 0.0, 0.0, 0
    inside: dict[str, int] = {}
    for end, (at, term) in enumerate(hits):
        count = inside.get(term, 0)
        inside[term] = count + 1
        weight += 0.0 if count else card.terms[term]
        while at - hits[start][0] > WINDOW:
            gone = hits[start][1]
            inside[gone] -= 1
            weight -= 0.0 if inside[gone] else card.terms[gone]
            start += 1
        if weight > best_weight + 1e-9:
            best, best_weight = (start, end), weight
    terms = {term for _, term in hits[best[0] : best[1] + 1]}
    first, last = hits[best[0]][0], hits[best[1]][0]
    return Passage(words[max(0, first - 2) : last + 3], terms, best_weight, len(words))
