"""Which items hold a term: for each slot a chain of the items that have it among their keys, the latest first.

Chains lie in one array, so that adding an item and walking the chains of many terms are a few operations on arrays.
Nothing is unlinked: a chain ends where the oldest living item began, and the dead between are passed over.
"""

import numpy as np
from numpy.typing import NDArray

from services.classify.evidence import KEYS, SLOTS, Ints

Entries = NDArray[np.int32]

_ASKED = 20
"""The rarest terms of an item that are looked up."""
_STEPS = 12
"""Of each, so many of the latest items that hold it."""
_ROOM = 4096
_WEIGHT_BITS, _PLACE_BITS = 32, 16
_WEIGHT_MASK, _PLACE_MASK = (1 << _WEIGHT_BITS) - 1, (1 << _PLACE_BITS) - 1


class Postings:
    """Items are numbered in the order in which they are added."""

    def __init__(self) -> None:
        self._base = self._next = self._oldest = 0
        self._dead = 0
        self._head = np.full(SLOTS, -1, np.int32)
        self._before = np.full(_ROOM * KEYS + 1, -1, np.int32)
        self._alive = np.zeros(_ROOM, bool)

    def add(self, keys: Ints) -> int:
        """The item's number. Where a slot is named twice, the last stands for both."""
        if self._next - self._base == len(self._alive):
            self._make_room()
        place = self._next - self._base
        start = place * KEYS
        self._before[start : start + len(keys)] = self._head[keys]
        self._head[keys] = np.arange(start, start + len(keys))
        self._alive[place] = True
        self._next += 1
        return self._next - 1

    def remove(self, number: int) -> None:
        self._alive[number - self._base] = False
        self._dead += 1
        while self._oldest < self._next and not self._alive[self._oldest - self._base]:
            self._oldest += 1
            self._dead -= 1

    def find(self, slots: Ints, weighed: Ints, limit: int) -> list[int]:
        """The items that share the most weight in the rarest terms, the latest of equals first."""
        floor = (self._oldest - self._base) * KEYS
        heads = self._living(self._head[slots], floor) if self._dead else self._head[slots]
        held = np.flatnonzero(heads >= floor)
        asked = held[_highest(weighed[held], _ASKED)]
        chains = self._walk(heads[asked], floor)
        is_held = chains >= floor
        weights = np.broadcast_to(weighed[asked] ** 2, chains.shape)[is_held]
        if not len(weights):
            return []
        shared = (chains[is_held].astype(np.int64) // KEYS << _WEIGHT_BITS) | weights
        shared.sort()
        items = shared >> _WEIGHT_BITS
        is_first = np.ones(len(items), bool)
        np.not_equal(items[1:], items[:-1], out=is_first[1:])
        starts = is_first.nonzero()[0]
        sums = np.add.reduceat(shared & _WEIGHT_MASK, starts)
        numbers: list[int] = (items[starts[_highest(sums, limit)]] + self._base).tolist()
        return numbers

    def _walk(self, entries: Entries, floor: int) -> Entries:
        """A row for each step. The last entry of all is never used, so that the end of a chain (-1) leads to itself."""
        chains = np.empty((_STEPS, len(entries)), np.int32)
        for step in range(_STEPS):
            chains[step] = entries = self._living(entries, floor) if self._dead else entries
            entries = self._before[entries]
        return chains

    def _living(self, entries: Entries, floor: int) -> Entries:
        """Past items that died before older ones, as those do that came in late."""
        while True:
            is_dead = (entries >= floor) & ~self._alive[entries // KEYS]
            if not is_dead.any():
                return entries
            entries = np.where(is_dead, self._before[entries], entries)

    def _make_room(self) -> None:
        """Drop what has died at the front; where that is little, grow."""
        shift, room = self._oldest - self._base, len(self._alive)
        grown = room if shift >= room // 4 else 2 * room
        kept = self._next - self._oldest
        before, alive = np.full(grown * KEYS + 1, -1, np.int32), np.zeros(grown, bool)
        before[: kept * KEYS] = np.maximum(self._before[shift * KEYS : (shift + kept) * KEYS] - shift * KEYS, -1)
        alive[:kept] = self._alive[shift : shift + kept]
        self._before, self._alive, self._base = before, alive, self._oldest
        self._head = np.maximum(self._head - np.int32(shift * KEYS), -1)


def _highest(values: Ints, limit: int) -> Ints:
    """Where the highest values are, the highest first, the last of equals first."""
    keyed = (values << _PLACE_BITS) | np.arange(len(values))
    keyed.sort()
    return keyed[: -limit - 1 : -1] & _PLACE_MASK
