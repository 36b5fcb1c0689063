"""From the training texts to the model that ships: one vocabulary, one head for each question, all figures out of fold.

Same texts, same seed: same weights. What is measured of a text is said by weights that have not seen its neighbours.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.learner.features import Block, FeatureSpec, extract
from services.classify.learner.fitting import Recipe, calibrated, fit_weights
from services.classify.learner.heads import Head
from services.classify.learner.model import Model, Trained
from services.classify.learner.vocabulary import Floats, Matrix, Vocabulary
from services.classify.models.measuring import curve, floor_for, macro_f1, per_label, ranking, told, told_many
from services.classify.models.texts import HEADS, MANY, Example

SPEC = FeatureSpec((Block("word", 1, 2), Block("plain", 1, 2)), symbols=True, limit=1400)
FOLDS = 5
WORDS = 220_000
RISK_PRECISION = 0.95
"""Asked of each risk class out of fold: more than is promised, because other writers write otherwise."""
FALSE_ALARMS = 0.003
"""The share of ordinary texts, written to show no risk, for which a class may fire."""
Truth = NDArray[np.bool_]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Way:
    """How the weights of a head are found: a margin learner, and beside it counts of what other labels say."""

    recipe: Recipe
    counts: float = 0.0
    smoothing: float = 0.2
    favour: str = ""
    """A label that is rarer here than what it stands for: it is taken before it is the likeliest."""
    sure: float = 0.9
    """Where the head speaks, it is to be right this often on texts of another sitting: a figure that is lower than on
    ordinary ones, because whole subjects are then missing from what it learnt."""


WAYS = {
    "field": Way(Recipe("svm", 0.3, balance=0.5), counts=1.0, sure=0.83),
    "kind": Way(Recipe("svm", 0.3, balance=0.5), counts=0.5, smoothing=0.1, sure=0.88),
    "tone": Way(Recipe("svm", 0.2, balance=1.0), counts=0.5, sure=0.82, favour="positive"),
    "risk": Way(Recipe("svm", 3.0)),
    "toxicity": Way(Recipe("svm", 0.3, balance=0.5)),
}


@dataclass(frozen=True)
class Outcome:
    """A model, what it is worth head by head, and the hash of what it learnt from."""

    model: Model
    metrics: dict[str, Any]
    texts: str


def train(learnt: Sequence[Example], seed: int = 0, say: Say = lambda line: None) -> Outcome:
    bags = extract([one.text for one in learnt], SPEC)
    vocabulary = Vocabulary.over(bags, min_df=1, most=WORDS)
    features = vocabulary.matrix(bags, SPEC)
    trained, metrics = [], {}
    for name, labels in HEADS.items():
        head, metrics[name] = _head(name, labels, learnt, features, seed)
        trained.append(head)
        say(f"{name}: {metrics[name]['headline']}")
    return Outcome(Model.of(SPEC, vocabulary, trained), metrics, hash_of(learnt))


def hash_of(learnt: Sequence[Example]) -> str:
    digest = hashlib.sha256()
    for one in learnt:
        digest.update(repr((one.text, sorted(one.labels.items()))).encode())
    return digest.hexdigest()[:16]


def _head(
    name: str, labels: tuple[str, ...], learnt: Sequence[Example], features: Matrix, seed: int
) -> tuple[Trained, dict[str, Any]]:
    rows = np.array([index for index, one in enumerate(learnt) if name in one.labels], np.intp)
    truth = np.array([[label in learnt[row].labels[name] for label in labels] for row in rows.tolist()])
    fold = np.array([_fold(learnt[row].group) for row in rows.tolist()])
    x, way = features[rows], WAYS[name]
    unseen = np.zeros(truth.shape, np.float32)
    for number in range(FOLDS):
        weights, intercepts = _weights(x[fold != number], truth[fold != number], name, way, seed)
        held = fold == number
        unseen[held] = x[held] @ weights + intercepts
    weights, intercepts = _weights(x, truth, name, way, seed)
    measured = fold >= 0
    groups = [learnt[row].group for row in rows[measured].tolist()]
    head, figures = _decided(name, labels, unseen[measured], truth[measured], _tempting(groups, truth[measured]), way)
    return Trained(head, weights, intercepts), figures


def _tempting(groups: Sequence[str], truth: Truth) -> NDArray[np.bool_]:
    """The rows of files that hold both sides of a question, with negatives that look like positives."""
    files = [group.partition("/")[0] for group in groups]
    both = {file for file, row in zip(files, truth, strict=True) if row.any()}
    return np.array([file in both for file in files])


def _fold(group: str) -> int:
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % FOLDS if group else -1


def _weights(x: Matrix, truth: Truth, name: str, way: Way, seed: int) -> tuple[Floats, Floats]:
    weights, intercepts = fit_weights(x, truth, way.recipe, seed)
    if not way.counts:
        return weights, intercepts
    scale = _spread(np.asarray(x @ weights + intercepts))
    counted = _counted(x, truth, way.smoothing)
    share = way.counts / _spread(np.asarray(x @ counted))
    return (weights / scale + counted * share).astype(np.float32), (intercepts / scale).astype(np.float32)


def _counted(x: Matrix, truth: Truth, smoothing: float) -> Floats:
    """Complement naive Bayes: a word speaks for a label by how rarely the other labels use it."""
    sums = np.asarray(x.T @ truth.astype(np.float32)) + 0.0
    others = sums.sum(axis=1, keepdims=True) - sums + smoothing
    weights = -np.log(others / others.sum(axis=0, keepdims=True))
    return np.asarray(weights - weights.mean(axis=1, keepdims=True), np.float32)


def _spread(scores: NDArray[Any]) -> float:
    return float((scores - scores.mean(axis=1, keepdims=True)).std()) or 1.0


def _decided(
    name: str, labels: tuple[str, ...], unseen: Floats, truth: Truth, tempting: NDArray[np.bool_], way: Way
) -> tuple[Head, dict[str, Any]]:
    """The head with its probabilities and thresholds, and its figures, all out of fold."""
    head = calibrated(Head(name, labels, many=name in MANY), unseen, truth)
    chances = head.probabilities(unseen)
    if head.many:
        return _many(head, chances, truth, tempting)
    if way.favour:
        head = replace(head, offsets=_favoured(labels, chances, truth, way.favour))
        weighed = chances * np.exp(np.array(head.offsets))
        chances = weighed / weighed.sum(axis=1, keepdims=True)
    said = chances.argmax(axis=1)
    right = said == truth.argmax(axis=1)
    head = replace(head, floor=floor_for(chances.max(axis=1), right, way.sure))
    figures = told(labels, truth.argmax(axis=1), said, chances.max(axis=1) >= head.floor)
    return head, {**figures, "floor": round(head.floor, 3), "curve": curve(chances.max(axis=1), right)}


def _favoured(labels: tuple[str, ...], chances: NDArray[np.float64], truth: Truth, favour: str) -> tuple[float, ...]:
    """The offset of one rare label at which macro-F1 is highest."""
    best, true = (0.0, 0.0), truth.argmax(axis=1)
    for offset in np.arange(0.0, 1.6, 0.1).tolist():
        said = (np.log(chances + 1e-12) + offset * (np.array(labels) == favour)).argmax(axis=1)
        best = max(best, (macro_f1(per_label(labels, true, said)), offset))
    return tuple(best[1] if label == favour else 0.0 for label in labels)


def _many(
    head: Head, chances: NDArray[np.float64], truth: Truth, tempting: NDArray[np.bool_]
) -> tuple[Head, dict[str, Any]]:
    wanted = RISK_PRECISION if head.name == "risk" else 0.8
    thresholds = []
    for index in range(len(head.labels)):
        ordinary = np.sort(chances[~tempting, index])
        alarms = ordinary[-int(len(ordinary) * FALSE_ALARMS) - 1] if len(ordinary) else 0.0
        precise = floor_for(chances[tempting, index], truth[tempting, index], wanted)
        thresholds.append(float(max(alarms, precise) if head.name == "risk" else precise))
    head = replace(head, offsets=tuple(thresholds))
    said = chances >= np.array(thresholds)
    figures = told_many(head.labels, truth[tempting], said[tempting], thresholds)
    ordinary_texts = {"texts": int((~tempting).sum()), "fired": said[~tempting].sum(axis=0).tolist()}
    ranked = [ranking(chances[:, index], truth[:, index]) for index in range(len(head.labels))]
    return head, {**figures, "ranking": round(sum(ranked) / len(ranked), 4), "ordinary_texts": ordinary_texts}
