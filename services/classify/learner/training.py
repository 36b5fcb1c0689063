"""From labelled rows to a model: candidates are tried within a time budget on rows kept apart, the best are blended.

Near-copies never stand on both sides of a split. The dev part, given or cut, selects, calibrates and sets decision
offsets, together with out-of-fold scores of the training rows; every figure on the card is of weights that had not seen
the row. In the end the members of the blend are fitted on all rows.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.common.clock import SystemClock
from services.classify import embedding
from services.classify.learner import kernel_fitting, second
from services.classify.learner.examples import Examples
from services.classify.learner.heads import Answers
from services.classify.learner.measuring import AIMS, figures
from services.classify.learner.model import Model
from services.classify.learner.searching import Blend, Search, final
from services.classify.learner.splitting import NotLearnable, Rows, Split, labels_of, split

__all__ = ["AIMS", "NotLearnable", "train"]

LEAST_EMBEDDED, LEAST_GAIN, SHORT = 600, 0.004, 400
"""Fewer rows judge nothing; a smaller gain is not worth twenty milliseconds a text, nor is a long text (signs)."""
LINEAR, SOLVING = 0.4, 0.1
"""Shares of the time: for linear candidates where there is a second stage, and for its equations."""
Tell = Callable[[str], None]


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
    labels = labels_of(examples, dev)
    rows = split(examples, dev, labels, seed)
    if second_stage is None:
        second_stage = embedding.is_installed() and sum(map(len, rows.texts)) < SHORT * len(rows.texts)
    search = Search(rows, labels, aim, seed, began + budget * (LINEAR if second_stage else 1), tell)
    best = search.run()
    answers, looks_again, told = best.head.answers(best.scores), None, None
    if second_stage:
        until = began + (1 - SOLVING) * budget - search.last_fit()
        answers, looks_again, told = _second_stage(best, search, aim, seed, until, tell)
    model = replace(final(best, rows, seed), second=looks_again)
    card = {
        "data": [examples.about, *([dev.about] if dev else [])],
        "labels": [examples.written.get(label, label) for label in labels],
        "split": rows.about(),
        "metrics": _metrics(best.rows, answers, rows, labels),
        "second_stage": told,
        "aim": aim,
        "chosen": best.about(),
        "tried": [{"figure": round(one.figures.of(aim), 4), **one.candidate.as_dict()} for one in search.tried],
        "offsets": dict(zip(labels, np.round(best.head.offsets, 3).tolist(), strict=True)),
        "seed": seed,
        "date": SystemClock().now().date().isoformat(),
        "versions": _versions(),
        "seconds": round(time.monotonic() - began, 1),
    }
    return model, card


def _second_stage(
    best: Blend, search: Search, aim: str, seed: int, until: float, tell: Tell
) -> tuple[Answers, second.SecondStage | None, dict[str, Any]]:
    """Fitted on the least sure rows, as many as there is time to embed; kept only if rows apart gain by it."""
    split, first = search.split, best.head.answers(best.scores)
    order = np.argsort(first.margins, kind="stable")
    rows = best.rows[order]
    embedded, seconds = second.embed_until([split.texts[row] for row in rows], until, tell)
    size = len(embedded)
    told: dict[str, Any] = {"rows": size, "seconds_per_text": round(seconds, 4), "kept": False}
    if size < LEAST_EMBEDDED:
        tell("không đủ thời gian hay dòng cho tầng thứ hai (no time or too few rows for the second stage)")
        return first, None, told
    scores, learnt = kernel_fitting.learn(embedded, split.truth[rows[:size]], search.fold[rows[:size]], seed)
    sorted_first, wanted = first.taken(order), split.truth[rows].argmax(axis=1)
    stage, scores = second.choose(sorted_first, wanted, scores, learnt, aim)
    unsure = np.flatnonzero(sorted_first.margins[:size] < stage.below)
    answers = stage.revised(sorted_first, unsure, scores[unsure])
    before, after = (figures(wanted, one.best, len(best.head.labels)) for one in (sorted_first, answers))
    gain = after.of(aim) - before.of(aim)
    told |= {"without": before.short(), "with": after.short(), "asked_share": round(len(unsure) / len(rows), 3)}
    told |= {**stage.about(), "kept": gain >= LEAST_GAIN}
    reached = f"{before.of(aim):.4f} → {after.of(aim):.4f}"
    tell(f"tầng thứ hai (second stage): {reached}, {told['asked_share']:.0%}, {1000 * seconds:.0f} ms")
    return (answers.taken(np.argsort(order)), stage, told) if told["kept"] else (first, None, told)


def _metrics(rows: Rows, answers: Answers, split: Split, labels: tuple[str, ...]) -> dict[str, Any]:
    """Of the dev part, with and without rows that have a near-copy in the training part; both stages together."""
    on_dev = np.isin(rows, split.dev) if len(split.dev) else np.ones(len(rows), bool)
    said, wanted = answers.best, split.truth[rows].argmax(axis=1)
    again = np.isin(split.groups[rows], split.groups[split.train]) & on_dev & split.is_given

    def of(part: NDArray[np.bool_]) -> dict[str, Any]:
        return figures(wanted[part], said[part], len(labels)).as_dict(labels)

    told = {"rows": int(on_dev.sum()), "near_copies_in_training": int(again.sum()), **of(on_dev)}
    if again.any():
        alone = on_dev & ~again
        told["without_near_copies"] = {"rows": int(alone.sum()), **of(alone)}
    if not on_dev.all():
        told["out_of_fold"] = of(~on_dev)
    return told


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")}}
