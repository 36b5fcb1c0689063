"""A head: what the outputs of a linear model mean. Scores become probabilities, and probabilities labels."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """`many`: any number of its labels may hold at once, each by itself; else exactly one does."""

    name: str
    labels: tuple[str, ...]
    many: bool = False
    slope: tuple[float, ...] = ()
    bias: tuple[float, ...] = ()
    """Probabilities are of `score * slope + bias`: softmax over the labels, or a sigmoid of each."""
    offsets: tuple[float, ...] = ()
    """One label: added to log-probabilities before the highest is taken. Many: the thresholds of probability."""
    floor: float = 0.0
    """Below this probability of its label a text is better left to a person."""

    def __post_init__(self) -> None:
        count = len(self.labels)
        if count < (1 if self.many else 2) or len(set(self.labels)) != count:
            raise ValueError(f"head {self.name!r}: labels must be distinct, and at least {1 if self.many else 2}")
        defaults = (("slope", 1.0), ("bias", 0.0), ("offsets", 0.5 if self.many else 0.0))
        for name, usual in defaults:
            value = tuple(float(one) for one in getattr(self, name)) or (usual,) * count
            if len(value) != count or not np.isfinite(value).all():
                raise ValueError(f"head {self.name!r}: {name} needs {count} finite numbers")
            object.__setattr__(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Head":
        lists = {name: tuple(told[name]) for name in ("labels", "slope", "bias", "offsets")}
        return cls(**{**told, **lists})

    def probabilities(self, scores: Scores) -> NDArray[np.float64]:
        logits = self.logits(scores)
        if self.many:
            return np.asarray(1 / (1 + np.exp(-np.clip(logits, -50, 50))))
        return softmax(logits)

    def logits(self, scores: Scores) -> NDArray[np.float64]:
        """Calibrated log-odds."""
        return np.asarray(scores * np.array(self.slope) + np.array(self.bias))

    def answers(self, scores: Scores) -> "Answers":
        chances = self.probabilities(scores)
        if self.many:
            return Answers(self, chances, chances >= np.array(self.offsets))
        decided = np.log(chances + 1e-12) + np.array(self.offsets)
        return Answers(self, chances, decided == decided.max(axis=1, keepdims=True))


@dataclass(frozen=True)
class Answers:
    """Of a batch: the probability of each label for each text, and which labels hold."""

    head: Head
    probabilities: NDArray[np.float64]
    holds: NDArray[np.bool_]

    def taken(self, rows: NDArray[np.intp]) -> "Answers":
        """Those rows, in that order."""
        return Answers(self.head, self.probabilities[rows], self.holds[rows])

    @property
    def best(self) -> NDArray[np.intp]:
        """The index of the label decided on; for many, of the most probable."""
        return np.asarray(np.argmax(self.probabilities if self.head.many else self.holds, axis=1))

    @property
    def labels(self) -> list[str]:
        return [self.head.labels[index] for index in self.best.tolist()]

    @property
    def label_sets(self) -> list[tuple[str, ...]]:
        names = self.head.labels
        return [tuple(names[index] for index in np.flatnonzero(row)) for row in self.holds]

    @property
    def scores(self) -> NDArray[np.float64]:
        """The calibrated probability of the label of each text."""
        return np.asarray(self.probabilities[np.arange(len(self.best)), self.best])

    @property
    def margins(self) -> NDArray[np.float64]:
        """How far the most probable label is ahead of the next."""
        if self.probabilities.shape[1] == 1:
            return np.abs(2 * self.probabilities[:, 0] - 1)
        highest = np.partition(self.probabilities, -2, axis=1)
        return np.asarray(highest[:, -1] - highest[:, -2])

    @property
    def sure(self) -> NDArray[np.bool_]:
        return np.asarray(self.scores >= self.head.floor)


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
