"""Figures of a head: per label, over all labels, and how coverage is paid for with accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
LEVELS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def figures_of(holds: Flags, said: Flags) -> dict[str, float | int]:
    """Precision, recall and F1 of one label, and how many texts have it."""
    both = int((holds & said).sum())
    precision = both / int(said.sum()) if said.any() else 0.0
    recall = both / int(holds.sum()) if holds.any() else 0.0
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3), "texts": int(holds.sum())}


def per_label(labels: Sequence[str], true: Indices, said: Indices) -> dict[str, dict[str, float | int]]:
    return {label: figures_of(true == index, said == index) for index, label in enumerate(labels)}


def macro_f1(labels: dict[str, dict[str, float | int]], without: Sequence[str] = ()) -> float:
    """Over the labels that occur."""
    counted = [figures["f1"] for label, figures in labels.items() if figures["texts"] and label not in without]
    return round(float(np.mean(counted)), 4) if counted else 0.0


def told(labels: Sequence[str], true: Indices, said: Indices, sure: Flags) -> dict[str, Any]:
    """A head that always says one label: as if it never abstained, and where it speaks."""
    each = per_label(labels, true, said)
    spoken = float((said == true)[sure].mean()) if sure.any() else 0.0
    return {
        "headline": f"macro-F1 {macro_f1(each):.3f}, {sure.mean():.0%} said at {spoken:.1%} right",
        "macro_f1": macro_f1(each),
        "accuracy": round(float((said == true).mean()), 4),
        "coverage": round(float(sure.mean()), 4),
        "accuracy_where_said": round(spoken, 4),
        "labels": each,
    }


def told_many(labels: Sequence[str], truth: Flags, said: Flags, thresholds: Sequence[float]) -> dict[str, Any]:
    """A head of which any number of labels may hold."""
    each = {label: figures_of(truth[:, index], said[:, index]) for index, label in enumerate(labels)}
    worst = min((figures["precision"] for figures in each.values()), default=0.0)
    return {
        "headline": f"macro-F1 {macro_f1(each):.3f}, lowest precision {worst:.1%}",
        "macro_f1": macro_f1(each),
        "thresholds": dict(zip(labels, [round(one, 3) for one in thresholds], strict=True)),
        "labels": each,
    }


def curve(chances: NDArray[np.float64], right: Flags) -> list[dict[str, float]]:
    """At each probability: which share of texts is then labelled, and how often rightly."""
    rows = []
    for level in LEVELS:
        sure = chances >= level
        if sure.any():
            accuracy = round(float(right[sure].mean()), 3)
            rows.append({"from": level, "coverage": round(float(sure.mean()), 3), "accuracy": accuracy})
    return rows


def floor_for(chances: NDArray[np.float64], right: Flags, wanted: float) -> float:
    """The lowest probability from which on labels are right as often as wanted."""
    order = np.argsort(-chances, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(accuracy >= wanted)
    return float(chances[order[enough[-1]]]) if len(enough) else 1.0


def ranking(chances: NDArray[np.float64], holds: Flags) -> float:
    """Average precision: how well the label's texts stand before the others, whatever the threshold."""
    order = np.argsort(-chances, kind="stable")
    precision = np.cumsum(holds[order]) / np.arange(1, len(order) + 1)
    return float(precision[holds[order]].mean()) if holds.any() else 0.0
