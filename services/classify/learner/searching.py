"""Candidates are tried within a time budget on rows kept apart, and those that do best together are blended."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.learner import blending
from services.classify.learner.candidates import Candidate, candidates, features
from services.classify.learner.features import Bags, FeatureSpec, extract
from services.classify.learner.fitting import calibrated, fit_weights
from services.classify.learner.heads import Head
from services.classify.learner.measuring import Figures, figures, offsets_for
from services.classify.learner.model import Model, Trained
from services.classify.learner.splitting import Rows, Split
from services.classify.learner.vocabulary import Floats, Matrix, Vocabulary, restricted, taken

FOLDS = 3
LARGE = 40_000_000
"""Signs: above, candidates are compared on a part of the rows, and on the dev part alone."""
SAFETY = 1.3
"""What is still to be done may take longer than what was alike."""
LAST = 4
"""Members of a blend for which time is kept to fit them on all rows."""
WORTH = 0.002
"""Of the figure, that decision offsets have to gain."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """A candidate, or a blend of them, with scores of rows that its weights have not seen, in the order of `rows`."""

    head: Head
    figures: Figures
    scores: Floats
    rows: Rows


@dataclass(frozen=True)
class Single(Tried):
    candidate: Candidate
    seconds: float


@dataclass(frozen=True)
class Blend(Tried):
    members: tuple[tuple[Single, float], ...]
    """Each with its share."""

    def about(self) -> list[dict[str, Any]]:
        return [{"share": round(share, 3), **one.candidate.as_dict()} for one, share in self.members]


class Search:
    def __init__(self, split: Split, labels: tuple[str, ...], aim: str, seed: int, until: float, tell: Tell) -> None:
        self.split, self.labels, self.aim, self.seed, self.until, self.tell = split, labels, aim, seed, until, tell
        total = sum(map(len, split.texts))
        self.is_large = total > LARGE
        self.mean_length = total / len(split.texts)
        self.spec = features(self.mean_length)
        chance = np.random.default_rng(seed)
        share = min(1.0, LARGE / max(total, 1))
        self.train = chance.permutation(split.train)[: int(len(split.train) * share)] if self.is_large else split.train
        self.fold = chance.permutation(int(split.groups.max()) + 1)[split.groups] % FOLDS
        self.tried: list[Single] = []

    def run(self) -> Blend:
        """The best blend of what the time allowed."""
        began = time.monotonic()
        parts = list(self._parts(extract(self.split.texts, self.spec)))
        self.prepared = time.monotonic() - began
        for candidate in candidates(self.mean_length):
            if not self.tried or self._has_time():
                self._try(candidate, parts)
        return self._blend()

    def last_fit(self) -> float:
        """Seconds that fitting all rows will take: once, where comparing took one fit or one for each fold and dev."""
        share = len(self.split.texts) / len(self.train) if self.is_large else 1 / FOLDS
        longest = sorted((one.seconds for one in self.tried), reverse=True)[:LAST]
        return SAFETY * share * (self.prepared + sum(longest))

    def _has_time(self) -> bool:
        longest = max(one.seconds for one in self.tried)
        return time.monotonic() + SAFETY * longest + self.last_fit() < self.until

    def _parts(self, bags: Bags) -> Iterator[tuple["_Fittable", Matrix, Rows]]:
        """What is fitted on, with rows of which no near-copy is in it."""
        dev = self.split.dev
        if len(dev):
            clean = self.train[~np.isin(self.split.groups[self.train], self.split.groups[dev])]
            yield self._part(bags, clean, dev)
        if not self.is_large:
            fold = self.fold[self.train]
            for one in range(FOLDS):
                yield self._part(bags, self.train[fold != one], self.train[fold == one])

    def _part(self, bags: Bags, seen: Rows, unseen: Rows) -> tuple["_Fittable", Matrix, Rows]:
        known = _fittable(bags, seen, self.spec, self.split)
        return known, known.vocabulary.matrix(taken(bags, unseen), self.spec), unseen

    def _try(self, candidate: Candidate, parts: list[tuple["_Fittable", Matrix, Rows]]) -> None:
        began = time.monotonic()
        scores = []
        for known, unseen, _ in parts:
            weights, intercepts = known.fit(candidate, self.seed)
            scores.append(np.asarray(unseen @ weights + intercepts, np.float32))
        rows = np.concatenate([part[2] for part in parts])
        found = self._judged(np.concatenate(scores), rows)
        seconds = time.monotonic() - began
        self.tried.append(Single(found.head, found.figures, found.scores, rows, candidate, seconds))
        self.tell(f"{len(self.tried)}. {found.figures.of(self.aim):.4f} {candidate} ({seconds:.1f} s)")

    def _judged(self, scores: Floats, rows: Rows) -> Tried:
        truth = self.split.truth[rows]
        head = calibrated(Head("label", self.labels), scores, truth)
        wanted = truth.argmax(axis=1)
        # Where all labels are frequent the scores as they are decide better than with biases, which serve
        # probabilities: of the articles of vntc10 .9356 are right so, .9335 with them.
        as_they_are = tuple(-one for one in head.bias)
        ways = [replace(head, offsets=one) for one in (as_they_are, offsets_for(head.probabilities(scores), self.aim))]
        first, moved = (figures(wanted, one.answers(scores).best, len(self.labels)) for one in ways)
        is_worth = moved.of(self.aim) > first.of(self.aim) + WORTH
        head, found = (ways[1], moved) if is_worth else (ways[0], first)
        return Tried(head, found, scores, rows)

    def _blend(self) -> Blend:
        rows = self.tried[0].rows
        logits = [one.head.logits(one.scores) for one in self.tried]
        shares = blending.shares(logits, self.split.truth[rows].argmax(axis=1))
        # Without their biases, which serve probabilities: the blend gets its own.
        scores = np.sum(
            [share * np.array(self.tried[one].head.slope) * self.tried[one].scores for one, share in shares.items()],
            axis=0,
        )
        found = self._judged(np.asarray(scores, np.float32), rows)
        members = tuple((self.tried[one], share) for one, share in shares.items())
        best = max(one.figures.of(self.aim) for one in self.tried)
        told = " + ".join(f"{share:.2f}×{one + 1}" for one, share in shares.items())
        self.tell(f"gộp (blend) {told}: {found.figures.of(self.aim):.4f}, {best:.4f} một mình (the best alone)")
        return Blend(found.head, found.figures, found.scores, rows, members)


@dataclass(frozen=True)
class _Fittable:
    spec: FeatureSpec
    vocabulary: Vocabulary
    matrix: Matrix
    truth: NDArray[np.bool_]

    def fit(self, candidate: Candidate, seed: int) -> tuple[Floats, Floats]:
        read = np.array([block in candidate.blocks for block in self.spec.blocks])
        matrix = self.matrix if read.all() else restricted(self.matrix, read[self.vocabulary.blocks])
        return fit_weights(matrix, self.truth, candidate.recipe, seed)


def _fittable(bags: Bags, rows: Rows, spec: FeatureSpec, split: Split) -> _Fittable:
    known = taken(bags, rows)
    vocabulary = Vocabulary.over(known, spec.blocks)
    return _Fittable(spec, vocabulary, vocabulary.matrix(known, spec), split.truth[rows])


def final(blend: Blend, split: Split, seed: int) -> Model:
    """The members fitted on all rows, and made one linear model."""
    read = [block for one, _ in blend.members for block in one.candidate.blocks]
    spec = FeatureSpec(tuple(dict.fromkeys(read)), symbols=True)
    known = _fittable(extract(split.texts, spec), np.arange(len(split.texts)), spec, split)
    weights = np.zeros((len(known.vocabulary), split.truth.shape[1]), np.float32)
    intercepts = np.zeros(split.truth.shape[1], np.float32)
    for one, share in blend.members:
        found, bias = known.fit(one.candidate, seed)
        slope = np.array(one.head.slope, np.float32) * share
        weights += found * slope
        intercepts += bias * slope
    return Model.of(spec, known.vocabulary, [Trained(blend.head, weights, intercepts)])
