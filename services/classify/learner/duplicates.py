"""Rows that are near-copies of each other stay on one side of a split, so that no figure is of rows learnt by heart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from libs.common.text import fold
from services.classify.learner.alphabet import scatter
from services.classify.learner.features import Bags, Block, FeatureSpec, extract

_BANDS, _ROWS = 5, 5
"""Texts of which eight pairs of words in ten are the same are found nine times in ten; one in five, hardly ever."""
_SPEC = FeatureSpec((Block("plain", 2, 2),), tf="binary", limit=1200)


def groups_of(texts: list[str]) -> NDArray[np.intp]:
    """The number of each text's group: of equal texts, and of those whose least hashes agree in one of the bands."""
    bags = extract(texts, _SPEC)
    edges = [_links(_whole(texts)), *(_links(_band(bags, band)) for band in range(_BANDS))]
    left, right = (np.concatenate([edge[side] for edge in edges]) for side in (0, 1))
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(texts), len(texts)))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _whole(texts: list[str]) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    return np.array([known.setdefault(fold(text), len(known)) for text in texts], np.int64)


def _band(bags: Bags, band: int) -> NDArray[np.uint64]:
    # A text of one word is a near-copy of nothing: each gets a number of its own.
    joined = np.arange(len(bags), dtype=np.uint64)
    full = np.flatnonzero(np.diff(bags.starts))
    joined[full] = 0
    for row in range(_ROWS if len(full) else 0):
        odd = np.uint32(scatter(band * _ROWS + row) >> 32 | 1)
        least = np.minimum.reduceat(bags.keys * odd, bags.starts[full])
        joined[full] = joined[full] * np.uint64(scatter(1) | 1) + least
    return joined


def _links(values: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(values, kind="stable")
    same = np.flatnonzero(values[order][1:] == values[order][:-1])
    return order[same], order[same + 1]
