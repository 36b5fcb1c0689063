"""Finds weighted cue phrases in a sequence of words, all lists in one pass over a trie of words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from libs.common.text import canonical_tone, unmark, words

WEIGHTS: Mapping[str, float] = {"strong": 2.5, "usual": 1.0, "weak": 0.4}
_REPEATED = 0.25

Slot = int


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue found: where it begins, how many words it has, and what it speaks for."""

    start: int
    length: int
    slot: Slot
    weight: float


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    cues: list[tuple[Slot, float]] = field(default_factory=list)


class CueTrie:
    """Phrases of words, each speaking for one or more slots."""

    def __init__(self) -> None:
        self._root: dict[str, _Node] = {}

    def add(self, phrase: Sequence[str], slot: Slot, weight: float) -> None:
        node = self._root.setdefault(phrase[0], _Node())
        for word in phrase[1:]:
            node = node.children.setdefault(word, _Node())
        known = {number for number, _ in node.cues}
        if slot not in known:
            node.cues.append((slot, weight))

    def find(self, tokens: Sequence[str]) -> list[Hit]:
        """Every cue, longer and shorter ones alike; one said again counts for a quarter."""
        hits: list[Hit] = []
        said: set[int] = set()
        root, end = self._root, len(tokens)
        for start, token in enumerate(tokens):
            node = root.get(token)
            length = 1
            while node is not None:
                if node.cues:
                    factor = _REPEATED if id(node) in said else 1.0
                    said.add(id(node))
                    hits.extend(Hit(start, length, slot, weight * factor) for slot, weight in node.cues)
                if not node.children or start + length >= end:
                    break
                node = node.children.get(tokens[start + length])
                length += 1
        return hits


Lists = Mapping[str, Mapping[str, Sequence[str]]]


class CueBook:
    """The cues of several lists, for texts with marks and for texts written without them."""

    def __init__(self, lists: Mapping[str, Lists]) -> None:
        self.slots: list[tuple[str, str]] = [(name, label) for name, labels in lists.items() for label in labels]
        self._marked, self._unmarked = CueTrie(), CueTrie()
        for slot, (name, label) in enumerate(self.slots):
            for strength, phrases in lists[name][label].items():
                for phrase in phrases:
                    self._add(phrase, slot, WEIGHTS[strength])

    def _add(self, phrase: str, slot: Slot, weight: float) -> None:
        marked, plain = spoken(phrase), words(unmark(phrase))
        self._marked.add(marked, slot, weight)
        # One syllable without its marks is too many different words to mean anything.
        if len(plain) > 1 or marked == plain:
            self._unmarked.add(plain, slot, weight if marked == plain else weight * 0.8)

    def find(self, tokens: Sequence[str], *, marked: bool) -> list[Hit]:
        return (self._marked if marked else self._unmarked).find(tokens)


def spoken(text: str) -> list[str]:
    """The words of a text in lower case, composed, with one tone placement."""
    return words(canonical_tone(text).lower())


def has_marks(tokens: Iterable[str]) -> bool:
    """Whether a Vietnamese text is written with its marks (about half of all syllables carry one)."""
    sample = list(tokens)
    plain = sum(1 for token in sample if token.isascii())
    return plain < 0.85 * len(sample)
