"""`python -m bench.learning [--sets F] [--budget S] [--json]`: the learner beside a tuned LinearSVC in the same run.

A set is a folder with `train.jsonl.xz`, and `dev.jsonl.xz` where it has one; else every eighth row is kept apart. The
learner never sees the rows it is judged on: it cuts a dev part of its own. The baseline is scikit-learn's TF-IDF of
words (1-2) and of parts of words (2-5) with LinearSVC, its C chosen on the very rows; for articles words and C=1.
"""

import argparse
import json
import lzma
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.stage import machine
from libs.common.local.paths import checkout
from services.classify.learner.candidates import LONG
from services.classify.learner.duplicates import groups_of
from services.classify.learner.examples import Examples
from services.classify.learner.measuring import Figures, figures
from services.classify.learner.training import train

SETS = {
    "vntc10": ("vntc10", "label"),
    "vsfc": ("vsfc", "label"),
    "vsfc topic": ("vsfc", "topic"),
    "vihsd": ("vihsd", "label"),
    "victsd": ("victsd", "label"),
    "vispamreviews": ("vispamreviews", "label"),
    "vsmec": ("vsmec", "label"),
}
FOLDER = checkout().parent / "shared" / "data"
_PIECES = r"\w+|[^\w\s]"
Judge = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Measured:
    name: str
    ours: Figures
    linear: Figures
    """Without the second stage."""
    baseline: Figures
    without_copies: Figures
    labels: tuple[str, ...]
    per_second: float
    baseline_per_second: float
    seconds: float
    rows: int
    card: dict[str, Any]


def read(folder: Path, part: str, column: str) -> Examples | None:
    path = folder / f"{part}.jsonl.xz"
    if not path.exists():
        return None
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    labels = [str(row[column]) for row in rows]
    return Examples([row["text"] for row in rows], labels, {"file": path.name, "rows": len(rows)}, {})


def measure(
    name: str,
    data: Path,
    budget: float,
    most: int | None = None,
    *,
    second_stage: bool | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Measured:
    """`second_stage` as in `train`: None does what the command does."""
    folder, column = SETS[name]
    given = read(data / folder, "train", column)
    if given is None:
        raise FileNotFoundError(data / folder)
    rows, dev = (given, read(data / folder, "dev", column)) if most is None else (head(given, most), None)
    if dev is None:
        rows, dev = apart(rows)
    began = time.perf_counter()
    model, card = train(rows, None, budget=budget, second_stage=second_stage, tell=tell)
    seconds = time.perf_counter() - began
    labels = model.heads[0].labels
    truth = indices(dev.labels, labels)
    said, per_second = timed(lambda texts: model.predict(texts)["label"].labels, dev.texts)
    linear = indices(replace(model, second=None).predict(dev.texts)["label"].labels, labels)
    theirs, their_speed = baseline(rows, dev, labels)
    groups = groups_of(rows.texts + dev.texts)
    new = ~np.isin(groups[len(rows) :], groups[: len(rows)])
    answers = indices(said, labels)
    ours, alone = (figures(truth, one, len(labels)) for one in (answers, linear))
    without_copies = figures(truth[new], answers[new], len(labels))
    return Measured(
        name, ours, alone, theirs, without_copies, labels, per_second, their_speed, seconds, len(rows), card
    )


def head(rows: Examples, most: int) -> Examples:
    return Examples(rows.texts[:most], rows.labels[:most], rows.about, rows.written)


def apart(rows: Examples) -> tuple[Examples, Examples]:
    """Every eighth group of near-copies, kept from training."""
    groups = groups_of(rows.texts) % 8 == 0
    parts = []
    for kept in (~groups, groups):
        places = np.flatnonzero(kept).tolist()
        texts, labels = [rows.texts[i] for i in places], [rows.labels[i] for i in places]
        parts.append(Examples(texts, labels, rows.about, rows.written))
    return parts[0], parts[1]


def indices(labels: Sequence[str], names: Sequence[str]) -> Any:
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[label] for label in labels], np.intp)


def timed(judge: Judge, texts: Sequence[str]) -> tuple[list[str], float]:
    """Answers, and texts a second of processor time: the machine may be busy with other things."""
    judge(texts[:20])
    began = time.process_time()
    said = judge(texts)
    return said, len(texts) / (time.process_time() - began)


def baseline(rows: Examples, dev: Examples, labels: tuple[str, ...]) -> tuple[Figures, float]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=_PIECES)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    is_long = sum(map(len, rows.texts)) > LONG * len(rows)
    features = words if is_long else make_union(words, parts)
    known = features.fit_transform(rows.texts)
    best: tuple[float, Figures, Any] | None = None
    truth, seen = indices(dev.labels, labels), features.transform(dev.texts)
    for c in (1.0,) if is_long else (0.1, 0.3, 1.0):
        learnt = LinearSVC(C=c, random_state=0).fit(known, rows.labels)
        found = figures(truth, indices(list(learnt.predict(seen)), labels), len(labels))
        if best is None or found.of("balanced") > best[0]:
            best = (found.of("balanced"), found, make_pipeline(features, learnt))
    assert best is not None
    fitted = best[2]
    return best[1], timed(lambda texts: list(fitted.predict(texts)), dev.texts[:1000])[1]


def bench(budget: float = 60, most: int = 6000, data: Path = FOLDER) -> list[Measured]:
    """For `make bench`: one set of short texts and one of articles, where they are at hand; the linear model alone."""
    wanted = [("vsfc", None), ("vntc10", most)]
    return [
        measure(name, data, budget, some, second_stage=False)
        for name, some in wanted
        if (data / SETS[name][0]).exists()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="The learner beside TF-IDF and LinearSVC, on labelled sets.")
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--budget", type=float, default=300)
    parser.add_argument("--most", type=int)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    table = Table("bộ", "acc", "macro-F1", "F1", "không bản chép", "LinearSVC", "văn bản/s", "s học", title=machine())
    for name in wanted.sets.split(","):
        one = measure(
            name, wanted.data, wanted.budget, wanted.most, tell=lambda line: print(line, file=sys.stderr, flush=True)
        )
        told = {"set": name, "f1": dict(zip(one.labels, one.ours.f1, strict=True)), "chosen": one.card["chosen"]}
        figures_of = {name: getattr(one, name) for name in ("ours", "linear", "baseline", "without_copies")}
        told |= {
            key: [round(f.accuracy, 4), round(f.macro_f1, 4), round(f.weighted_f1, 4)] for key, f in figures_of.items()
        }
        told |= {"per_second": round(one.per_second), "baseline_per_second": round(one.baseline_per_second)}
        told |= {"rows": one.rows, "seconds": round(one.seconds), "second_stage": one.card["second_stage"]}
        if wanted.json:
            print(json.dumps(told, ensure_ascii=False), flush=True)
        three = (f"{one.ours.accuracy:.3f}", f"{one.ours.macro_f1:.3f}", f"{one.ours.weighted_f1:.3f}")
        others = [f"{f.accuracy:.3f} {f.macro_f1:.3f} {f.weighted_f1:.3f}" for f in (one.without_copies, one.baseline)]
        table.add_row(name, *three, *others, f"{one.per_second:.0f}", f"{one.seconds:.0f}")
    if not wanted.json:
        Console().print(table)


if __name__ == "__main__":
    main()
