"""Which labels the neighbours of an embedding have: weights on how near it is to rows picked at random.

A plane through embeddings of this size says little; nearness (a Gaussian of the distance) says clearly more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LANDMARKS = 4000


@dataclass(frozen=True)
class Kernel:
    centre: Floats
    scale: Floats
    landmarks: Floats
    weights: Floats
    intercepts: Floats

    def scores(self, embedded: Floats) -> Floats:
        """Calibrated log-odds, one column a label."""
        near = nearness((embedded - self.centre) / self.scale, self.landmarks)
        return np.asarray(near @ self.weights + self.intercepts, np.float32)


def nearness(rows: Floats, landmarks: Floats) -> Floats:
    """1 for the same, 0 for the far; rows are scaled so that two of them lie √2 apart on average."""
    squares = (rows**2).sum(axis=1)[:, None] + (landmarks**2).sum(axis=1) - 2 * rows @ landmarks.T
    return np.asarray(np.exp(-np.maximum(squares, 0)), np.float32)
