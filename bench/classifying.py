"""What classification reaches, and how fast, beside named baselines: labels, learner, stories, trends, claims, search.

Figures on public sets need those sets beside the checkout; where they are not there, their rows are left out.
"""

import gc
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import claims, lanes, learning, searching, stories, trends
from bench.articles import articles
from bench.table import row, score, wait
from libs.common.local.paths import checkout
from services.classify import adapters  # noqa: F401  (registers the models)
from services.classify.adapters.base import CLASSIFIERS, Document

SHARED = checkout().parent / "shared" / "data"
LINEAR = "TF-IDF + LinearSVC, cùng dòng"
BACKLOG, SEARCHED, LIVE = 10_000, 100_000, 20_000


async def figures() -> list[dict[str, object]]:
    return [
        *shipped_labels(),
        *learnt_sets(),
        *told_stories(),
        *rising(),
        *retold_claims(),
        *await fresh_beside_backlog(),
        *await found_items(),
    ]


def shipped_labels(count: int = 2000) -> list[dict[str, object]]:
    """All heads on articles of 2.3 KB, one core, beside the rules written by hand."""
    texts = [Document(str(one["title"]), str(one["text"])) for one in articles(count, "labels")]
    speed = {}
    for name in ("linear", "lexicon"):
        model = CLASSIFIERS.get(name)()
        model.annotate(texts[:50])
        gc.collect()
        began = time.process_time()
        for start in range(0, count, 200):
            model.annotate(texts[start : start + 200])
        speed[name] = count / (time.process_time() - began)
    return [row("bài/giây: mọi nhãn, một lõi (ngân sách 2.500)", speed["linear"], speed["lexicon"], "bộ luật viết tay")]


def learnt_sets() -> list[dict[str, object]]:
    """The general learner on rows it has not seen, where the sets are at hand."""
    rows = []
    for one in learning.bench():
        said = f"{one.name}, {one.rows} dòng học trong {one.seconds:.0f} giây"
        for name, ours, theirs in (
            ("accuracy", one.ours.accuracy, one.baseline.accuracy),
            ("macro-F1", one.ours.macro_f1, one.baseline.macro_f1),
            ("F1 theo số dòng", one.ours.weighted_f1, one.baseline.weighted_f1),
        ):
            rows.append(score(f"{name}: {said}", ours, theirs, LINEAR))
        rows.append(row(f"văn bản/giây, một lõi: {one.name}", one.per_second, one.baseline_per_second, LINEAR))
    return rows


def told_stories() -> list[dict[str, object]]:
    data, gold_rows = SHARED / "ktlab_clusters" / "stream_noise.jsonl.xz", SHARED / "ktlab_clusters" / "train.jsonl.xz"
    if not data.exists():
        return []
    items = [stories.item(one) for one in stories.rows(data)]
    gold = {str(one["id"]): str(one["label"]) for one in stories.rows(gold_rows)}
    each = stories.b_cubed(stories.clustered(items), gold)
    vectors = stories.tf_idf(items)
    tried = [stories.b_cubed(stories.nearest(items, vectors, float(cut)), gold) for cut in stories.BASELINE_THRESHOLDS]
    low, high = stories.interval(each, gold)
    against = "TF-IDF một lượt, ngưỡng đã chỉnh trên chính tập này"
    ours, theirs = stories.f1(list(each.values())), max(stories.f1(list(one.values())) for one in tried)
    few = stories.BASELINE_LIVE
    speed, slow = stories.speed(items, LIVE, 2000), stories.baseline_speed(items, few, 100)
    return [
        score(f"B-cubed F1: câu chuyện ({low:.3f}–{high:.3f})", ours, theirs, against),
        row(f"tin/giây: ghép câu chuyện, {LIVE} tin sống", speed, slow, f"TF-IDF với {few} tin sống"),
    ]


def rising() -> list[dict[str, object]]:
    root = SHARED / "nab"
    if not root.exists():
        return []
    bursts, ahead = trends.bursts(root), trends.forecasts(root)
    ours, theirs = bursts[:2], bursts[2:]
    told = [_pair(one, other, "windowed Gaussian") for one, other in zip(ours, theirs, strict=True)]
    pairs = list(pairwise(ahead))[::2]
    return [*told, *(_pair(one, other, "log hour profile; thấp hơn là tốt hơn") for one, other in pairs)]


def _pair(one: dict[str, Any], other: dict[str, Any], against: str) -> dict[str, object]:
    return score(f"{one['name']} (cần {one['bar']}; {one['words']})", one["value"], other["value"], against)


def retold_claims() -> list[dict[str, object]]:
    news = [path for name in ("vntc10", "newsstream_multi_2026") if (path := SHARED / name / "train.jsonl.xz").exists()]
    return [
        {**one, "baseline": one["baseline"] or "—", "ratio": one["ratio"] or "—", "against": "TF-IDF 1–2 từ, cosine"}
        for one in claims.bench(news)
    ]


async def fresh_beside_backlog() -> list[dict[str, object]]:
    found = await lanes.bench(BACKLOG)
    said = f"{found.fresh} tin mới bên {BACKLOG} tin tồn"
    return [
        wait(f"giây, p50: tin mới → có nhãn ({said})", found.p50, BACKLOG / found.drained, "cả phần tồn"),
        wait("giây, p99: như trên (ngân sách 3)", found.p99, BACKLOG / found.drained, "cả phần tồn"),
    ]


async def found_items() -> list[dict[str, object]]:
    """The 99th percentile over the whole endpoint, beside the worst of plain full-text queries in the database."""
    files: list[Path] = [path for path in (SHARED / "newsstream_multi_2026").glob("*.jsonl.xz") if path.exists()]
    if not files:
        return []
    found = await searching.bench(SEARCHED, files)
    return [
        wait(
            f"ms, p99: tìm {one['name']}, {SEARCHED} tin (ngân sách 150)",
            one["p99_ms"],
            one["plain_worst_ms"] or one["p99_ms"],
            "truy vấn toàn văn thường, lần chậm nhất" if one["plain_worst_ms"] else "chính nó",
        )
        for one in found
    ]
