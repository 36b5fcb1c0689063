"""`python -m bench [--items N] [--events N] [--publications N] [--json]`: figures, each beside its baseline."""

import argparse
import asyncio
import json
import sys

from rich.console import Console
from rich.table import Table

from bench import items, pages, publishing, relaying
from bench.stage import machine
from libs.common.local.process import StartFailed


async def figures(wanted: argparse.Namespace) -> list[dict[str, object]]:
    batched, single = await items.bench(wanted.items)
    relayed, one = await relaying.bench(wanted.events)
    sent = await publishing.bench(wanted.publications)
    apart = "lần lượt từng kênh một"
    return [
        row("tin/giây: API đẩy → đã phân loại", batched, single, f"mỗi yêu cầu một tin ({items.ROWS} tin/lô)"),
        row("sự kiện/giây: outbox → luồng", relayed, one, "mỗi giao dịch một sự kiện"),
        wait("giây, p50: đã duyệt → thấy trên 10 kênh", sent.p50, sent.apart, apart),
        wait("giây, p99: đã duyệt → thấy trên 10 kênh (ngân sách 2)", sent.p99, sent.apart, apart),
        *article_pages(),
    ]


def article_pages() -> list[dict[str, object]]:
    """Pages of known sources, one core, beside every tool that is installed; F1 of both in the words."""
    rows = []
    for name, found in pages.bench().items():
        ours = found[pages.KNOWN]
        rows += [
            row(f"trang/giây: trích bài, {name} (F1 {ours.f1:.3f})", ours.per_second, other.per_second, against)
            for tool, other in found.items()
            if tool.endswith(pages.SAME) and (against := f"{tool.removesuffix(pages.SAME)}, F1 {other.f1:.3f}")
        ]
    return rows


def row(name: str, value: float, baseline: float, against: str) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value),
        "baseline": round(baseline),
        "ratio": round(value / baseline, 1),
        "against": against,
    }


def wait(name: str, value: float, baseline: float, against: str) -> dict[str, object]:
    """A time: the ratio says how many times shorter than its baseline."""
    told: dict[str, object] = {"name": name, "value": round(value, 2), "baseline": round(baseline, 2)}
    return {**told, "ratio": round(baseline / value, 1), "against": against}


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmarks as ratios against a baseline of the same run.")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--publications", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        rows = asyncio.run(figures(wanted))
    except StartFailed as error:
        sys.exit(str(error))
    if wanted.json:
        print(json.dumps({"machine": machine(), "figures": rows}, ensure_ascii=False))
        return
    table = Table("số đo", "giá trị", "mốc so sánh", "tỉ lệ", "mốc là", title=machine())
    for one in rows:
        table.add_row(str(one["name"]), *(f"{one[k]}" for k in ("value", "baseline", "ratio", "against")))
    Console().print(table)


if __name__ == "__main__":
    main()
