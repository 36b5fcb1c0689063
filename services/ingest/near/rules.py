"""When two texts are near-copies: signatures that estimate how alike two texts are, and keys that find them. Pure.

MinHash (Broder 1997) over pairs of syllables, without marks and in lower case, so that either spelling of a tone,
unmarked text and other punctuation change nothing. One byte is kept of each value (b-bit MinHash: Li, König 2010);
texts that share a band of values are compared (locality-sensitive hashing: Indyk, Motwani 1998).

Pairs, not longer runs: between articles of two papers on one event, the hardest that must not be linked, and real
edits of one article they leave the widest gap (`python -m bench.near` measures it).
"""

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from operator import eq
from uuid import UUID
from zlib import crc32

from rensa import RMinHash

from libs.common.text import unmark

LEAST_WORDS = 30
"""Shorter texts are not compared: chance makes them alike."""
MOST_WORDS = 20_000
PERMUTATIONS = 128
BANDS, ROWS = 24, 3
"""Texts of similarity s share a key with probability 1 - (1 - s^3)^24: 0.98 at 0.53, 0.84 at 0.42, 0.0006 at 0.03."""
THRESHOLD = 0.42
"""Estimated Jaccard similarity from which a text is a near-copy."""
PART_THRESHOLD, PART = 0.27, 0.85
"""Or a lower one, where this share of the shorter text is in the longer: a text cut short, or framed by others."""
WINDOW = timedelta(days=30)
"""How much earlier a content may be to be looked at."""
SEED = 3550

_WORD = re.compile("[a-z0-9]+")
_COLLISION = 1 / 256
"""Chance that two different values agree in the byte that is kept."""
_VALUES = struct.Struct(f"<{PERMUTATIONS}I")
_UNSIGNED, _SIGNED = struct.Struct(f"<{BANDS}I"), struct.Struct(f"<{BANDS}i")
_BAND = 4 * ROWS


@dataclass(frozen=True, slots=True)
class Sketch:
    """What texts are compared by. `size`: how many different pairs of syllables the text has."""

    signature: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Signed:
    """What is kept of a text. `keys`: 32 bits each, signed."""

    sketch: Sketch
    keys: tuple[int, ...]

    @property
    def packed_keys(self) -> bytes:
        return _SIGNED.pack(*self.keys)


def unpacked_keys(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 4}i", packed)


def sign(texts: Sequence[str]) -> list[Signed | None]:
    """A signature for each text, in order; None for those too short to be compared."""
    shingled = [_shingles(text) for text in texts]
    rows = iter(RMinHash.digests_from_token_sets([one for one in shingled if one], PERMUTATIONS, SEED))
    return [_signed(next(rows), len(one)) if one else None for one in shingled]


def _shingles(text: str) -> set[str]:
    found = _WORD.findall(unmark(text))[:MOST_WORDS]
    return set(map(" ".join, pairwise(found))) if len(found) >= LEAST_WORDS else set()


def _signed(values: Sequence[int], size: int) -> Signed:
    packed = _VALUES.pack(*values)  # little-endian: the lowest byte of each value is every fourth
    keys = [crc32(packed[start : start + _BAND], start) for start in range(0, BANDS * _BAND, _BAND)]
    return Signed(Sketch(packed[::4], size), _SIGNED.unpack(_UNSIGNED.pack(*keys)))


def similarity(one: Sketch, other: Sketch) -> float:
    """The estimated Jaccard similarity of two texts, 0 to 1; standard error at most 0.044."""
    agreed: float = sum(map(eq, one.signature, other.signature)) / PERMUTATIONS
    return max((agreed - _COLLISION) / (1 - _COLLISION), 0.0)


def are_near(one: Sketch, other: Sketch, alike: float, threshold: float = THRESHOLD) -> bool:
    """Whether texts of this similarity are near-copies."""
    if alike >= threshold:
        return True
    shared = alike / (1 + alike) * (one.size + other.size)
    return alike >= PART_THRESHOLD and shared >= PART * min(one.size, other.size)


# --- groups -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """`content_id` is a copy of `copy_of`, the first of its group, and was found by `nearest_id`."""

    content_id: UUID
    copy_of: UUID
    nearest_id: UUID
    similarity: float


@dataclass(frozen=True, slots=True)
class Near:
    """A content that a text is near to."""

    content_id: UUID
    similarity: float


def nearest(found: Iterable[Near]) -> Near | None:
    """The most similar; of equals the earliest."""
    return min(found, key=lambda one: (-one.similarity, one.content_id), default=None)


def join(content_id: UUID, near: Near, first_of: dict[UUID, UUID]) -> Link | None:
    """The link that puts a content into the group of what it is near to; None where it is there already.

    `first_of`: the first content of the group of each that is in one, changed in place. Ids grow with time, so the
    first is the smallest: a content that is looked at late, after its copies, becomes the first of their group.
    """
    first = first_of.get(near.content_id, near.content_id)
    if first == content_id:
        return None
    if first < content_id:
        moved, link = content_id, Link(content_id, first, near.content_id, near.similarity)
    else:
        moved, link = first, Link(first, content_id, content_id, near.similarity)
    for member in [one for one, its_first in first_of.items() if its_first == moved]:
        first_of[member] = link.copy_of
    first_of[moved] = link.copy_of
    return link
