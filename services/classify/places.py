"""Which units of the city a text names: the longest name, whole words, written as a name.

A gazetteer is built from plain (name, code) pairs, in order of preference where one name has several codes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from libs.common.text import canonical_tone, unmark, words

_MAX_CHARS = 2400

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


@dataclass(frozen=True, slots=True)
class _Text:
    raw: list[str]
    folded: list[str]
    marked: bool
    shouted: bool


class Gazetteer:
    """Names of units, found in texts with or without marks."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._root = _Node()
        for name, code in names:
            self._add(name, code)

    def find(self, title: str, text: str) -> tuple[str, ...]:
        """The codes of the units named, each once, in order of mention."""
        codes: dict[str, None] = {}
        for part in (title, text[:_MAX_CHARS]):
            for code in self._scan(_read(part)):
                codes.setdefault(code)
        return tuple(codes)

    def _add(self, name: str, code: str) -> None:
        spelling = [word.lower() for word in words(canonical_tone(name))]
        folded = [unmark(word) for word in spelling]
        kind, skipped = _kind_before(folded, from_start=True)
        if skipped == len(folded):
            kind, skipped = "", 0
        node = self._root
        for word in folded[skipped:]:
            node = node.children.setdefault(word, _Node())
        node.entries.append(_Entry(tuple(spelling[skipped:]), kind, code))

    def _scan(self, text: _Text) -> Iterable[str]:
        start = 0
        while start < len(text.folded):
            if text.folded[start] not in self._root.children:
                start += 1
                continue
            code, length = self._longest(text, start)
            if code:
                yield code
            start += max(length, 1)

    def _longest(self, text: _Text, start: int) -> tuple[str | None, int]:
        node = self._root
        best: tuple[str | None, int] = (None, 0)
        for length, word in enumerate(text.folded[start:], 1):
            following = node.children.get(word)
            if following is None:
                break
            node = following
            code = _accept(text, start, length, node.entries) if node.entries else None
            if code:
                best = (code, length)
        return best


def _accept(text: _Text, start: int, length: int, entries: Sequence[_Entry]) -> str | None:
    """The code meant by these words, if they are written as the name of a unit."""
    spelled = tuple(word.lower() for word in text.raw[start : start + length])
    fitting = [entry for entry in entries if not text.marked or entry.spelling == spelled]
    kind, _ = _kind_before(text.folded[max(0, start - 2) : start], from_start=False)
    if kind:
        # The word of kind decides between a ward and an old district of one name.
        fitting.sort(key=lambda entry: entry.kind != kind)
    elif length == 1 or not _is_written_as_name(text, start, length):
        return None
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


def _read(text: str) -> _Text:
    raw = words(canonical_tone(text))
    folded = unmark(" ".join(raw)).split(" ") if raw else []
    marked = sum(1 for word in raw if not word.isascii()) > 0.15 * len(raw)
    shouted = sum(1 for word in raw if word.isupper()) > 0.7 * len(raw)
    return _Text(raw, folded, marked, shouted)
