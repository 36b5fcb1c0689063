"""Which rows are trained on and which are kept apart: near-copies never stand on both sides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.learner.duplicates import groups_of
from services.classify.learner.examples import Examples
from services.classify.learner.fitting import one_hot

DEV_SHARE, DEV_MOST = 0.12, 4000
Truth = NDArray[np.bool_]
Rows = NDArray[np.intp]


class NotLearnable(ValueError):
    """Rows from which nothing can be learnt, with the reason."""


@dataclass(frozen=True)
class Split:
    """All rows one after the other: which are trained on, which are kept apart, and who is a near-copy of whom."""

    texts: list[str]
    truth: Truth
    train: Rows
    dev: Rows
    groups: Rows
    is_given: bool

    def about(self) -> dict[str, Any]:
        counts = Counter(self.truth.argmax(axis=1).tolist())
        how = "given" if self.is_given else "cut by groups of near-copies"
        return {
            "train": len(self.train),
            "dev": len(self.dev),
            "dev_is": how + "; selects and calibrates, trained on in the end",
            "near_copies": len(self.texts) - int(self.groups.max()) - 1,
            "rarest_label_rows": min(counts.values()),
        }


def labels_of(examples: Examples, dev: Examples | None) -> tuple[str, ...]:
    labels = tuple(sorted(set(examples.labels)))
    if len(labels) < 2:
        raise NotLearnable(f"cần ít nhất hai nhãn, chỉ có {len(labels)} (at least two labels are needed)")
    if dev and (strange := sorted(set(dev.labels) - set(labels))):
        raise NotLearnable(f"nhãn của dev không có trong dữ liệu học (labels only in dev): {', '.join(strange[:5])}")
    if dev is not None and not len(dev):
        raise NotLearnable("tệp dev rỗng (the dev file is empty)")
    return labels


def split(examples: Examples, dev: Examples | None, labels: Sequence[str], seed: int) -> Split:
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
