"""A second look by sentence embeddings (of four layers) at the texts of which the linear model is unsure.

It costs a millisecond a token, so it is asked only where the margin is small, and kept only where rows that nobody
trained on show that it helps. The embedder's weights are an optional package, and read when they are first needed.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify import encoder
from services.classify.learner.heads import Answers, softmax
from services.classify.learner.kernel import Kernel
from services.classify.learner.measuring import figures, offsets_for

Floats = NDArray[np.float32]
LONGEST = 2000
"""Signs of a text that are embedded."""
AT_ONCE, TOLD = 128, 16
"""Texts between two looks at the clock, and how often as many between two lines of progress."""
_BELOW, _WORTH = (0.3, 0.5, 0.8, 0.95), 0.002
"""Margins that may count as unsure, and what the figure has to gain for more texts to be asked about."""


@dataclass(frozen=True)
class SecondStage:
    """What the neighbours of a text say, heard by a share beside the linear model's own, where its margin is below."""

    kernel: Kernel
    own: float
    share: float
    below: float
    offsets: tuple[float, ...]

    def about(self) -> dict[str, Any]:
        return {"own": self.own, "share": self.share, "below": self.below, "offsets": self.offsets}

    def revise(self, texts: Sequence[str], answers: Answers) -> Answers:
        """The answers, looked at again where they are unsure."""
        unsure = np.flatnonzero(answers.margins < self.below)
        if not len(unsure):
            return answers
        return self.revised(answers, unsure, self.kernel.scores(embed([texts[row] for row in unsure.tolist()])))

    def revised(self, answers: Answers, unsure: NDArray[np.intp], scores: Floats) -> Answers:
        """The answers with these scores heard about the unsure rows."""
        chances, holds = answers.probabilities.copy(), answers.holds.copy()
        chances[unsure] = mixed(chances[unsure], scores, self.own, self.share)
        decided = np.log(chances[unsure] + 1e-12) + np.array(self.offsets)
        holds[unsure] = decided == decided.max(axis=1, keepdims=True)
        return Answers(answers.head, chances, holds)


def mixed(chances: NDArray[np.float64], scores: NDArray[Any], own: float, share: float) -> NDArray[np.float64]:
    return softmax(own * np.log(chances + 1e-12) + share * scores)


def embed(texts: Sequence[str]) -> Floats:
    """One row of `encoder.SIZE` numbers a text."""
    return encoder.encode([text[:LONGEST] for text in texts])


def embed_until(texts: Sequence[str], until: float, tell: Callable[[str], None]) -> tuple[Floats, float]:
    """The first texts, as many as there is time for, and the processor seconds that one took: one thread a core."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no stubs

    embed(texts[:2])
    starts, lock = iter(range(0, len(texts), AT_ONCE)), threading.Lock()
    parts: dict[int, Floats] = {}

    def given() -> Iterator[int]:
        """What is given out is embedded to its end, so that the parts have no gap."""
        while time.monotonic() < until:
            with lock:
                start = next(starts, None)
            if start is None:
                return
            yield start

    def work() -> None:
        for start in given():
            parts[start] = embed(texts[start : start + AT_ONCE])
            if len(parts) % TOLD == 0:
                tell(f"tầng thứ hai (second stage): {len(parts) * AT_ONCE}/{len(texts)}")

    began, count = time.monotonic(), len(os.sched_getaffinity(0))
    with threadpool_limits(1), ThreadPoolExecutor(count) as threads:
        for one in [threads.submit(work) for _ in range(count)]:
            one.result()
    found = np.concatenate([np.zeros((0, encoder.SIZE), np.float32), *(parts[start] for start in sorted(parts))])
    return found, (time.monotonic() - began) * count / max(len(found), 1)


def choose(
    first: Answers, truth: NDArray[np.intp], scores: Floats, kernel: Kernel, aim: str
) -> tuple[SecondStage, Floats]:
    """How much is heard of the scores, and where, on rows that neither stage has seen; and the scores as it hears them.

    `scores` are of the first rows, which are the least sure; the rest keep their answers.
    """
    count, size = len(first.head.labels), len(scores)
    own = first.probabilities[:size]
    mine, share, bias = _heard(np.log(own + 1e-12), scores, truth[:size])
    kernel = replace(kernel, intercepts=kernel.intercepts + bias)
    scores = scores + bias
    limit = float(first.margins[size]) if size < len(truth) else _BELOW[-1]
    best: tuple[float, SecondStage] | None = None
    for below in (*[one for one in _BELOW if one < limit], limit):
        unsure = np.flatnonzero(first.margins[:size] < below)
        # What is sure stays as it is, whatever the offsets.
        chances, expected = first.holds.astype(np.float64), first.probabilities.copy()
        chances[unsure] = expected[unsure] = mixed(own[unsure], scores[unsure], mine, share)
        stage = SecondStage(kernel, mine, share, below, offsets_for(chances, aim, expected))
        reached = figures(truth, stage.revised(first, unsure, scores[unsure]).best, count).of(aim)
        if best is None or reached > best[0] + _WORTH:
            best = (reached, stage)
    assert best is not None
    return best[1], scores


def _heard(logs: NDArray[np.float64], scores: Floats, truth: NDArray[np.intp]) -> tuple[float, float, Floats]:
    """The shares of both stages, and what is added to the scores, under which the truth is most probable.

    Both know how rare a label is, so that together they would count it twice: without the addition, the F1 of the
    rare label of victsd is .486 on halves of its rows, with it .502.
    """
    from scipy.optimize import minimize  # only where something is trained

    places, count = np.arange(len(truth)), logs.shape[1]

    def loss(x: NDArray[np.float64]) -> float:
        chances = softmax(np.exp(x[0]) * logs + np.exp(x[1]) * (scores + x[2:]))
        return float(-np.log(chances[places, truth] + 1e-12).mean() + 0.001 * (x[2:] ** 2).mean())

    start = np.concatenate([np.log([0.6, 0.6]), np.zeros(count)])
    bounds = [(np.log(0.05), np.log(2.0))] * 2 + [(-5.0, 5.0)] * count
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), float(np.exp(found[1])), found[2:].astype(np.float32)
