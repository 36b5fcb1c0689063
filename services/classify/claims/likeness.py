"""How alike a claim and the passage of a text are that covers it best: from 0 to 1.

A logistic sum of a few shares, each of which can be read: of the claim's words, of its pairs, of its letters (three at
a time, which forgives spelling), of its names and of its numbers; and of the passage's own words that the claim knows.
The weights were fitted on a third of the project's own paraphrases and on news that repeat no claim.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from libs.common.text import nfc, unmark
from services.classify.claims.wording import is_number, pairs_of, read_words

_FILE = Path(__file__).with_name("background.txt")
_PAIR_WEIGHT = 0.6
_UPPER = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬĐÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_NAME = re.compile(rf"[{_UPPER}][^\W_]*(?:[ ][{_UPPER}0-9][^\W_]*)*")
_VOWEL = re.compile("[aeiouy0-9]")
_EVERYWHERE = frozenset({"ha noi", "viet nam", "thanh pho"})

WEIGHTS = {
    "words": 4.6, "pairs": 5.9, "letters": 3.7, "names": 3.2, "numbers": 0.3, "own": 4.7,
    "weight": 0.108, "length": -1.6,
}  # fmt: skip
BIAS = -6.4
_REST = WEIGHTS["names"] + WEIGHTS["numbers"] + WEIGHTS["own"]
"""What these can add at most."""
_LONG = 120
"""Words of a text beyond which it holds as many passages that match by chance as any."""


@dataclass(frozen=True, slots=True)
class Card:
    """What of a claim is compared. `short`: first letters → the words of a name."""

    terms: dict[str, float]
    total: float
    words: frozenset[str]
    pairs: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    letters: frozenset[str]
    short: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Passage:
    words: Sequence[str]
    terms: set[str]
    weight: float
    length: int


class _Rarity(dict[str, float]):
    """The rarity of each term seen, in the everyday texts that are shipped."""

    def __init__(self) -> None:
        head, *lines = _FILE.read_text(encoding="utf-8").splitlines()
        counts = (line.split(" ", 1) for line in lines)
        self._texts = float(head.split()[5])
        super().__init__({term: self._of(int(count)) for count, term in counts})
        self._unseen = self._of(1)

    def _of(self, count: int) -> float:
        return math.log(1 + self._texts / (count + 1.0))

    def __missing__(self, term: str) -> float:
        return self._unseen


@cache
def rarities() -> Mapping[str, float]:
    return _Rarity()


def term_weight(term: str) -> float:
    """What a word, or a pair of words, tells wherever it is found."""
    return rarities()[term] * (_PAIR_WEIGHT if " " in term else 1.0)


def read_card(text: str) -> Card:
    words = read_words(text)
    names = frozenset(_names(text))
    terms = {term: term_weight(term) for term in (*words, *pairs_of(words))}
    return Card(
        terms=terms,
        total=sum(terms.values()) or 1.0,
        words=frozenset(words),
        pairs=frozenset(pairs_of(words)),
        names=names,
        numbers=frozenset(filter(is_number, words)),
        letters=frozenset(_letters(words)),
        short=_short_names(words, names),
    )


def _names(text: str) -> list[str]:
    """Names of two words and more, but those that nearly every text of the city has; the first word is no name."""
    found = (unmark(name) for name in _NAME.findall(nfc(text)))
    return [name for name in found if " " in name and name not in _EVERYWHERE]


def _short_names(words: Sequence[str], names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    runs = [tuple(name.split()) for name in names]
    runs += [tuple(words[at : at + size]) for size in (3, 4) for at in range(len(words) - size + 1)]
    short = {"".join(word[0] for word in run): run for run in runs}
    return {letters: run for letters, run in short.items() if 2 <= len(letters) <= 4 and not _VOWEL.search(letters)}


def _letters(words: Sequence[str]) -> set[str]:
    joined = f" {' '.join(words)} "
    return {joined[at : at + 3] for at in range(len(joined) - 2)}


def likeness(card: Card, passage: Passage, least: float = 0.0) -> float:
    """0 where it cannot reach `least`: what takes most of the time, the letters last, is then not looked at."""
    known = BIAS + _told(_by_terms(card, passage))
    if _logistic(known + _REST + WEIGHTS["letters"]) < least:
        return 0.0
    known += _told(_by_words(card, passage))
    if _logistic(known + WEIGHTS["letters"]) < least:
        return 0.0
    there = _letters(passage.words)
    return _logistic(known + WEIGHTS["letters"] * len(card.letters & there) / max(1, len(card.letters)))


def _told(shares: Mapping[str, float]) -> float:
    return sum(WEIGHTS[name] * value for name, value in shares.items())


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def raised(score: float, by: float) -> float:
    """A score with these odds (their logarithm) added."""
    return _logistic(math.log(score / (1 - score)) + by)


def _by_terms(card: Card, passage: Passage) -> dict[str, float]:
    return {
        "words": _part(card.terms, card.words, passage.terms),
        "pairs": _part(card.terms, card.pairs, passage.terms),
        "weight": passage.weight,
        "length": math.log1p(min(passage.length, _LONG)),
    }


def _by_words(card: Card, passage: Passage) -> dict[str, float]:
    rare = rarities()
    own = sum(rare[word] for word in passage.words)
    told = sum(rare[word] for word in passage.words if word in card.words)
    return {
        "names": _found_names(card, passage),
        "numbers": _agreed(card.numbers, passage.words),
        "own": told / (own or 1.0),
    }


def _part(weights: dict[str, float], wanted: Collection[str], found: set[str]) -> float:
    total = sum(weights[term] for term in wanted)
    return sum(weights[term] for term in wanted if term in found) / total if total else 0.0


def _found_names(card: Card, passage: Passage) -> float:
    """1: every name of the claim; 0: none; half where it names nothing."""
    if not card.names:
        return 0.5
    found = {*pairs_of(passage.words), *passage.terms}
    return sum(1 for name in card.names if found.issuperset(pairs_of(name.split()))) / len(card.names)


def _agreed(wanted: frozenset[str], words: Sequence[str]) -> float:
    """1: a number is the same; -1: there are only others; 0: nothing to compare."""
    there = {word for word in words if is_number(word)} if wanted else set[str]()
    if not there:
        return 0.0
    return 1.0 if wanted & there else -1.0
