"""Rows that are near-copies of each other stay on one side of a split, so that no figure is of rows learnt by heart."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from services.classify.learner.alphabet import scatter
from services.classify.learner.features import Bags, Block, FeatureSpec, extract

_BANDS, _ROWS = 4, 3
_SPEC = FeatureSpec((Block("plain", 1, 2),), tf="binary")


def groups_of(texts: list[str]) -> NDArray[np.intp]:
    """The number of each text's group: of equal texts, and of those whose least hashes agree in one of the bands."""
    bags = extract(texts, _SPEC)
    edges = [_links(_band(bags, band)) for band in range(_BANDS)]
    left, right = (np.concatenate([edge[side] for edge in edges]) for side in (0, 1))
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(texts), len(texts)))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _band(bags: Bags, band: int) -> NDArray[np.uint64]:
    joined = np.zeros(len(bags), np.uint64)
    full = np.flatnonzero(np.diff(bags.starts))
    for row in range(_ROWS):
        odd = np.uint32(scatter(band * _ROWS + row) >> 32 | 1)
        least = np.zeros(len(bags), np.uint64)
        if len(full):
            least[full] = np.minimum.reduceat(bags.keys * odd, bags.starts[full])
        joined = joined * np.uint64(0x9E3779B97F4A7C15) + least
    return joined


def _links(values: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(values, kind="stable")
    same = np.flatnonzero(values[order][1:] == values[order][:-1])
    return order[same], order[same + 1]
