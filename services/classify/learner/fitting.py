"""Fitting one head: weights by liblinear, probabilities and decisions on rows that the weights have not seen.

scikit-learn is imported where it is used: a service that only predicts never loads it.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from services.classify.learner.heads import Head, softmax
from services.classify.learner.model import Trained
from services.classify.learner.vocabulary import Floats, Matrix

Indices = NDArray[np.intp]
Metric = Callable[[Indices, Indices], float]
"""Truth and answer, as indices of labels, to a figure that is better when higher."""


@dataclass(frozen=True)
class Recipe:
    """How weights are found."""

    learner: Literal["svm", "logistic"] = "svm"
    c: float = 1.0
    balance: float = 0.0
    """0: every row counts the same; 1: every class does."""
    ratio: bool = False
    """Features are first weighed by their log-count ratio for the class (NB-SVM)."""


def fit_weights(features: Matrix, truth: NDArray[np.bool_], recipe: Recipe, seed: int = 0) -> tuple[Floats, Floats]:
    """One column of weights for each column of `truth` (rows × labels), each against the rest."""
    size = truth.sum(axis=0)
    counts = len(truth) / np.maximum(truth.shape[1] * size, 1)
    is_one = bool((truth.sum(axis=1) == 1).all())
    row_weight = (np.where(truth, counts, 0).sum(axis=1) if is_one else np.ones(len(truth))) ** recipe.balance
    if is_one and truth.shape[1] == 2:
        weights, bias = _one(features, truth[:, 1], recipe, row_weight, seed)
        return np.stack([-weights, weights], axis=1), np.array([-bias, bias], np.float32)
    if is_one and recipe.learner == "svm" and not recipe.ratio and (size > 0).sum() > 2:
        return _together(features, truth, recipe, row_weight, seed)
    columns = [_one(features, truth[:, label], recipe, row_weight, seed) for label in range(truth.shape[1])]
    return np.stack([weights for weights, _ in columns], axis=1), np.array([bias for _, bias in columns], np.float32)


def _together(
    features: Matrix, truth: NDArray[np.bool_], recipe: Recipe, row_weight: NDArray[Any], seed: int
) -> tuple[Floats, Floats]:
    """All labels in one call, which copies the features once."""
    fitted = _fitted(features, truth.argmax(axis=1), recipe, row_weight, seed)
    weights = np.zeros((features.shape[1], truth.shape[1]), np.float32)
    intercepts = np.full(truth.shape[1], -1.0, np.float32)
    weights[:, fitted.classes_], intercepts[fitted.classes_] = fitted.coef_.T, fitted.intercept_
    return weights, intercepts


def _one(
    features: Matrix, holds: NDArray[np.bool_], recipe: Recipe, row_weight: Any, seed: int
) -> tuple[Floats, float]:
    if holds.all() or not holds.any():
        return np.zeros(features.shape[1], np.float32), 1.0 if holds.all() else -1.0
    ratio = _ratio(features, holds) if recipe.ratio else None
    scaled = features if ratio is None else features.multiply(ratio[None, :]).tocsr()
    fitted = _fitted(scaled, holds, recipe, row_weight, seed)
    weights: Floats = fitted.coef_[0].astype(np.float32)
    return (weights if ratio is None else weights * ratio), float(fitted.intercept_[0])


def _fitted(features: Matrix, truth: NDArray[Any], recipe: Recipe, row_weight: NDArray[Any], seed: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if recipe.learner == "svm":
        fitted: Any = LinearSVC(C=recipe.c, random_state=seed, dual=True, tol=0.05, max_iter=200)
    else:
        fitted = LogisticRegression(C=recipe.c, solver="liblinear", dual=True, random_state=seed, max_iter=200)
    with warnings.catch_warnings():
        # Stopping at the limit of rounds is meant: the last rounds change no label.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fitted.fit(features, truth, sample_weight=row_weight)


def _ratio(features: Matrix, holds: NDArray[np.bool_]) -> Floats:
    inside, outside = (np.asarray(features[rows].sum(axis=0)).ravel() + 1.0 for rows in (holds, ~holds))
    return np.asarray(np.abs(np.log((inside / inside.sum()) / (outside / outside.sum()))), np.float32)


def calibrated(head: Head, scores: Floats, truth: NDArray[np.bool_]) -> Head:
    """The head with the slope and biases under which the truth of these unseen rows is most probable."""
    if head.many:
        fitted = [_platt(scores[:, label], truth[:, label]) for label in range(len(head.labels))]
        return replace(head, slope=tuple(one[0] for one in fitted), bias=tuple(one[1] for one in fitted))
    true = truth.argmax(axis=1)

    def loss(x: NDArray[np.float64]) -> float:
        chances = softmax(scores * np.exp(x[0]) + x[1:])
        rows = np.arange(len(true))
        return float(-np.log(chances[rows, true] + 1e-12).mean() + 0.01 * (x[1:] ** 2).mean())

    found = minimize(loss, np.zeros(1 + len(head.labels)), method="L-BFGS-B").x
    return replace(head, slope=(float(np.exp(found[0])),) * len(head.labels), bias=tuple(found[1:].tolist()))


def _platt(scores: Floats, holds: NDArray[np.bool_]) -> tuple[float, float]:
    target = np.where(holds, (holds.sum() + 1) / (holds.sum() + 2), 1 / ((~holds).sum() + 2))

    def loss(x: NDArray[np.float64]) -> float:
        chance = 1 / (1 + np.exp(-np.clip(scores * np.exp(x[0]) + x[1], -50, 50)))
        return float(-(target * np.log(chance + 1e-12) + (1 - target) * np.log(1 - chance + 1e-12)).mean())

    found = minimize(loss, np.zeros(2), method="L-BFGS-B").x
    return float(np.exp(found[0])), float(found[1])


def fit_head(
    name: str,
    labels: Sequence[str],
    features: Matrix,
    truth: NDArray[np.bool_],
    held_out: tuple[Matrix, NDArray[np.bool_]] | None = None,
    *,
    many: bool = False,
    recipe: Recipe | None = None,
    seed: int = 0,
) -> Trained:
    """A head trained on `features`, calibrated on the rows held out (on four folds of its own where none are given)."""
    recipe = recipe or Recipe()
    weights, intercepts = fit_weights(features, truth, recipe, seed)
    if held_out is None:
        scores, known = out_of_fold(features, truth, recipe, seed=seed), truth
    else:
        scores, known = np.asarray(held_out[0] @ weights + intercepts, np.float32), held_out[1]
    head = calibrated(Head(name, tuple(labels), many=many), scores, known)
    return Trained(head, weights, intercepts)


def out_of_fold(features: Matrix, truth: NDArray[np.bool_], recipe: Recipe, folds: int = 4, seed: int = 0) -> Floats:
    """Scores of every row by weights that have not seen it."""
    fold = np.random.default_rng(seed).permutation(len(truth)) % folds
    scores = np.zeros(truth.shape, np.float32)
    for number in range(folds):
        weights, intercepts = fit_weights(features[fold != number], truth[fold != number], recipe, seed)
        scores[fold == number] = features[fold == number] @ weights + intercepts
    return scores


def one_hot(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.bool_]:
    """Rows × labels."""
    place = {name: index for index, name in enumerate(names)}
    truth = np.zeros((len(labels), len(names)), bool)
    truth[np.arange(len(labels)), [place[label] for label in labels]] = True
    return truth
