"""`python -m bench [--items N] [--events N] [--publications N] [--sources N] [--contents N] [--json]`: figures beside
their baselines."""

import argparse
import asyncio
import sys

from bench import classifying, dashboards, feeds, items, pages, publishing, relaying, sources, yearly
from bench.table import row, show, wait
from libs.common.local.process import StartFailed


async def figures(wanted: argparse.Namespace) -> list[dict[str, object]]:
    batched, single = await items.bench(wanted.items)
    relayed, one = await relaying.bench(wanted.events)
    sent = await publishing.bench(wanted.publications)
    apart = "lần lượt từng kênh một"
    return [
        row(
            "tin/giây: API đẩy → đã gán nhãn",
            batched.labelled,
            single.labelled,
            f"mỗi yêu cầu một tin ({items.ROWS} tin/lô)",
        ),
        row("tin/giây: … → có nhãn, câu chuyện và tìm được", batched.whole, single.whole, "như trên"),
        row("sự kiện/giây: outbox → luồng", relayed, one, "mỗi giao dịch một sự kiện"),
        wait("giây, p50: đã duyệt → thấy trên 10 kênh", sent.p50, sent.apart, apart),
        wait("giây, p99: đã duyệt → thấy trên 10 kênh (ngân sách 2)", sent.p99, sent.apart, apart),
        *await feed_entries(),
        *article_pages(),
        *await classifying.figures(),
        *await polled_sources(wanted.sources),
        *await yearly.bench(wanted.contents, wanted.contents // 100),
        await front_page(wanted.contents),
    ]


async def feed_entries() -> list[dict[str, object]]:
    found = await feeds.bench()
    alone = "feedparser một mình"
    return [
        row(f"mục/giây: đọc nguồn cấp tin, một lõi ({found.sample})", found.parsed, found.parsed_by_feedparser, alone),
        row("mục/giây: đọc và lưu", found.stored, found.stored_one_by_one, "mỗi giao dịch một mục"),
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


async def polled_sources(count: int) -> list[dict[str, object]]:
    """A tenth of the sources is slow or hostile; the delays are those of the others."""
    every = 120
    seen = await sources.bench(count, every=every, seconds=300.0)
    kept = f"{seen.requests} yêu cầu, {seen.too_soon} vượt hạn mức của máy chủ (theo nhật ký của chính nó)"
    told = [
        wait(f"giây trễ, p50: đọc {count} nguồn, 1/10 chậm hoặc phá", seen.p50, every, "chu kỳ đọc"),
        wait("giây trễ, p99: như trên", seen.p99, every, f"chu kỳ đọc; {kept}"),
        wait("MB bộ nhớ của tiến trình đọc nguồn", seen.megabytes_worker, 300, "ngân sách một tiến trình"),
    ]
    against = f"phần tư thứ hai của lần chạy; cả bộ phân tích: {seen.megabytes:.0f} MB"
    return [*told, wait("bộ nhớ ở phần tư cuối, so với phần tư thứ hai", seen.growth, 1.0, against)]


async def front_page(contents: int) -> dict[str, object]:
    """The slowest of its six parts, whoever asks."""
    found, naive = await dashboards.bench(contents)
    slowest = max((one for one in found if one.part in dashboards.PARTS), key=lambda one: one.p99)
    name = f"ms, p99: trang đầu, phần chậm nhất ({slowest.part}), {contents} nội dung (ngân sách 100)"
    return wait(name, slowest.p99, naive, "đếm nội dung hôm nay theo lúc gặp")


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmarks as ratios against a baseline of the same run.")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--publications", type=int, default=60)
    parser.add_argument("--sources", type=int, default=2000)
    parser.add_argument("--contents", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        rows = asyncio.run(figures(wanted))
    except StartFailed as error:
        sys.exit(str(error))
    show(rows, as_json=wanted.json)


if __name__ == "__main__":
    main()
