"""What of a text identifies an event: its terms, where it says that something happened, and its figures.

Chosen by position and repetition alone, never by what other texts hold, so that reading an item again gives the same
evidence. A term is a word, a pair of words, or one of these in the headline; it is known by the slot it hashes to, and
a text is an array of slots with weights, all whole numbers: sums over them are exact in any order.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from libs.common.text import unmark, words
from services.classify.function_words import FUNCTION_WORDS

Ints = NDArray[np.int64]
Packed = NDArray[np.uint32]

_SLOT_BITS = 20
SLOTS = 1 << _SLOT_BITS
WEIGHT_BITS = np.uint32(8)
"""A term is packed as `slot << 8 | weight`."""
KEYS = 64
"""By so many of its first terms an item can be found."""

_LEAD_WORDS, _LEAD_CHARS = 300, 1650
_FACTS_CHARS = 500
_TITLE_WEIGHT, _HEADLINE_WEIGHT = 3, 4
_COUNT_BITS, _COUNT_MASK = np.uint32(4), np.uint32(15)
_MAX_COUNT = 255
_KNOWN_WORDS = 1 << 18
_PAIR, _SECOND, _HEADLINE = (np.uint32(prime) for prime in (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35))
_SHIFT = np.uint32(32 - _SLOT_BITS)

_WEIGHTS = np.array([0, *np.rint(4 * (1 + np.log(np.arange(1, _MAX_COUNT + 1))))], np.uint32)
ONCE = int(_WEIGHTS[1])
"""The weight of a term that is there once."""

_STOP_WORDS = FUNCTION_WORDS | frozenset(
    """con tuy nhien boi ngay nam thang gio hai ba bon bay tam chin muoi ong anh the qua toi sang chieu hom""".split()
)
_LEADING = """tại ở xã phường quận huyện tỉnh đường phố cầu sông thôn ngõ chợ hồ trấn giao""".split()
_BEFORE_PLACE = frozenset([*_LEADING, *(word.capitalize() for word in _LEADING), "TP", "TP.", "thị", "Thị"])
"""Words that a place's name follows; of "thị xã", "khu đô thị", "nút giao" the last one counts."""
_NAME_WORDS = 3
_MARKS = ".,;:!?()[]\"'“”‘’…"
_COUNTED = re.compile(r"\d(?<![\w.,]\d)(?:\d|[.,]\d{3})* [^\W\d_]+")
_KNOWN_NAMES = 1 << 16
_GENERIC_PLACES = frozenset({"ha noi", "viet nam", "thu do", "thu do ha noi", "tp", "tw", "trung uong", "ubnd"})
_GENERIC_UNITS = frozenset({"gio", "ngay", "thang", "nam", "phut", "h"})


class Evidence(NamedTuple):
    """`terms` are packed and sorted by slot, each slot once; `keys` are the slots an item is found by; `places` are
    slots of folded names; `figures` are like "ho=300"."""

    terms: Packed
    keys: Ints
    places: frozenset[int]
    figures: frozenset[str]


class _Words(dict[str, int]):
    """The hash of each word as written, the same in every process; 0 for words that carry no topic."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _KNOWN_WORDS:
            self.clear()
        folded = "".join(words(unmark(word)))
        found = 0 if _is_empty(folded) else crc32(folded.encode()) or 1
        self[word] = found
        return found


def _is_empty(word: str) -> bool:
    return not word or word in _STOP_WORDS or (len(word) < 2 and not word.isdigit())


_HASHES = _Words()


def read_evidence(title: str, text: str, places: frozenset[str] = frozenset()) -> Evidence:
    """Of a well-formed (NFC) text, as everything is that is stored."""
    head, lead = _hashes(title), _hashes(text[:_LEAD_CHARS])[:_LEAD_WORDS]
    hashes = _terms([*head, 0, *lead])
    is_term = hashes != 0
    count = int(np.count_nonzero(is_term[: 2 * len(head)]))
    terms = hashes[is_term]
    slots = np.concatenate((terms, terms[:count] * _HEADLINE)) >> _SHIFT
    counted = (slots << _COUNT_BITS) | np.uint32(1)
    counted[:count] += _TITLE_WEIGHT - 1
    counted[len(terms) :] += _HEADLINE_WEIGHT - 1
    facts = f"{title} . {text[:_FACTS_CHARS]}"
    named = _places(facts.split()).union(map(_place_slot, places)) - {0}
    return Evidence(_packed(counted), slots[:KEYS].astype(np.int64), named, _figures(facts))


def _packed(counted: Packed) -> Packed:
    if not len(counted):
        return counted
    counted.sort()
    slots = counted >> _COUNT_BITS
    is_first = np.ones(len(slots), bool)
    np.not_equal(slots[1:], slots[:-1], out=is_first[1:])
    starts = is_first.nonzero()[0]
    counts = np.minimum(np.add.reduceat(counted & _COUNT_MASK, starts), _MAX_COUNT)
    packed: Packed = (slots[starts] << WEIGHT_BITS) | _WEIGHTS[counts]
    return packed


def _hashes(text: str) -> list[int]:
    return list(map(_HASHES.__getitem__, words(text)))


def _terms(hashes: list[int]) -> Packed:
    """The words and the pairs of neighbours among them, in the order of the text; 0 where there is none."""
    single = np.array(hashes, np.uint32)
    terms = np.zeros(2 * len(single), np.uint32)
    terms[::2] = single
    if len(single) > 1:
        pairs = single[:-1] * _PAIR ^ single[1:] * _SECOND
        pairs[(single[:-1] == 0) | (single[1:] == 0)] = 0
        terms[1:-1:2] = pairs
    return terms


# --- what denies --------------------------------------------------------------------------------------------


def conflict(evidence: Evidence, held: Sequence[Evidence]) -> float:
    """How much the facts of an item deny that it tells the story of others: 0 (not at all) to 1.

    Places deny only when neither side so much as mentions a place of the other.
    """
    places = frozenset[int]().union(*(one.places for one in held))
    if evidence.places and places and not _meet(evidence, held, places):
        return 1.0
    if not evidence.figures:
        return 0.0
    ours, theirs = _by_unit(evidence.figures), _by_unit(figure for one in held for figure in one.figures)
    both = [(values, theirs[unit]) for unit, values in ours.items() if unit in theirs]
    agreed = sum(1 for values, others in both if values & others)
    return 0.15 if len(both) - agreed >= 2 and not agreed else 0.0


def _meet(evidence: Evidence, held: Sequence[Evidence], places: frozenset[int]) -> bool:
    if not evidence.places.isdisjoint(places) or any(_mentioned(evidence.places, one.terms) for one in held):
        return True
    # Once is in passing: "unlike in Hà Đông".
    return _mentioned(places, evidence.terms[(evidence.terms & _MAX_COUNT) > ONCE])


def _mentioned(places: Iterable[int], terms: Packed) -> bool:
    slots = terms >> WEIGHT_BITS
    return any((slots == place).any() for place in places)


def _places(told: Sequence[str]) -> frozenset[int]:
    """The names that stand after words like "phường", as they are written: with capitals."""
    if _BEFORE_PLACE.isdisjoint(told):
        return frozenset()
    names = (_name(told[n + 1 : n + 1 + _NAME_WORDS]) for n, word in enumerate(told) if word in _BEFORE_PLACE)
    return frozenset(_place_slot(name) for name in names if name)


def _name(following: Sequence[str]) -> str:
    """Words with capitals up to the first without, or to a mark of punctuation."""
    taken: list[str] = []
    for word in following:
        bare = word.strip(_MARKS)
        if not (bare[:1].isupper() or (taken and bare.isdigit())):
            break
        taken.append(bare)
        if not word.endswith(bare):
            break
    return " ".join(taken)


@lru_cache(_KNOWN_NAMES)
def _place_slot(name: str) -> int:
    """The slot under which a name is counted: its first pair. One syllable is half the names of the city."""
    folded = unmark(name)
    pair = next((pair for pair in pairwise(_hashes(folded)) if all(pair)), None)
    return int(_terms(list(pair))[1] >> _SHIFT) if pair and folded not in _GENERIC_PLACES else 0


def _figures(facts: str) -> frozenset[str]:
    counted = (told.partition(" ") for told in _COUNTED.findall(facts))
    found = ((_unit(word), number.replace(".", "").replace(",", "")) for number, _, word in counted)
    return frozenset(f"{unit}={number}" for unit, number in found if unit)


@lru_cache(_KNOWN_NAMES)
def _unit(word: str) -> str:
    """What is counted; nothing where it is time, or no word."""
    unit = unmark(word.strip(_MARKS))
    return unit if unit.isalpha() and unit not in _GENERIC_UNITS else ""


def _by_unit(figures: Iterable[str]) -> dict[str, set[str]]:
    units: dict[str, set[str]] = {}
    for figure in figures:
        unit, _, number = figure.partition("=")
        units.setdefault(unit, set()).add(number)
    return units
