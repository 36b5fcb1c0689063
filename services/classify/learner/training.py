"""From labelled rows to a model: candidates are tried within a time budget on rows kept apart, and the best is fitted.

Near-copies never stand on both sides of a split. The dev part, given or cut, selects, calibrates and sets decision
offsets, together with out-of-fold scores of the training rows; every figure on the card is of weights that had not seen
the row. In the end the chosen candidate is fitted on all rows.
"""

import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.common.clock import SystemClock
from services.classify.learner import second
from services.classify.learner.candidates import Candidate, feature_sets, ways_to_learn
from services.classify.learner.duplicates import groups_of
from services.classify.learner.examples import Examples
from services.classify.learner.features import Bags, extract
from services.classify.learner.fitting import calibrated, fit_weights, one_hot
from services.classify.learner.heads import Head
from services.classify.learner.measuring import AIMS, Figures, figures, offsets_for
from services.classify.learner.model import Model, Trained
from services.classify.learner.vocabulary import Floats, Vocabulary, taken

__all__ = ["AIMS", "NotLearnable", "train"]

FOLDS = 3
DEV_SHARE, DEV_MOST = 0.12, 4000
LARGE = 20_000_000
"""Signs: above, candidates are compared on a part of the rows, and on the dev part alone."""
SAFETY = 1.3
"""What is still to be done may take longer than what was alike."""
LEAST_EMBEDDED, LEAST_GAIN, SHORT = 600, 0.004, 400
"""Fewer rows judge nothing; a smaller gain is not worth twenty milliseconds a text, nor is a long text (signs)."""
Tell = Callable[[str], None]
Truth = NDArray[np.bool_]


class NotLearnable(ValueError):
    """Rows from which nothing can be learnt, with the reason."""


@dataclass(frozen=True)
class Split:
    """All rows one after the other: which are trained on, which are kept apart, and who is a near-copy of whom."""

    texts: list[str]
    truth: Truth
    train: NDArray[np.intp]
    dev: NDArray[np.intp]
    groups: NDArray[np.intp]
    is_given: bool


@dataclass(frozen=True)
class Tried:
    candidate: Candidate
    head: Head
    figures: Figures
    scores: Floats
    """Of the rows seen by no weights, in the order of `rows`."""
    rows: NDArray[np.intp]
    seconds: float


def train(
    examples: Examples,
    dev: Examples | None,
    *,
    budget: float = 300,
    aim: str = "balanced",
    seed: int = 0,
    tell: Tell = lambda line: None,
    second_stage: bool | None = False,
) -> tuple[Model, dict[str, Any]]:
    """The best model that the budget allows, and its card.

    `second_stage`: look again at uncertain texts by embeddings; None does so for short ones where the package is there.
    """
    began = time.monotonic()
    labels = _labels(examples, dev)
    split = _split(examples, dev, labels, seed)
    if second_stage is None:
        second_stage = second.is_installed() and sum(map(len, split.texts)) < SHORT * len(split.texts)
    search = _Search(split, labels, aim, seed, began + budget * (0.4 if second_stage else 1), tell)
    best, tried = search.run()
    looks_again, told = None, None
    if second_stage:
        looks_again, told = _second_stage(
            best, search, aim, seed, began + budget - time.monotonic() - search.last_fit(best), tell
        )
    model = replace(_final(best, split, seed), second=looks_again)
    card = {
        "data": [examples.about, *([dev.about] if dev else [])],
        "labels": [examples.written.get(label, label) for label in labels],
        "split": _told(split),
        "metrics": _metrics(best, split, labels),
        "second_stage": told,
        "aim": aim,
        "chosen": best.candidate.as_dict(),
        "tried": [{"figure": round(one.figures.of(aim), 4), **one.candidate.as_dict()} for one in tried],
        "offsets": dict(zip(labels, np.round(best.head.offsets, 3).tolist(), strict=True)),
        "seed": seed,
        "date": SystemClock().now().date().isoformat(),
        "versions": _versions(),
        "seconds": round(time.monotonic() - began, 1),
    }
    return model, card


def _labels(examples: Examples, dev: Examples | None) -> tuple[str, ...]:
    labels = tuple(sorted(set(examples.labels)))
    if len(labels) < 2:
        raise NotLearnable(f"cần ít nhất hai nhãn, chỉ có {len(labels)} (at least two labels are needed)")
    if dev and (strange := sorted(set(dev.labels) - set(labels))):
        raise NotLearnable(f"nhãn của dev không có trong dữ liệu học (labels only in dev): {', '.join(strange[:5])}")
    if dev is not None and not len(dev):
        raise NotLearnable("tệp dev rỗng (the dev file is empty)")
    return labels


def _split(examples: Examples, dev: Examples | None, labels: Sequence[str], seed: int) -> Split:
    texts = examples.texts + (dev.texts if dev else [])
    truth = one_hot(examples.labels + (dev.labels if dev else []), labels)
    groups = groups_of(texts)
    rows = np.arange(len(texts))
    if dev:
        return Split(texts, truth, rows[: len(examples)], rows[len(examples) :], groups, True)
    wanted = min(int(len(texts) * DEV_SHARE), DEV_MOST)
    order = np.random.default_rng(seed).permutation(int(groups.max()) + 1)
    sizes = np.bincount(groups)[order]
    apart = np.isin(groups, order[np.cumsum(sizes) <= wanted])
    # A label of which every row was set apart could not be learnt; its rows go back.
    lost = np.flatnonzero(~truth[~apart].any(axis=0))
    apart &= ~np.isin(truth.argmax(axis=1), lost)
    return Split(texts, truth, rows[~apart], rows[apart], groups, False)


class _Search:
    def __init__(self, split: Split, labels: tuple[str, ...], aim: str, seed: int, until: float, tell: Tell) -> None:
        self.split, self.labels, self.aim, self.seed, self.until, self.tell = split, labels, aim, seed, until, tell
        total = sum(map(len, split.texts))
        self.is_large = total > LARGE
        self.mean_length = total / len(split.texts)
        chance = np.random.default_rng(seed)
        share = min(1.0, LARGE / max(total, 1))
        self.train = chance.permutation(split.train)[: int(len(split.train) * share)] if self.is_large else split.train
        self.fold = chance.permutation(int(split.groups.max()) + 1)[split.groups] % FOLDS
        self.bags: tuple[Any, Bags] | None = None

    def run(self) -> tuple[Tried, list[Tried]]:
        """The best, and all that the time allowed."""
        tried: list[Tried] = []
        for candidate in feature_sets(self.mean_length):
            self._try(candidate, tried)
        for candidate in ways_to_learn(self._best(tried).candidate, self.mean_length):
            self._try(candidate, tried)
        return self._best(tried), tried

    def _best(self, tried: list[Tried]) -> Tried:
        return max(tried, key=lambda one: one.figures.of(self.aim))

    def _try(self, candidate: Candidate, tried: list[Tried]) -> None:
        began = time.monotonic()
        if tried and began + SAFETY * (tried[-1].seconds + self._last_fit(tried)) > self.until:
            return
        scores, rows = self._scored(candidate)
        truth = self.split.truth[rows]
        head = calibrated(Head("label", self.labels), scores, truth)
        chances = head.probabilities(scores)
        # Started from the scores as they are: biases serve probabilities, not decisions.
        start = [-one for one in head.bias]
        caution = 1.0 if self.is_large else 0.2  # weights of a part of the rows are not those of the last fit
        head = replace(head, offsets=offsets_for(chances, truth.argmax(axis=1), self.aim, start, caution))
        answers = head.answers(scores).best
        found = figures(truth.argmax(axis=1), answers, len(self.labels))
        tried.append(Tried(candidate, head, found, scores, rows, time.monotonic() - began))
        self.tell(f"{len(tried)}. {found.of(self.aim):.4f} {candidate} ({tried[-1].seconds:.1f} s)")

    def last_fit(self, best: Tried) -> float:
        return SAFETY * self._last_fit([best])

    def _last_fit(self, tried: list[Tried]) -> float:
        """Seconds that fitting all rows will take: once, where comparing took one fit or one for each fold and dev."""
        share = len(self.split.texts) / len(self.train) if self.is_large else 1 / FOLDS
        return share * max(one.seconds for one in tried)

    def _scored(self, candidate: Candidate) -> tuple[Floats, NDArray[np.intp]]:
        """Scores of rows by weights that have seen neither them nor a near-copy of them."""
        if self.bags is None or self.bags[0] != candidate.spec:
            self.bags = (candidate.spec, extract(self.split.texts, candidate.spec))
        bags, dev = self.bags[1], self.split.dev
        clean = self.train[~np.isin(self.split.groups[self.train], self.split.groups[dev])]
        parts = [(clean, dev)] if len(dev) else []
        if not self.is_large:
            fold = self.fold[self.train]
            parts += [(self.train[fold != one], self.train[fold == one]) for one in range(FOLDS)]
        scores = [_fit(candidate, bags, self.split.truth, seen, unseen, self.seed)[1] for seen, unseen in parts]
        return np.concatenate(scores), np.concatenate([unseen for _, unseen in parts])


def _fit(
    candidate: Candidate, bags: Bags, truth: Truth, seen: NDArray[np.intp], unseen: NDArray[np.intp], seed: int
) -> tuple[tuple[Vocabulary, Floats, Floats], Floats]:
    known = taken(bags, seen)
    vocabulary = Vocabulary.over(known, min_df=candidate.min_df, idf=candidate.idf)
    weights, intercepts = fit_weights(vocabulary.matrix(known, candidate.spec), truth[seen], candidate.recipe, seed)
    if not len(unseen):
        return (vocabulary, weights, intercepts), np.zeros((0, truth.shape[1]), np.float32)
    scores = vocabulary.matrix(taken(bags, unseen), candidate.spec) @ weights + intercepts
    return (vocabulary, weights, intercepts), np.asarray(scores, np.float32)


def _final(best: Tried, split: Split, seed: int) -> Model:
    spec = best.candidate.spec
    bags, every = extract(split.texts, spec), np.arange(len(split.texts))
    (vocabulary, weights, intercepts), _ = _fit(best.candidate, bags, split.truth, every, every[:0], seed)
    return Model.of(spec, vocabulary, [Trained(best.head, weights, intercepts)])


def _second_stage(
    best: Tried, search: _Search, aim: str, seed: int, seconds: float, tell: Tell
) -> tuple[second.SecondStage | None, dict[str, Any]]:
    """Fitted on as many rows as there is time to embed, and kept only if rows apart from each fit gain by it."""
    split = search.split
    speed = second.rate([split.texts[row] for row in split.train[:34]])
    chance = np.random.default_rng(seed)
    at = chance.permutation(len(best.rows))[: int(speed * max(seconds, 0) * 0.7)]
    rows = best.rows[at]
    told: dict[str, Any] = {"texts_per_second": round(speed, 1), "rows": len(rows)}
    if len(rows) < LEAST_EMBEDDED:
        tell("không đủ thời gian hay dòng cho tầng thứ hai (no time or too few rows for the second stage)")
        return None, {**told, "kept": False}
    embedded, truth = second.embed([split.texts[row] for row in rows]), split.truth[rows]
    scores = second.out_of_fold(embedded, truth, search.fold[rows], seed)
    first, wanted = best.head.answers(best.scores[at]), truth.argmax(axis=1)
    before = figures(wanted, first.best, len(best.head.labels)).of(aim)
    reached, share, below, offsets = second.choose(best.head, first, wanted, scores, aim)
    asked = float((first.margins < below).mean())
    told |= {"without": round(before, 4), "with": round(reached, 4), "asked_share": round(asked, 3)}
    tell(f"tầng thứ hai (second stage): {before:.4f} → {reached:.4f}, {asked:.0%}")
    if reached < before + LEAST_GAIN:
        return None, {**told, "kept": False}
    weights, intercepts = second.fit(embedded, truth, seed)
    return second.SecondStage(weights, intercepts, share, below, offsets), {**told, "kept": True}


def _metrics(best: Tried, split: Split, labels: tuple[str, ...]) -> dict[str, Any]:
    """Of the dev part, with and without rows that have a near-copy in the training part."""
    on_dev = np.isin(best.rows, split.dev) if len(split.dev) else np.ones(len(best.rows), bool)
    rows, answers = best.rows[on_dev], best.head.answers(best.scores[on_dev]).best
    truth = split.truth[rows].argmax(axis=1)
    again = np.isin(split.groups[rows], split.groups[split.train]) & split.is_given
    out_of_fold = best.head.answers(best.scores[~on_dev]).best
    told: dict[str, Any] = {"rows": len(rows), "near_copies_in_training": int(again.sum())}
    told |= figures(truth, answers, len(labels)).as_dict(labels)
    if again.any():
        alone = figures(truth[~again], answers[~again], len(labels)).as_dict(labels)
        told["without_near_copies"] = {"rows": int((~again).sum()), **alone}
    if not on_dev.all():
        folds = figures(split.truth[best.rows[~on_dev]].argmax(axis=1), out_of_fold, len(labels))
        told["out_of_fold"] = folds.as_dict(labels)
    return told


def _told(split: Split) -> dict[str, Any]:
    counts = Counter(split.truth.argmax(axis=1).tolist())
    how = "given" if split.is_given else "cut by groups of near-copies"
    how += "; selects and calibrates, trained on in the end"
    return {
        "train": len(split.train),
        "dev": len(split.dev),
        "dev_is": how,
        "near_copies": len(split.texts) - int(split.groups.max()) - 1,
        "rarest_label_rows": min(counts.values()),
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")}}
