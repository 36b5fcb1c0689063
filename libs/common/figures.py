"""Figures of Vietnamese text, and which of them an edit changed: "12 người chết" → "14 người chết". Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

CONTEXT = 60
"""Characters around a figure that are told with it, at most."""
MAX_WORK = 6_000_000
"""Comparisons that finding the steps between two sequences may take, as an upper bound."""
MAX_WORDS = 500
"""Longer differences are another text, not an edit: their figures are not paired."""

_TOKEN = re.compile(r"(?P<figure>\d+(?:[.,:/–-]\d+)*(?:h\d{0,2}\b|\s?[%‰])?)|[^\W\d_][^\W_]*|\d[^\W_]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMERALS = frozenset("một hai ba bốn tư năm lăm sáu bảy bẩy tám chín mười chục trăm".split())
_BEFORE = frozenset("ngày tháng năm quý thứ điều khoản số lúc phường quận tổ khu lớp cấp vòng giải hạng".split())
_NO_UNIT = frozenset(
    "và của là có trong ngoài trên dưới với cho để do vì thì mà ở tại từ đến tới đã đang sẽ bị được khi sau trước "
    "so hơn mỗi cùng chỉ đều gồm này đó kia "
    "các những cũng còn theo về ra vào lên xuống nên nhưng hoặc hay như rồi".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a figure, where it stands, and the form it is compared in."""

    plain: str
    start: int
    end: int
    is_figure: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure before and after, as written, with its unit; `context` is of the new version."""

    before: str
    after: str
    context: str


def tokens(text: str) -> list[Token]:
    """Words in lower case, and figures with what belongs to them: 1.234,5 · 29/11/2026 · 5h30 · 30%."""
    return [
        Token(found[0].lower().replace(" ", ""), found.start(), found.end(), found["figure"] is not None)
        for found in _TOKEN.finditer(text)
    ]


def changed_figures(before: str, after: str) -> list[Figure]:
    """Figures that stand at the same place of both texts and differ, in the order of the new one."""
    old, new = tokens(before), tokens(after)
    if max(len(old), len(new)) > MAX_WORDS:
        return []
    found = []
    for kind, i1, i2, j1, j2 in opcodes([one.plain for one in old], [one.plain for one in new]):
        if kind == "replace":
            pairs = _paired(_figures(before, old[i1:i2], i1), _figures(after, new[j1:j2], j1))
            found += [_figure(before, old, i, after, new, j) for i, j in pairs if _differ(old, i, new, j)]
    return found


def told_figures(text: str) -> dict[str, str]:
    """Figures of two digits and more, years aside: each as it is compared → as written, with its unit."""
    found, told = tokens(text), dict[str, str]()
    for at, one in enumerate(found):
        if one.is_figure and _says_much(one.plain) and one.plain not in told:
            told[one.plain] = _with_unit(text, found, at)
    return told


def _says_much(plain: str) -> bool:
    return sum(sign.isdigit() for sign in plain) > 1 and not _YEAR.fullmatch(plain)


def opcodes(old: Sequence[Any], new: Sequence[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    """The steps from one sequence to the other (`difflib`). Its worst case is cubic, so sequences that repeat
    themselves too much, as only made-up ones do, count as wholly different."""
    theirs = Counter(new)
    pairs = sum(theirs[one] for one in old)
    if pairs * min(len(old), len(new)) > MAX_WORK:
        return [("replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _figures(text: str, found: Sequence[Token], first: int) -> list[int]:
    return [n for n, one in enumerate(found, first) if one.is_figure or _is_numeral(text, one)]


def _is_numeral(text: str, token: Token) -> bool:
    """A number word; with a capital only where a sentence begins, for ông Ba and bà Năm are people."""
    if token.plain not in _NUMERALS:
        return False
    return text[token.start].islower() or text[: token.start].rstrip()[-1:] in ("", ".", "!", "?", ":")


def _paired(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """One to one, or not at all: of a rewritten sentence nobody can say which figure became which."""
    return list(zip(old, new, strict=True)) if len(old) == len(new) else []


def _differ(old: Sequence[Token], i: int, new: Sequence[Token], j: int) -> bool:
    """Whether these are two figures for one thing. Numerals that are words mean other things too (năm, ba), so they
    count only before the same word."""
    if old[i].plain == new[j].plain:
        return False
    return (old[i].is_figure and new[j].is_figure) or _next(old, i) == _next(new, j) != ""


def _next(found: Sequence[Token], at: int) -> str:
    return found[at + 1].plain if at + 1 < len(found) else ""


def _figure(before: str, old: Sequence[Token], i: int, after: str, new: Sequence[Token], j: int) -> Figure:
    return Figure(_with_unit(before, old, i), _with_unit(after, new, j), _context(after, new[j]))


def _with_unit(text: str, found: Sequence[Token], at: int) -> str:
    """The figure, the word that says what kind it is (ngày, Điều), or up to two words of its unit (người chết)."""
    start, end = found[at].start, found[at].end
    if at and found[at - 1].plain in _BEFORE and text[found[at - 1].end : start] == " ":
        return text[found[at - 1].start : end][:CONTEXT]
    for after in found[at + 1 : at + 3]:
        if text[end : after.start] != " " or after.is_figure or after.plain in _NO_UNIT:
            break
        end = after.end
    return text[start:end][:CONTEXT]


def _context(text: str, token: Token) -> str:
    """Whole words around a figure, at most `CONTEXT` characters."""
    room = max(CONTEXT - (token.end - token.start), 0)
    start, end = max(token.start - room // 2, 0), min(token.end + room // 2, len(text))
    while 0 < start < token.start and not text[start - 1].isspace():
        start += 1
    while token.end < end < len(text) and not text[end].isspace():
        end -= 1
    return " ".join(text[start:end].split())[:CONTEXT]
