"""Which keys a model knows, and the sparse matrix of a batch over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from services.classify.learner.features import BLOCK_BITS, HASH_BITS, Bags, Block, FeatureSpec

Matrix: TypeAlias = csr_array
Floats = NDArray[np.float32]
_SPREAD = np.uint32(0x9E3779B1)
"""Odd, so that each key has its own place; keys of all blocks are then spread evenly."""


def _blocks_of(slots: NDArray[np.uint32]) -> NDArray[np.intp]:
    back = np.uint32(pow(int(_SPREAD), -1, 1 << 32))
    return np.asarray((slots * back) >> np.uint32(HASH_BITS), np.intp)


@dataclass(frozen=True)
class Vocabulary:
    """Spread keys in ascending order, each with the share of training texts that have it as an idf."""

    slots: NDArray[np.uint32]
    idf: Floats

    def __len__(self) -> int:
        return len(self.slots)

    @classmethod
    def over(cls, bags: Bags, blocks: Sequence[Block] = (), *, min_df: int = 1, most: int = 1 << 20) -> "Vocabulary":
        """The keys that as many texts have as their block asks, and at least `min_df`; the most frequent `most`."""
        slots, df = np.unique(bags.keys * _SPREAD, return_counts=True)
        asked = [*blocks, *[Block("word")] * ((1 << BLOCK_BITS) - len(blocks))]
        least = np.maximum(min_df, [block.least for block in asked])
        kept = df >= least[_blocks_of(slots)]
        if kept.sum() > most:
            kept &= df >= np.sort(df[kept])[-most]
        slots, df = slots[kept][:most], df[kept][:most]
        weighs = np.array([block.idf for block in asked])[_blocks_of(slots)]
        weight = np.where(weighs, np.log((1 + len(bags)) / (1 + df)) + 1, 1.0)
        return cls(slots, weight.astype(np.float32))

    @cached_property
    def blocks(self) -> NDArray[np.intp]:
        return _blocks_of(self.slots)

    @cached_property
    def _table(self) -> tuple[np.uint32, NDArray[np.int32], NDArray[np.uint32]]:
        bits = min(max(len(self.slots).bit_length() + 1, 4), 24)
        edges = np.arange((1 << bits) + 1, dtype=np.uint64) << np.uint64(32 - bits)
        first = np.searchsorted(self.slots.astype(np.uint64), edges).astype(np.int32)
        return np.uint32(32 - bits), first, np.append(self.slots, np.uint32(0))

    def find(self, keys: NDArray[np.uint32]) -> NDArray[np.int32]:
        """The row of each key, -1 where it is unknown."""
        shift, first, slots = self._table
        wanted = keys * _SPREAD
        bucket = (wanted >> shift).astype(np.intp)
        rows, ends = first[bucket], first[bucket + 1]
        found = np.where((slots[rows] == wanted) & (rows < ends), rows, -1)
        open_ = np.flatnonzero((found < 0) & (rows + 1 < ends))
        while len(open_):
            rows[open_] += 1
            hit = slots[rows[open_]] == wanted[open_]
            found[open_[hit]] = rows[open_[hit]]
            open_ = open_[~hit & (rows[open_] + 1 < ends[open_])]
        return found

    def values(
        self, rows: NDArray[np.int32], counts: NDArray[Any], owners: Any, size: int, spec: FeatureSpec
    ) -> Floats:
        """What each row of each text weighs: tf, idf, and each block of a text brought to its length."""
        tf = np.ones(len(rows), np.float32) if spec.tf == "binary" else 1 + np.log(counts.astype(np.float32))
        weight = (tf * self.idf[rows]).astype(np.float32)
        group = owners * (1 << BLOCK_BITS) + self.blocks[rows]
        squares = np.bincount(group, weights=weight * weight, minlength=size << BLOCK_BITS)
        scale = np.zeros(1 << BLOCK_BITS)
        scale[: len(spec.blocks)] = [block.scale for block in spec.blocks]
        lengths = np.sqrt(squares).reshape(-1, 1 << BLOCK_BITS)
        factor = np.divide(scale, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return np.asarray(weight * factor.ravel()[group], np.float32)

    def matrix(self, bags: Bags, spec: FeatureSpec) -> Matrix:
        """One row a text, one column a known key."""
        found = self.find(bags.keys)
        known = np.flatnonzero(found >= 0)
        lengths = np.diff(bags.starts)
        owners = np.repeat(np.arange(len(bags)), lengths)[known]
        rows = found[known]
        starts = np.searchsorted(owners, np.arange(len(bags) + 1)).astype(np.int32)
        data = self.values(rows, bags.counts[known], owners, len(bags), spec)
        return csr_array((data, rows, starts), shape=(len(bags), len(self)))


def restricted(features: Matrix, read: NDArray[np.bool_]) -> Matrix:
    """The same columns, of which only those read have entries."""
    kept = read[features.indices]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[features.indptr].astype(np.int32)
    return csr_array((features.data[kept], features.indices[kept], starts), shape=features.shape)


def taken(bags: Bags, wanted: Sequence[int] | NDArray[np.intp]) -> Bags:
    """The rows wanted, in the order wanted."""
    index = np.asarray(wanted, dtype=np.int64)
    lengths = np.diff(bags.starts)[index]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    places = np.arange(int(starts[-1])) - np.repeat(starts[:-1], lengths) + np.repeat(bags.starts[index], lengths)
    return Bags(starts, bags.keys[places], bags.counts[places])
