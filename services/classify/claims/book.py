"""Which checked claim a text may repeat: words and pairs of words shared with the best passage. It only suggests."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from libs.common.text import unmark, words
from services.classify.function_words import FUNCTION_WORDS

K = TypeVar("K", bound=Hashable)

MAX_CHARS = 6000
PASSAGE, STEP = 60, 30
SUGGEST_FROM = 0.34
TOP = 5
_PAIR_WEIGHT = 1.5
_FILLERS = FUNCTION_WORDS


@dataclass(frozen=True, slots=True)
class Suggestion(Generic[K]):
    claim_id: K
    score: float


class ClaimBook(Generic[K]):
    """Claims, with what each of their words tells among them; built once and asked for many texts."""

    def __init__(self, claims: Mapping[K, str]) -> None:
        self.claims = dict(claims)
        self._terms = {claim_id: set(_terms(_words(text))) for claim_id, text in claims.items()}
        holders: dict[str, list[K]] = {}
        for claim_id, terms in self._terms.items():
            for term in terms:
                holders.setdefault(term, []).append(claim_id)
        self._holders = holders
        self._weights = {term: _weight(term, len(ids), len(claims)) for term, ids in holders.items()}
        self._totals = {claim_id: sum(map(self._weights.__getitem__, ts)) for claim_id, ts in self._terms.items()}

    def suggest(self, title: str, text: str, least: float = SUGGEST_FROM, top: int = TOP) -> list[Suggestion[K]]:
        """The claims this text may repeat, best first. Nothing here says that it does."""
        best: dict[K, float] = {}
        for passage in _passages(_words(f"{title}. {text[:MAX_CHARS]}")):
            for claim_id, shared in self._shared(passage).items():
                score = shared / self._totals[claim_id]
                best[claim_id] = max(best.get(claim_id, 0.0), score)
        kept = [Suggestion(claim_id, round(score, 4)) for claim_id, score in best.items() if score >= least]
        return sorted(kept, key=lambda found: (-found.score, str(found.claim_id)))[:top]

    def _shared(self, passage: Sequence[str]) -> dict[K, float]:
        shared: dict[K, float] = {}
        for term in set(_terms(passage)) & self._holders.keys():
            for claim_id in self._holders[term]:
                shared[claim_id] = shared.get(claim_id, 0.0) + self._weights[term]
        return shared


def telling_pairs(text: str, most: int = 12) -> list[tuple[str, str]]:
    """Pairs of neighbouring words of a claim, the longest first: by them contents are looked up."""
    tokens = _words(text)
    pairs = dict.fromkeys(pairwise(tokens))
    return sorted(pairs, key=lambda pair: -len("".join(pair)))[:most]


def _weight(term: str, holders: int, claims: int) -> float:
    rarity = math.log(1 + (claims + 8) / (holders + 1))
    return rarity * (_PAIR_WEIGHT if " " in term else 1.0)


def _words(text: str) -> list[str]:
    return [word for word in words(unmark(text)) if word not in _FILLERS]


def _terms(tokens: Sequence[str]) -> Iterator[str]:
    yield from tokens
    for first, second in pairwise(tokens):
        yield f"{first} {second}"


def _passages(tokens: Sequence[str]) -> Iterator[Sequence[str]]:
    """Overlapping passages, so that a long text does not hold every claim somewhere."""
    for start in range(0, max(1, len(tokens) - PASSAGE + STEP), STEP):
        yield tokens[start : start + PASSAGE]
