"""`python -m bench.near --data F.jsonl.xz ...`: what near-copies are found, and what is wrongly called one.

Copies are controlled edits of the articles given (rows `{text, title?}`): a share of the words deleted, replaced or
inserted one by one; sentences shuffled; another title; the second half cut off; lines of other pages around it.
Recall is the share of edits that are linked to their article among all the others, keys and threshold together.
Not copies are all pairs of `--data` (some of which are copies in truth), and with `--hard F` articles on one event by
different papers (rows with `label`), the hardest there are. `--cost N`: what it takes of processor and Postgres.
"""

import argparse
import asyncio
import itertools
import json
import lzma
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.articles import articles
from bench.items import ROWS, push
from bench.stage import Stage, machine, stage
from services.ingest.near.rules import THRESHOLD, Signed, are_near, sign, similarity
from services.ingest.near.service import link_near_copies

SHARES = (0.01, 0.05, 0.10, 0.20, 0.30)
SEED = 3550
Edit = Callable[[list[str], random.Random, Sequence[list[str]]], list[str]]


def read(path: Path, limit: int) -> list[dict[str, str]]:
    """Rows of a JSON Lines file, packed by xz or not."""
    packed = path.read_bytes()
    whole = lzma.decompress(packed) if path.suffix == ".xz" else packed
    rows = [json.loads(line) for line in whole.splitlines() if line.strip()]
    rows = [row for row in rows if len(row.get("text") or "") > 600]
    random.Random(SEED).shuffle(rows)  # noqa: S311 - repeatable, nothing secret
    return rows[:limit]


def full_text(row: dict[str, str]) -> str:
    return f"{row.get('title') or ''}\n{row['text']}"


# --- edits --------------------------------------------------------------------------------------------------


def words_changed(share: float) -> Edit:
    def edit(words: list[str], chance: random.Random, others: Sequence[list[str]]) -> list[str]:
        changed: list[str] = []
        for word in words:
            if chance.random() >= share:
                changed.append(word)
                continue
            kind, other = chance.choice(("delete", "replace", "insert")), chance.choice(chance.choice(others))
            changed += {"delete": [], "replace": [other], "insert": [word, other]}[kind]
        return changed

    return edit


def sentences_shuffled(words: list[str], chance: random.Random, _: Sequence[list[str]]) -> list[str]:
    parts: list[list[str]] = [[]]
    for word in words:
        parts[-1].append(word)
        if word.endswith((".", "!", "?")):
            parts.append([])
    chance.shuffle(parts)
    return [word for part in parts for word in part]


def title_of_another(words: list[str], chance: random.Random, others: Sequence[list[str]]) -> list[str]:
    return chance.choice(others)[:12] + words[12:]


def half_cut_off(words: list[str], _: random.Random, __: Sequence[list[str]]) -> list[str]:
    return words[: len(words) // 2]


def framed(words: list[str], chance: random.Random, others: Sequence[list[str]]) -> list[str]:
    before, after = chance.choice(others)[:40], chance.choice(others)[-80:]
    return before + words + after


EDITS: dict[str, Edit] = {
    **{f"{share:.0%} số từ": words_changed(share) for share in SHARES},
    "xáo trộn câu": sentences_shuffled,
    "thay tiêu đề": title_of_another,
    "cắt còn một nửa": half_cut_off,
    "thêm khung trang (120 từ)": framed,
}


# --- what is found ------------------------------------------------------------------------------------------


def sharing(signed: Sequence[Signed | None]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for n, one in enumerate(signed):
        for key in set(one.keys) if one else ():
            found[key].append(n)
    return found


def linked(one: Signed, other: Signed, threshold: float) -> bool:
    return are_near(one.sketch, other.sketch, similarity(one.sketch, other.sketch), threshold)


def pairs_linked(signed: Sequence[Signed | None], threshold: float) -> set[tuple[int, int]]:
    """Pairs that share a key and are near."""
    pairs = {pair for group in sharing(signed).values() for pair in itertools.combinations(group, 2)}
    return {(a, b) for a, b in pairs if (x := signed[a]) and (y := signed[b]) and linked(x, y, threshold)}


def recalls(texts: Sequence[str], threshold: float) -> Iterator[tuple[str, float, float]]:
    """(edit, recall, precision): the share of edits linked to the article they were made of, and the share of that
    article among everything that edits are linked to."""
    originals, split = sign(texts), [text.split() for text in texts]
    keys = sharing(originals)
    for name, edit in EDITS.items():
        chance = random.Random(SEED)  # noqa: S311 - repeatable, nothing secret
        edits = sign([" ".join(edit(words, chance, split)) for words in split])
        right = links = 0
        asked = [(n, one) for n, one in enumerate(edits) if one and originals[n]]
        for n, one in asked:
            near = {
                m for key in one.keys for m in keys.get(key, ()) if (x := originals[m]) and linked(x, one, threshold)
            }
            links += len(near)
            right += n in near
        yield name, right / len(asked), right / max(links, 1)


def same_event(rows: Sequence[dict[str, str]], threshold: float) -> tuple[int, int]:
    """(pairs of articles on one event, how many of them are linked)."""
    near = pairs_linked(sign([full_text(row) for row in rows]), threshold)
    groups: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        groups[row["label"]].append(n)
    pairs = {pair for group in groups.values() for pair in itertools.combinations(group, 2)}
    return len(pairs), len(pairs & near)


# --- what it costs ------------------------------------------------------------------------------------------


async def cost(texts: Sequence[str]) -> tuple[float, float, float]:
    """Milliseconds an item: of the processor for signing alone; of this process for the whole use case; and from
    its start to its end, with what Postgres takes."""
    count, rows = (
        len(texts),
        [
            {"source": "Đo tốc độ", "url": f"https://bench.example.vn/near/{n}", "title": text[:90], "text": text}
            for n, text in enumerate(texts)
        ],
    )
    began = time.process_time()
    sign([full_text(row) for row in rows])
    signing = (time.process_time() - began) / count * 1000
    async with stage(("ingest-api",)) as made:
        await pushed(made, rows)
        async with made.db.transaction() as session:
            ids = list(await session.scalars(text("SELECT id FROM contents ORDER BY id")))
        began, used = time.monotonic(), time.process_time()
        for start in range(0, count, ROWS):
            async with made.db.transaction() as session:
                await link_near_copies(session, ids[start : start + ROWS], now=datetime.now(UTC))
        whole, took = time.process_time() - used, time.monotonic() - began
        return signing, whole / count * 1000, took / count * 1000


async def pushed(made: Stage, rows: list[dict[str, str]]) -> None:
    address, headers = made.setup.addresses.service("ingest"), {"Authorization": f"Bearer {made.token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as http:
        source = {"kind": "push", "name": "Đo tốc độ", "group": "press"}
        (await http.post("/api/ingest/v1/sources", json=source)).raise_for_status()
        bodies = iter([rows[start : start + ROWS] for start in range(0, len(rows), ROWS)])
        await push(http, bodies)


# --- the table ----------------------------------------------------------------------------------------------


def figures(wanted: argparse.Namespace, threshold: float) -> Iterator[tuple[str, str, str, str]]:
    for path in wanted.data:
        texts = [full_text(row) for row in read(path, wanted.limit)]
        for name, recall, precision in recalls(texts, threshold):
            yield path.parent.name, name, f"{recall:.3f}", f"{precision:.3f}"
        near = pairs_linked(sign(texts), threshold)
        yield path.parent.name, "mọi cặp bài khác nhau", f"{len(near)} / {len(texts) * (len(texts) - 1) // 2}", ""
    for path in wanted.hard:
        pairs, wrong = same_event(read(path, wanted.limit), threshold)
        yield path.parent.name, "bài khác nhau, cùng sự kiện", f"{wrong} / {pairs}", f"{1 - wrong / pairs:.3f}"


def _real(wanted: argparse.Namespace) -> list[str]:
    return [full_text(row) for path in wanted.data for row in read(path, wanted.cost)][: wanted.cost]


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall and precision of near-copies on controlled edits.")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="articles, JSON Lines: text, title?")
    parser.add_argument("--hard", type=Path, nargs="*", default=[], help="articles with the label of their event")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--thresholds", type=float, nargs="*", default=[THRESHOLD])
    parser.add_argument("--cost", type=int, default=0, metavar="N", help="articles to sign, store and link")
    wanted = parser.parse_args()
    for threshold in wanted.thresholds if wanted.data or wanted.hard else []:
        table = Table("dữ liệu", "biến đổi", "nối đúng", "đúng trong số đã nối", title=f"ngưỡng {threshold}")
        for row in figures(wanted, threshold):
            table.add_row(*row)
        Console(width=120).print(table)
    if wanted.cost:
        signing, whole, took = asyncio.run(
            cost(_real(wanted) or [row["text"] for row in articles(wanted.cost, "near")])
        )
        told = f"ký {signing:.2f} ms/tin; cả việc nối: bộ xử lý {whole:.2f} ms/tin, từ đầu đến cuối {took:.2f} ms/tin"
        Console(width=120).print(f"{machine()}: {told}")


if __name__ == "__main__":
    main()
