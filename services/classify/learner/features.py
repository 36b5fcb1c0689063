"""Hashed n-grams of a batch of texts, by numpy alone: no step runs once per word.

Guarantee: `ngrams.spell` finds the same keys for one text in plain Python, so that a label can be explained.
The texts of a batch are one array of code points; the hash of any stretch of it is a difference of two prefix sums.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from libs.common.text import nfc
from services.classify.learner.alphabet import CODES, IGNORED, POWERS, SEPARATOR, SPACE, U64, scatter, tables

View = Literal["word", "plain", "skip", "char"]
"""Words as written; without marks and with letters that repeat once; two words around one; parts of one word."""
BLOCK_BITS = 3
HASH_BITS = 32 - BLOCK_BITS
AT_ONCE = 1 << 16
"""Signs in one pass: its arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Block:
    """N-grams of one kind, with a norm of their own."""

    view: View
    low: int = 1
    high: int = 1
    scale: float = 1.0
    first: int = 0
    """Only the first words of a text count, where this is not 0: a title and a lead say most."""
    idf: bool = True
    """Rare keys weigh more."""
    least: int = 1
    """Texts of the training rows that must have a key, for it to be known."""


@dataclass(frozen=True)
class FeatureSpec:
    blocks: tuple[Block, ...]
    symbols: bool = False
    """Punctuation and emoji are tokens."""
    tf: Literal["log", "binary"] = "log"
    limit: int = 20_000
    """Signs of a text that are read."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.blocks) <= 1 << BLOCK_BITS:
            raise ValueError(f"1 to {1 << BLOCK_BITS} blocks")
        if any(block.first < 0 or block.least < 1 for block in self.blocks) or self.limit < 1:
            raise ValueError("limits of a text are positive")
        if any(not 1 <= block.low <= block.high <= 8 for block in self.blocks):
            raise ValueError("n-grams are of order 1 to 8")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> "FeatureSpec":
        blocks = tuple(Block(**block) for block in told["blocks"])
        return cls(**{**told, "blocks": blocks})


@dataclass(frozen=True)
class Bags:
    """The keys of each text, ascending, with how often each occurs: rows of a sparse matrix."""

    starts: NDArray[np.int64]
    keys: NDArray[np.uint32]
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.starts) - 1


def extract(texts: Sequence[str], spec: FeatureSpec) -> Bags:
    """The n-grams of every text, block by block in the top bits of the keys."""
    parts = [_bags_of(batch, spec) for batch in _batches(texts, spec.limit)]
    if not parts:
        return Bags(np.zeros(1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint16))
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    keys, counts = np.concatenate([part.keys for part in parts]), np.concatenate([part.counts for part in parts])
    return Bags(starts, keys, counts)


def multiplier(block: int, view: View, order: int) -> int:
    """The odd number that makes the keys of a block and an order its own."""
    return scatter(1000 * block + 10 * order + ("word", "plain", "skip", "char").index(view)) | 1


def places(order: int) -> list[int]:
    """The odd numbers that the words of an n-gram are multiplied by, one for each place."""
    return [scatter(7_000_000 + place) | 1 for place in range(order)]


def cut(text: str, limit: int) -> str:
    return (text if len(text) <= limit else text[:limit]).replace(SEPARATOR, " ")


def _batches(texts: Sequence[str], limit: int) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(cut(text, limit))
        size += len(batch[-1]) + 1
        if size >= AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _bags_of(texts: list[str], spec: FeatureSpec) -> Bags:
    stream = _Stream(texts, spec.symbols)
    found = [part for number, block in enumerate(spec.blocks) for part in _block(stream, number, block)]
    every = np.sort(np.concatenate(found)) if found else np.zeros(0, np.uint64)
    if not len(every):
        return Bags(np.zeros(len(texts) + 1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint16))
    firsts = np.flatnonzero(np.concatenate(([True], every[1:] != every[:-1])))
    counts = np.minimum(np.diff(firsts, append=len(every)), 0xFFFF).astype(np.uint16)
    single = every[firsts]
    owners = (single >> np.uint64(32)).astype(np.int64)
    starts = np.searchsorted(owners, np.arange(len(texts) + 1)).astype(np.int64)
    return Bags(starts, single.astype(np.uint32), counts)


def _block(stream: "_Stream", number: int, block: Block) -> Iterator[U64]:
    if block.view == "char":
        for order in range(block.low, block.high + 1):
            yield _keyed(*stream.within(order), number, block.view, order)
        return
    words = stream.plain if block.view == "plain" else stream.words
    if block.view == "skip":
        yield _keyed(*stream.joined(words, (0, 2), block.first), number, block.view, 2)
        return
    for order in range(block.low, block.high + 1):
        yield _keyed(*stream.joined(words, tuple(range(order)), block.first), number, block.view, order)


def _keyed(hashes: U64, owners: U64, number: int, view: View, order: int) -> U64:
    """Owner in the upper half, block and hash in the lower."""
    keys = (hashes * np.uint64(multiplier(number, view, order))) >> np.uint64(64 - HASH_BITS)
    keys |= np.uint64(number << HASH_BITS)
    keys |= owners
    return keys


class _Stream:
    """The code points of a batch, with the hashes of its words."""

    def __init__(self, texts: list[str], symbols: bool) -> None:
        self.tables = tables(symbols)
        joined = nfc(SEPARATOR + SEPARATOR.join(texts) + SEPARATOR)
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = np.minimum(codes, np.uint32(CODES - 1)).astype(np.intp)
        ignored = self.tables.kind[codes] == IGNORED
        self.codes = codes[~ignored] if ignored.any() else codes
        run = self.tables.run[self.codes]
        edges = np.flatnonzero(run[1:] != run[:-1]) + 1
        tokens = run[edges[:-1]] != 0 if len(edges) else np.zeros(0, bool)
        self.starts, self.ends = edges[:-1][tokens], edges[1:][tokens]
        self.bounds = np.flatnonzero(self.codes == ord(SEPARATOR))
        owners = np.searchsorted(self.bounds, self.starts) - 1
        self.owners = owners.astype(np.uint64) << np.uint64(32)
        self.up, self.down = POWERS.upto(len(self.codes) + 1)
        self.letters = _prefix(self.tables.letter[self.codes] * self.up[:-1])
        self.tones = _prefix(self.tables.tone[self.codes])
        self.words = (self.letters[self.ends] - self.letters[self.starts]) * self.down[self.starts]
        self.words += self.tones[self.ends] - self.tones[self.starts]
        self._plain: U64 | None = None
        self._room: NDArray[np.int64] | None = None

    @property
    def plain(self) -> U64:
        """Words without marks, in which a letter or symbol that repeats stands once."""
        if self._plain is None:
            values = self.tables.plain[self.codes]
            digits = (self.codes >= ord("0")) & (self.codes <= ord("9"))
            kept = np.concatenate(([True], values[1:] != values[:-1])) | digits
            rank = np.concatenate(([0], np.cumsum(kept)))
            sums = _prefix(values[kept] * self.up[: rank[-1]])
            starts, ends = rank[self.starts], rank[self.ends]
            self._plain = (sums[ends] - sums[starts]) * self.down[starts]
        return self._plain

    def joined(self, words: U64, offsets: tuple[int, ...], first: int) -> tuple[U64, U64]:
        """Words at the offsets taken together, where they stand in one text, and among its first words."""
        reach = offsets[-1]
        span = len(words) - reach
        if span <= 0:
            return words[:0], self.owners[:0]
        hashes = words[:span]
        if reach:
            hashes = np.zeros(span, np.uint64)
            for place, offset in zip(places(len(offsets)), offsets, strict=True):
                hashes += words[offset : offset + span] * np.uint64(place)
        kept = self.owners[:span] == self.owners[reach:]
        if first:
            kept &= self._places()[:span] < first - reach
        elif not reach:
            return hashes, self.owners
        return hashes[kept], self.owners[:span][kept]

    def _places(self) -> NDArray[np.intp]:
        """How many words of its text stand before each word."""
        begins = np.concatenate(([True], self.owners[1:] != self.owners[:-1]))
        index = np.arange(len(self.owners))
        return index - np.maximum.accumulate(np.where(begins, index, 0))

    def within(self, order: int) -> tuple[U64, U64]:
        """Stretches of `order` signs of one stretch between spaces, one space at each end counted in."""
        room, owners = self._rooms()
        span = len(self.codes) + 1 - order
        if span <= 0:
            return self.words[:0], self.owners[:0]
        fits = np.flatnonzero(room[:span] >= order)
        hashes = (self.letters[order:] - self.letters[:span]) * self.down[:span]
        hashes += self.tones[order:] - self.tones[:span]
        return hashes[fits], owners[fits]

    def _rooms(self) -> tuple[NDArray[np.int64], U64]:
        """From each sign: how many more there are to the space after its stretch, that one counted in."""
        if self._room is None:
            solid = self.tables.kind[self.codes] != SPACE
            edges = np.flatnonzero(solid[1:] != solid[:-1]) + 1
            starts, ends = edges[0::2], edges[1::2]
            room = np.zeros(len(self.codes), np.int64)
            size = ends - starts + 1
            firsts = np.cumsum(size) - size
            inside = np.arange(int(size.sum())) - np.repeat(firsts, size)
            room[np.repeat(starts - 1, size) + inside] = np.repeat(size + 1, size) - inside
            lengths = np.diff(self.bounds)
            owners = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths) << np.uint64(32)
            self._owners = np.concatenate((owners, np.zeros(1, np.uint64)))
            self._room = room
        return self._room, self._owners


def _prefix(values: U64) -> U64:
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values, out=sums[1:])
    return sums
