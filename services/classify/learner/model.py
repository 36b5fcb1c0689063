"""A model: any number of linear heads over the same hashed features, which are computed once for all of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.classify.learner.features import FeatureSpec, extract
from services.classify.learner.heads import Answers, Head
from services.classify.learner.ngrams import spell
from services.classify.learner.second import SecondStage
from services.classify.learner.vocabulary import Floats, Vocabulary

AT_ONCE = 512


@dataclass(frozen=True)
class Trained:
    """A head with its weights: one column a label."""

    head: Head
    weights: Floats
    intercepts: Floats


@dataclass(frozen=True)
class Model:
    spec: FeatureSpec
    vocabulary: Vocabulary
    heads: tuple[Head, ...]
    weights: Floats
    intercepts: Floats
    version: str = ""
    second: SecondStage | None = None
    """Looks again at what the first head is unsure of."""

    @classmethod
    def of(cls, spec: FeatureSpec, vocabulary: Vocabulary, trained: Sequence[Trained]) -> "Model":
        weights = np.concatenate([one.weights for one in trained], axis=1).astype(np.float32)
        intercepts = np.concatenate([one.intercepts for one in trained]).astype(np.float32)
        return cls(spec, vocabulary, tuple(one.head for one in trained), np.ascontiguousarray(weights), intercepts)

    def predict(self, texts: Sequence[str]) -> dict[str, Answers]:
        """What every head says of every text."""
        scores = self.scores(texts)
        said = {head.name: head.answers(scores[:, columns]) for head, columns in self._columns()}
        if self.second is not None and len(texts):
            first = self.heads[0].name
            said[first] = self.second.revise(texts, said[first])
        return said

    def scores(self, texts: Sequence[str]) -> Floats:
        """Uncalibrated, one column for each label of each head."""
        parts = [self._scores(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.intercepts)), np.float32)

    def _scores(self, texts: Sequence[str]) -> Floats:
        found = self.vocabulary.matrix(extract(texts, self.spec), self.spec) @ self.weights
        return np.asarray(found + self.intercepts, dtype=np.float32)

    def head(self, name: str) -> Head:
        return next(head for head in self.heads if head.name == name)

    def _columns(self) -> Iterator[tuple[Head, slice]]:
        start = 0
        for head in self.heads:
            yield head, slice(start, start + len(head.labels))
            start += len(head.labels)

    def explain(self, text: str, head: str, label: str, k: int = 8) -> list[tuple[str, float]]:
        """The n-grams that spoke most for a label, as they read, each with its share of the score."""
        counts: Counter[int] = Counter()
        read: dict[int, str] = {}
        for written, key in spell(text, self.spec):
            counts[key] += 1
            read.setdefault(key, written)
        rows = self.vocabulary.find(np.fromiter(counts, np.uint32))
        known = np.flatnonzero(rows >= 0)
        often = np.array(list(counts.values()), np.int64)[known]
        values = self.vocabulary.values(rows[known], often, np.zeros(len(known), np.int64), 1, self.spec)
        keys = np.fromiter(read, np.uint32)[known].tolist()
        shares: Counter[str] = Counter()
        for key, share in zip(keys, (values * self._for_label(rows[known], head, label)).tolist(), strict=True):
            shares[read[key]] += share
        return [(written, share) for written, share in shares.most_common(k) if share > 0]

    def _for_label(self, rows: NDArray[np.int32], head: str, label: str) -> Floats:
        """Weights of a label, above the mean of the others where only one can hold."""
        found, columns = next((one, columns) for one, columns in self._columns() if one.name == head)
        weights = self.weights[rows, columns]
        own = weights[:, found.labels.index(label)]
        return own if found.many else own - weights.mean(axis=1)
