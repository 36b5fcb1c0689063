"""Figures of answers, and the decision offsets that make the figure aimed at as good as it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
AIMS = ("balanced", "macro", "weighted", "accuracy")
"""What is made best: macro-F1, support-weighted F1, accuracy, or the mean of both F1 where nobody says."""
_STEPS = np.linspace(-3, 3, 49)


@dataclass(frozen=True)
class Figures:
    accuracy: float
    macro_f1: float
    weighted_f1: float
    f1: tuple[float, ...]

    def of(self, aim: str) -> float:
        named = {"macro": self.macro_f1, "weighted": self.weighted_f1, "accuracy": self.accuracy}
        return named.get(aim, (self.macro_f1 + self.weighted_f1) / 2)

    def as_dict(self, labels: tuple[str, ...]) -> dict[str, Any]:
        each = {label: round(value, 4) for label, value in zip(labels, self.f1, strict=True)}
        return {**self.short(), "f1": each}

    def short(self) -> dict[str, float]:
        named = {"accuracy": self.accuracy, "macro_f1": self.macro_f1, "weighted_f1": self.weighted_f1}
        return {name: round(value, 4) for name, value in named.items()}


def figures(truth: Indices, answers: Indices, labels: int) -> Figures:
    """As scikit-learn gives them; labels that neither rows nor answers have do not count."""
    table = np.bincount(truth * labels + answers, minlength=labels * labels).reshape(labels, labels)
    hits, given, had = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    f1 = 2 * hits / np.maximum(given + had, 1)
    seen = (given + had) > 0
    total = max(len(truth), 1)
    each = tuple(f1.tolist())
    return Figures(float(hits.sum() / total), float(f1[seen].mean()), float((f1 * had).sum() / total), each)


def offsets_for(
    chances: NDArray[np.float64], truth: Indices, aim: str, start: Sequence[float] | None = None, caution: float = 0.2
) -> tuple[float, ...]:
    """From the start (usually: the highest score wins) one label after the other is moved where the aim gains by it.

    A move has to gain `caution` standard errors of the figure: where all labels are frequent, offsets learn noise.
    """
    count: int = chances.shape[1]
    logs = np.log(chances + 1e-12)
    offsets = np.zeros(count) if start is None else np.array(start, dtype=np.float64)
    if aim == "accuracy":
        return tuple(float(one) for one in offsets.tolist())
    best = figures(truth, (logs + offsets).argmax(axis=1), count).of(aim)
    least = caution * (best * (1 - best) / max(len(truth), 1)) ** 0.5
    for _ in range(2):
        for label in range(count):
            moved = offsets[label] + _STEPS
            tried = np.array([_with(logs, offsets, label, step, truth, aim) for step in moved])
            found = float(tried.max())
            if found > best + least:
                near = tried >= found - least / 2
                offsets[label] = float(np.median(moved[near]))
                best = figures(truth, (logs + offsets).argmax(axis=1), count).of(aim)
    return tuple(float(one) for one in offsets.tolist())


def _with(logs: Any, offsets: Any, label: int, step: float, truth: Indices, aim: str) -> float:
    tried = offsets.copy()
    tried[label] = step
    return figures(truth, (logs + tried).argmax(axis=1), logs.shape[1]).of(aim)
