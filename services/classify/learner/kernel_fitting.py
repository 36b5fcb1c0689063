"""Fitting a kernel: ridge regression with sums kept apart for each fold, so that scores of unseen rows cost one small
equation a fold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from services.classify.learner.fitting import calibrated
from services.classify.learner.heads import Head, softmax
from services.classify.learner.kernel import LANDMARKS, Floats, Kernel, nearness

BALANCE = 0.5
"""0: every row counts the same; 1: every label does."""
_PENALTIES = (1.0, 3.0)


def learn(embedded: Floats, truth: NDArray[np.bool_], fold: NDArray[np.intp], seed: int) -> tuple[Floats, Kernel]:
    """Scores of each row by weights that have seen no row of its fold, and the kernel fitted on all rows."""
    chance = np.random.default_rng(seed)
    centre, scale = embedded.mean(axis=0), embedded.std(axis=0) * np.sqrt(embedded.shape[1]) + 1e-6
    rows = ((embedded - centre) / scale).astype(np.float32)
    # Kept in half precision, and so used from the start.
    landmarks = rows[chance.permutation(len(rows))[:LANDMARKS]].astype(np.float16).astype(np.float32)
    near, between = nearness(rows, landmarks), nearness(landmarks, landmarks)
    sums = {one: _sums(near[fold == one], truth[fold == one], truth.mean(axis=0)) for one in np.unique(fold).tolist()}
    left, right = (np.sum([part[side] for part in sums.values()], axis=0) for side in (0, 1))
    best: tuple[float, Floats, Head, float] | None = None
    for penalty in _PENALTIES:
        scores = np.zeros(truth.shape, np.float32)
        for one, part in sums.items():
            weights = _solved(left - part[0], right - part[1], penalty * between)
            scores[fold == one] = near[fold == one] @ weights
        head = calibrated(Head("", tuple(map(str, range(truth.shape[1])))), scores, truth)
        logits = np.asarray(head.logits(scores), np.float32)
        loss = float(-np.log(softmax(logits)[truth] + 1e-12).mean())
        if best is None or loss < best[0]:
            best = (loss, logits, head, penalty)
    assert best is not None
    _, logits, head, penalty = best
    weights = (_solved(left, right, penalty * between) * np.array(head.slope)).astype(np.float32)
    return logits, Kernel(centre, scale.astype(np.float32), landmarks, weights, np.array(head.bias, np.float32))


def _sums(near: Floats, truth: NDArray[np.bool_], common: NDArray[Any]) -> tuple[Floats, Floats]:
    weight = (1 / (truth.shape[1] * np.maximum(common, 1e-9))) ** BALANCE
    weighed = near * weight[truth.argmax(axis=1)].astype(np.float32)[:, None]
    return near.T @ weighed, weighed.T @ (2 * truth - 1).astype(np.float32)


def _solved(left: Floats, right: Floats, penalty: Floats) -> NDArray[np.float64]:
    equations = (left + penalty).astype(np.float64)
    # Equal landmarks make equal equations, which single precision tells apart by noise alone.
    equations[np.diag_indices(len(equations))] += 1e-6 * np.trace(equations)
    return np.asarray(cho_solve(cho_factor(equations), right.astype(np.float64)))
