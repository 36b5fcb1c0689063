"""What of a text identifies an event: its terms, where it says that something happened, and its figures.

Chosen by position and repetition alone, never by what other texts hold, so that reading an item again
gives the same evidence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.common.text import nfc, unmark, words
from services.classify.function_words import FUNCTION_WORDS

_TITLE_WEIGHT = 3
_LEAD_WORDS = 120
_FACTS_CHARS = 500

_STOP_WORDS = FUNCTION_WORDS | frozenset(
    """con tuy nhien boi ngay nam thang gio hai ba bon bay tam chin muoi ong anh the qua toi sang chieu hom""".split()
)
_UPPER = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬĐÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_NAME = rf"[{_UPPER}][^\W_]*(?:[ ][{_UPPER}0-9][^\W_]*){{0,2}}"
_PLACE = re.compile(
    r"(?<![^\W_])(?:[Tt]ại|[Ởở]|[Xx]ã|[Pp]hường|[Qq]uận|[Hh]uyện|[Tt]hị xã|[Tt]hị trấn|[Tt]hành phố|[Tt]ỉnh|TP|"
    r"[Đđ]ường|[Pp]hố|[Cc]ầu|[Ss]ông|[Tt]hôn|[Nn]gõ|[Cc]hợ|[Hh]ồ|[Kk]hu đô thị|[Nn]út giao)[. ]+"
    rf"({_NAME})"
)
_FIGURE = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,]\d{3})*|\d+) ([^\W\d_]+)")
_GENERIC_PLACES = frozenset({"ha noi", "viet nam", "thu do", "thu do ha noi", "tp", "tw", "trung uong", "ubnd"})
_GENERIC_UNITS = frozenset({"gio", "ngay", "thang", "nam", "phut", "h"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """`terms` counts words and pairs; `places` are folded names; `figures` are like "ho=300"."""

    terms: Mapping[str, int]
    places: frozenset[str]
    figures: frozenset[str]


def read_evidence(title: str, text: str, places: frozenset[str] = frozenset()) -> Evidence:
    facts = nfc(f"{title}. {text[:_FACTS_CHARS]}")
    return Evidence(_terms(title, text), places | _places(facts), _figures(facts))


def conflict(
    evidence: Evidence, terms: Mapping[str, int], places: Mapping[str, int], figures: Mapping[str, int]
) -> float:
    """How much the facts of an item deny that it tells a given story: 0 (not at all) to 1.

    Places deny only when neither side so much as mentions a place of the other.
    """
    if evidence.places and places and not _meet(evidence, terms, places):
        return 1.0
    ours, theirs = _by_unit(evidence.figures), _by_unit(figures)
    denied = sum(1 for unit, values in ours.items() if unit in theirs and not values & theirs[unit])
    agreed = sum(1 for unit, values in ours.items() if unit in theirs and values & theirs[unit])
    return 0.15 if denied >= 2 and not agreed else 0.0


def _terms(title: str, text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    _count(counts, words(unmark(title)), _TITLE_WEIGHT)
    _count(counts, words(unmark(text[: _LEAD_WORDS * 7]))[:_LEAD_WORDS], 1)
    return counts


def _count(counts: dict[str, int], tokens: Iterable[str], weight: int) -> None:
    previous = ""
    for token in tokens:
        if token in _STOP_WORDS or (len(token) < 2 and not token.isdigit()):
            previous = ""
            continue
        counts[token] = counts.get(token, 0) + weight
        if previous:
            pair = f"{previous} {token}"
            counts[pair] = counts.get(pair, 0) + weight
        previous = token


def _places(facts: str) -> frozenset[str]:
    found = frozenset(unmark(name) for name in _PLACE.findall(facts)) - _GENERIC_PLACES
    return frozenset(key for name in found if (key := _place_key(name)))


def _place_key(name: str) -> str:
    """The term under which a name is counted: its first pair. One syllable is half the names of the city."""
    counts: dict[str, int] = {}
    _count(counts, name.split(" "), 1)
    return next((term for term in counts if " " in term), "")


def _meet(evidence: Evidence, terms: Mapping[str, int], places: Mapping[str, int]) -> bool:
    return (
        _mentioned(evidence.places, places)
        or _mentioned(evidence.places, terms)
        or any(evidence.terms.get(place, 0) > 1 for place in places)  # once is in passing: "unlike in Hà Đông"
    )


def _mentioned(places: Iterable[str], terms: Mapping[str, int]) -> bool:
    return any(place in terms for place in places)


def _figures(facts: str) -> frozenset[str]:
    found = ((unmark(unit), number.replace(".", "").replace(",", "")) for number, unit in _FIGURE.findall(facts))
    return frozenset(f"{unit}={number}" for unit, number in found if unit not in _GENERIC_UNITS)


def _by_unit(figures: Iterable[str]) -> dict[str, set[str]]:
    units: dict[str, set[str]] = {}
    for figure in figures:
        unit, _, number = figure.partition("=")
        units.setdefault(unit, set()).add(number)
    return units
