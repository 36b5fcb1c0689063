"""`python -m bench.stories --data F.jsonl.xz --gold F.jsonl.xz [--live N] [--items N]`: stories beside one-pass TF-IDF.

Quality: B-cubed F1 of the stream `--data` (rows as for `lantoa stories cluster`) on the rows of `--gold` (`id, label`),
the rest being noise; the interval is a bootstrap over whole clusters. Halves: the threshold is chosen on one half of
the clusters and judged on the other. Speed: items a second of one core while `--live` items are in the window, each
the words of an article of the stream in another order. Baseline: TF-IDF of scikit-learn over words and pairs, the
nearest item of the last 72 hours, the threshold tuned on all the gold it is judged by.
"""

import argparse
import json
import lzma
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.stage import machine, screen
from libs.common.text import nfc, unmark
from services.classify.stories import THRESHOLD, WINDOW_SECONDS, Item, StoryIndex

SEED, RESAMPLED = 3550, 2000
THRESHOLDS = np.arange(0.15, 0.26, 0.01)
BASELINE_THRESHOLDS = np.arange(0.1, 0.5, 0.02)
TERMS, BASELINE_LIVE = 50_000, 20_000
Labels = Mapping[str, str]
Row = tuple[str, str, str, str]


def rows(path: Path) -> list[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def item(row: Mapping[str, Any]) -> Item:
    at = datetime.fromisoformat(row["published_at"]).astimezone(UTC)
    return Item(str(row["id"]), nfc(row["title"]), nfc(row["text"]), at, at)


# --- quality ------------------------------------------------------------------------------------------------


def clustered(items: Sequence[Item], threshold: float = THRESHOLD) -> dict[str, str]:
    index = StoryIndex(threshold)
    return {one.id: index.assign(one).story_id for one in items}


def b_cubed(found: Labels, gold: Labels) -> dict[str, tuple[float, float]]:
    """Precision and recall of each item (Bagga and Baldwin 1998)."""
    ours, theirs = _groups({one: found[one] for one in gold}), _groups(gold)
    shared = {one: len(ours[found[one]] & theirs[gold[one]]) for one in gold}
    return {one: (shared[one] / len(ours[found[one]]), shared[one] / len(theirs[gold[one]])) for one in gold}


def _groups(labels: Labels) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for one, label in labels.items():
        groups[label].add(one)
    return groups


def f1(each: Sequence[tuple[float, float]]) -> float:
    precision, recall = np.mean(each, axis=0)
    return float(2 * precision * recall / (precision + recall))


def interval(each: Mapping[str, tuple[float, float]], gold: Labels) -> tuple[float, float]:
    """Of 95 %, over clusters drawn with replacement."""
    clusters = [[each[one] for one in members] for members in _groups(gold).values()]
    chance = random.Random(SEED)  # noqa: S311 - repeatable, nothing secret
    drawn = sorted(
        f1([one for members in chance.choices(clusters, k=len(clusters)) for one in members]) for _ in range(RESAMPLED)
    )
    return drawn[int(0.025 * RESAMPLED)], drawn[int(0.975 * RESAMPLED)]


def halves(by_threshold: Mapping[float, Labels], gold: Labels) -> list[float]:
    """F1 on one half of the clusters at the threshold that is best on the other."""
    names = sorted(set(gold.values()))
    random.Random(SEED).shuffle(names)  # noqa: S311 - repeatable, nothing secret
    parts = [set(names[::2]), set(names[1::2])]

    def judged(threshold: float, part: set[str]) -> float:
        kept = {one: label for one, label in gold.items() if label in part}
        return f1(list(b_cubed(by_threshold[threshold], kept).values()))

    return [
        judged(max(by_threshold, key=lambda one: judged(one, chosen)), other) for chosen, other in (parts, parts[::-1])
    ]


# --- baseline -----------------------------------------------------------------------------------------------


def tf_idf(items: Sequence[Item]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=TERMS)
    return reader.fit_transform([unmark(f"{one.title} {one.text}") for one in items])


def nearest(items: Sequence[Item], vectors: Any, threshold: float) -> dict[str, str]:
    """Each item joins the story of the item of the window that it is most like."""
    found: dict[str, str] = {}
    first = 0
    for n, one in enumerate(items):
        while (one.at - items[first].at).total_seconds() > WINDOW_SECONDS:
            first += 1
        alike = (vectors[first:n] @ vectors[n].T).toarray().ravel()
        best = int(alike.argmax()) if len(alike) else -1
        found[one.id] = found[items[first + best].id] if best >= 0 and alike[best] >= threshold else one.id
    return found


# --- speed --------------------------------------------------------------------------------------------------


def stream(articles: Sequence[Item], live: int, count: int) -> list[Item]:
    """Articles in another order of their words, `live` of them in any 72 hours."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, nothing secret
    split = [one.text.split() for one in articles]
    begin, step = datetime(2026, 11, 1, tzinfo=UTC), timedelta(seconds=WINDOW_SECONDS / live)
    made = []
    for n in range(count):
        one, other = chance.randrange(len(split)), chance.randrange(len(split))
        at, cut = chance.randrange(len(split[one]) or 1), chance.randrange(len(split[other]) or 1)
        told = " ".join(split[other][cut : cut + 60] + split[one][at:] + split[one][:at])
        when = begin + n * step
        made.append(Item(f"{n:08}", " ".join(told.split(" ", 12)[:12]), told, when, when))
    return made


def rate(items: Sequence[Item], take: Callable[[Item], object]) -> float:
    began = time.process_time()
    for one in items:
        take(one)
    return len(items) / (time.process_time() - began)


def speed(articles: Sequence[Item], live: int, count: int) -> float:
    items, index = stream(articles, live, live + count), StoryIndex()
    for one in track(items[:live], "điền cửa sổ 72 giờ", console=screen, transient=True):
        index.assign(one)
    found = rate(items[live:], index.assign)
    if len(index) < live:
        raise RuntimeError(f"only {len(index)} items are live")
    return found


def baseline_speed(articles: Sequence[Item], live: int, count: int) -> float:
    """Words are counted beforehand, so it pays for comparing alone."""
    items = stream(articles, live, live + count)
    vectors = tf_idf(items)
    held, numbers = vectors[:live].tocsr(), iter(range(live, live + count))
    return rate(items[live:], lambda _: (held @ vectors[next(numbers)].T).toarray().argmax())


# --- the table ----------------------------------------------------------------------------------------------


def quality(data: Path, gold_rows: Path) -> list[Row]:
    items = [item(row) for row in rows(data)]
    gold = {str(row["id"]): str(row["label"]) for row in rows(gold_rows)}
    each = b_cubed(clustered(items), gold)
    tuned = {float(one): clustered(items, float(one)) for one in THRESHOLDS}
    vectors = tf_idf(items)
    theirs = [b_cubed(nearest(items, vectors, float(one)), gold) for one in BASELINE_THRESHOLDS]
    best = max(theirs, key=lambda one: f1(list(one.values())))
    return [
        _figure("Lan Tỏa", each, gold, " · ".join(f"{one:.3f}" for one in halves(tuned, gold))),
        _figure("TF-IDF một lượt, ngưỡng đã chỉnh", best, gold, ""),
    ]


def _figure(name: str, each: Mapping[str, tuple[float, float]], gold: Labels, by_halves: str) -> Row:
    low, high = interval(each, gold)
    precision, recall = np.mean(list(each.values()), axis=0)
    told = f"{f1(list(each.values())):.4f} ({low:.3f}–{high:.3f})"
    return name, told, f"{precision:.3f} / {recall:.3f}", by_halves


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality and speed of stories beside one-pass TF-IDF.")
    parser.add_argument("--data", type=Path, required=True, help="a stream as `lantoa stories cluster` reads it")
    parser.add_argument("--gold", type=Path, help="rows {id, label} of the same ids")
    parser.add_argument("--live", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    found = quality(wanted.data, wanted.gold) if wanted.gold else []
    articles = [item(row) for row in rows(wanted.data)]
    ours = speed(articles, wanted.live, wanted.items)
    few = min(BASELINE_LIVE, wanted.live)
    theirs = baseline_speed(articles, few, 200)
    if wanted.json:
        print(json.dumps({"quality": found, "live": wanted.live, "items_per_second": ours, "baseline": theirs}))
        return
    table = Table("cách gom", "B-cubed F1 (95 %)", "đúng / đủ", "chọn ngưỡng trên nửa kia", title=machine())
    for row in found:
        table.add_row(*row)
    out = Console(width=120)
    out.print(table)
    out.print(f"{ours:,.0f} tin/giây một lõi với {wanted.live:,} tin sống; TF-IDF với {few:,}: {theirs:,.0f} tin/giây")


if __name__ == "__main__":
    main()
