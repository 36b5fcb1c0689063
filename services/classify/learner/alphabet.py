"""Tables over code points: what a character is, and the number it adds to the hash of a word.

A word's hash is a polynomial over its letters without tone, plus a number for the tone wherever it stands: hoà and
hòa are one word, and so are NFC and NFD, with nothing to rewrite first.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from libs.common.text import unmark

U64 = NDArray[np.uint64]
CODES = 0x20000
"""Signs above share the last place: no script of ours is there."""
SPACE, WORD, SYMBOL, IGNORED = 0, 1, 2, 3
MASK = (1 << 64) - 1
BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 1 << 64)
SEPARATOR = "\x1e"
"""Stands between the texts of a batch; within a text it is a space."""
_PARTED = 0x3000
"""Letters below have cases and marks that are told apart."""
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_IGNORED = {0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0x300, 0x370), *range(0xFE00, 0xFE10)}


def scatter(number: int) -> int:
    """A number that looks random for each number (splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


@dataclass(frozen=True)
class Tables:
    kind: NDArray[np.uint8]
    run: NDArray[np.uint32]
    """Equal neighbours belong to one token: 0 between tokens, 1 in words, a number of its own for each symbol."""
    letter: U64
    tone: U64
    plain: U64


@cache
def tables(symbols: bool) -> Tables:
    """The tables, with symbols and emoji as tokens of their own or as mere gaps."""
    shared, letter, tone, plain = _values()
    kind, letter, plain = shared.copy(), letter.copy(), plain.copy()
    if not symbols:
        kind[kind == SYMBOL] = SPACE
    run = np.where(kind == SYMBOL, np.arange(CODES) + 2, kind == WORD).astype(np.uint32)
    for table in (letter, plain):
        table[(kind == SPACE) | (kind == IGNORED)] = scatter(ord(" "))
    return Tables(kind, run, letter, tone, plain)


@cache
def _values() -> tuple[NDArray[np.uint8], U64, U64, U64]:
    kind = np.array([_kind(code) for code in range(CODES)], np.uint8)
    letter = _scattered(np.arange(CODES, dtype=np.uint64))
    tone, plain = np.zeros(CODES, np.uint64), letter.copy()
    for code in np.flatnonzero(kind[:_PARTED] == WORD).tolist():
        base, mark, bare = _parts(chr(code))
        letter[code], tone[code], plain[code] = scatter(base), scatter(mark) if mark else 0, scatter(bare)
    return kind, letter, tone, plain


def _scattered(numbers: U64) -> U64:
    """`scatter` of each."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _kind(code: int) -> int:
    sign = chr(code)
    if code in _IGNORED:
        return IGNORED
    if sign.isalnum():
        return WORD
    return SYMBOL if sign.isprintable() and not sign.isspace() else SPACE


def _parts(sign: str) -> tuple[int, int, int]:
    """The letter without tone, the tone (0 for none), and the letter without any mark."""
    decomposed = unicodedata.normalize("NFD", sign.lower()[0])
    tone = next((ord(mark) for mark in decomposed if mark in _TONES), 0)
    base = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in _TONES))
    return ord(base[0]), tone, ord((unmark(sign)[:1] or base)[0])


class Powers:
    """BASE to the power of n and its inverse, as far as any batch has needed."""

    def __init__(self) -> None:
        self.up = self.down = np.ones(1, np.uint64)

    def upto(self, count: int) -> tuple[U64, U64]:
        if len(self.up) < count:
            size = 1 << max(count - 1, 1).bit_length()
            self.up, self.down = _geometric(BASE, size), _geometric(INVERSE, size)
        return self.up[:count], self.down[:count]


def _geometric(ratio: int, size: int) -> U64:
    steps = np.full(size, ratio, np.uint64)
    steps[0] = 1
    return np.multiply.accumulate(steps)


POWERS = Powers()
