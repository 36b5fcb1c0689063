"""Which units of the city a text names: the longest name, whole words, written as a name.

A gazetteer is built from names with their days, in order of preference where one name has several codes: a text of
before 1 July 2025 that says "Ba Đình" means the district of then, a later one the ward.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise

from libs.common.text import canonical_tone, unmark, words
from libs.common.units import PlaceName

_MAX_CHARS = 1600

_KINDS: dict[tuple[str, ...], str] = {
    ("phuong",): "phuong", ("p",): "phuong", ("xa",): "xa", ("thi", "tran"): "thi tran", ("thi", "xa"): "thi xa",
    ("quan",): "quan", ("q",): "quan", ("huyen",): "huyen", ("h",): "huyen", ("tinh",): "tinh",
    ("thanh", "pho"): "thanh pho", ("tp",): "thanh pho", ("dia", "ban"): "", ("khu", "vuc"): "",
    ("so",): "so", ("ubnd",): "", ("cong", "an"): "",
}  # fmt: skip
_TITLES = frozenset(
    ["ông", "bà", "anh", "chị", "em", "cô", "chú", "bác", "cháu", "thầy", "giáo", "sĩ", "ca", "nghệ", "mc", "streamer"]
)


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    entries: list["_Entry"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    spelling: tuple[str, ...]
    kind: str
    code: str
    valid_from: date | None
    valid_to: date | None

    def valid_on(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


class _Text:
    """The words of a text, as written and folded; how it is written is looked at only where a name may stand."""

    def __init__(self, text: str) -> None:
        self.raw = words(text)
        self.folded = unmark(" ".join(self.raw)).split(" ") if self.raw else []

    @cached_property
    def marked(self) -> bool:
        return len(self.raw) - sum(map(str.isascii, self.raw)) > 0.15 * len(self.raw)

    @cached_property
    def shouted(self) -> bool:
        return sum(map(str.isupper, self.raw)) > 0.7 * len(self.raw)


class Gazetteer:
    """Names of units, found in texts with or without marks."""

    def __init__(self, names: Iterable[PlaceName]) -> None:
        self._root = _Node()
        self._pairs: set[tuple[str, str]] = set()
        for name in names:
            self._add(name)

    def find(self, title: str, text: str, on: date | None = None) -> tuple[str, ...]:
        """The codes of the units named, each once, in order of mention; `on` is the day of the text, if known."""
        codes: dict[str, None] = {}
        for part in (title, text[:_MAX_CHARS]):
            for code in self._scan(_Text(part), on):
                codes.setdefault(code)
        return tuple(codes)

    def _add(self, place: PlaceName) -> None:
        spelling = [word.lower() for word in words(canonical_tone(place.name))]
        folded = [unmark(word) for word in spelling]
        kind, skipped = _kind_before(folded, from_start=True)
        if skipped == len(folded):
            kind, skipped = "", 0
        node, bare = self._root, folded[skipped:]
        for word in bare:
            node = node.children.setdefault(word, _Node())
        node.entries.append(_Entry(tuple(spelling[skipped:]), kind, place.code, place.valid_from, place.valid_to))
        if len(bare) > 1:
            self._pairs.add((bare[0], bare[1]))
        else:
            self._pairs.update((opening[-1], bare[0]) for opening in _KINDS)

    def _scan(self, text: _Text, on: date | None) -> Iterable[str]:
        reach = 0
        for start in self._starts(text.folded):
            if start >= reach:
                code, length = self._longest(text, start, on)
                if code:
                    yield code
                reach = start + max(length, 1)

    def _starts(self, folded: Sequence[str]) -> Iterable[int]:
        """Where a name may begin, in order: at its first two words, or behind the word of kind of a single one."""
        names, pairs = self._root.children, self._pairs
        last = -1
        # Most texts have no such pair: one pass over all of them, and nothing more, is what they cost.
        for at in [at for at, pair in enumerate(pairwise(folded)) if pair in pairs]:
            for start in (at, at + 1):
                if start > last and folded[start] in names:
                    yield start
                    last = start

    def _longest(self, text: _Text, start: int, on: date | None) -> tuple[str | None, int]:
        node = self._root
        best: tuple[str | None, int] = (None, 0)
        for length, word in enumerate(text.folded[start:], 1):
            following = node.children.get(word)
            if following is None:
                break
            node = following
            code = _accept(text, start, length, node.entries, on) if node.entries else None
            if code:
                best = (code, length)
        return best


def _accept(text: _Text, start: int, length: int, entries: Sequence[_Entry], on: date | None) -> str | None:
    """The code meant by these words, if they are written as the name of a unit."""
    spelled = tuple(canonical_tone(word).lower() for word in text.raw[start : start + length])
    fitting = [entry for entry in entries if not text.marked or entry.spelling == spelled]
    kind, _ = _kind_before(text.folded[max(0, start - 2) : start], from_start=False)
    if kind:
        # The word of kind decides between a ward and an old district of one name.
        fitting.sort(key=lambda entry: entry.kind != kind)
    elif length == 1 or not _is_written_as_name(text, start, length):
        return None
    elif on is not None:
        fitting.sort(key=lambda entry: not entry.valid_on(on))
    return fitting[0].code if fitting else None


def _is_written_as_name(text: _Text, start: int, length: int) -> bool:
    """Capitalised, and not within the name of a person: Nguyễn Hoàng Mai, bà Hoàng Mai."""
    if not all(word[0].isupper() or word[0].isdigit() for word in text.raw[start : start + length]):
        return False
    if text.shouted or not start:
        return True
    before = text.raw[start - 1]
    return before.lower() not in _TITLES and not (before[0].isupper() and text.folded[start - 1] in _SURNAMES)


_SURNAMES = frozenset(
    [
        "nguyen",
        "tran",
        "le",
        "pham",
        "hoang",
        "huynh",
        "phan",
        "vu",
        "vo",
        "dang",
        "bui",
        "do",
        "ho",
        "ngo",
        "duong",
        "ly",
        "dinh",
        "trinh",
        "dao",
        "doan",
        "luong",
        "mai",
        "cao",
    ]
)


def _kind_before(folded: Sequence[str], *, from_start: bool) -> tuple[str, int]:
    """The word of kind (phường, quận, …) that opens a name, or that stands right before one."""
    for size in (2, 1):
        piece = tuple(folded[:size] if from_start else folded[-size:])
        if len(piece) == size and piece in _KINDS:
            return _KINDS[piece], size
    return "", 0
