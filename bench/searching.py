"""`python -m bench.searching [--rows N] [--data F.jsonl.xz ...]`: the search endpoint over a million items, by kinds of
questions, beside a plain full-text query and ILIKE on the same rows.

Rows are new arrangements of the sentences of real news (`--data`, else the sample day), up to 600 signs, over 60 days.
They are written by SQL and removed with the scratch server. `--data` rows have `text`.
"""

import argparse
import asyncio
import json
import lzma
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from bench.articles import sentences
from bench.stage import Stage, machine, refuse_without_disk, screen, stage
from libs.common.local import paths
from libs.common.local.process import StartFailed
from libs.common.text import canonical_tone, nfc, unmark, words
from services.classify.searching.lexemes import vector

DISTINCT, MOST_CHARS, DAYS = 30_000, 600, 60
NEEDED = 8 * 1024**3
EACH, BASELINE_EACH = 60, 3
MOST_SECONDS = 5
"""A plain query that takes longer is given up, and counted so."""
Question = tuple[str, dict[str, str]]


# --- rows ---------------------------------------------------------------------------------------------------


def news(files: Sequence[Path]) -> list[str]:
    if not files:
        return sentences()
    texts = [
        json.loads(line)["text"]
        for file in files
        for line in lzma.decompress(file.read_bytes()).decode().splitlines()
        if line.strip()
    ]
    return [one.strip() for text in texts for one in re.split(r"(?<=[.!?])\s+", nfc(text)) if 30 < len(one) < 300]


def arranged(pool: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    for _ in range(DISTINCT):
        body = ""
        while len(body) < MOST_CHARS - 200:
            body += chance.choice(pool) + " "
        yield chance.choice(pool)[:90], body[:MOST_CHARS].strip()


FILL = """
CREATE TEMP TABLE sample (n int PRIMARY KEY, title text, body text, tsv tsvector);
"""
DRAW = """
CREATE TEMP TABLE drawn AS
SELECT n, (lpad(to_hex($1::bigint + n::bigint * $2 / $3), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid AS id,
       (random() * ($4 - 1))::int AS pick, (random() ^ 2 * 16)::int AS field, (random() ^ 2 * 10)::int AS kind,
       (random() * 39)::int AS source, (random() * 400)::int AS place,
       to_timestamp(($1::bigint + n::bigint * $2 / $3) / 1000.0) AS at
FROM generate_series(1, $3::int) AS n;
"""
CONTENTS = """
INSERT INTO contents (id, source_id, kind, url, title, summary, text, language, published_at, published_from,
                      first_seen_at, content_hash, revision)
SELECT d.id, s.id, 'article', 'https://bench.example.vn/' || d.n, t.title, NULL, t.body, 'vi', at, 'feed', at,
       uuid_send(d.id), 1
FROM drawn d JOIN sample t ON t.n = d.pick JOIN bench_sources s ON s.n = d.source
ORDER BY d.n;
"""
DOCUMENTS = """
INSERT INTO search_documents (content_id, source_id, "group", field, kind, tone, language, places, title, published_at,
                              told_at, content_revision, tsv)
SELECT d.id, s.id, s."group", ($1::text[])[field + 1], ($2::text[])[kind + 1], 'neutral', 'vi', p.codes,
       t.title, at, at, 1,
       t.tsv || array_to_tsvector(ARRAY['f=' || ($1::text[])[field + 1], 'k=' || ($2::text[])[kind + 1], 't=neutral',
                                        'l=vi', 'g=' || s."group", 's=' || s.id]
                                  || CASE WHEN place < 126 THEN ARRAY['p=' || p.codes[1]] ELSE '{}' END)
FROM drawn d JOIN sample t ON t.n = d.pick JOIN bench_sources s ON s.n = d.source,
     LATERAL (SELECT CASE WHEN place < 126 THEN ARRAY[(SELECT code FROM bench_places WHERE n = place)]
                          ELSE '{}'::text[] END) p (codes)
ORDER BY d.n;
"""
FIELDS = "giao_thong moi_truong dat_dai_xay_dung do_thi y_te giao_duc an_sinh an_ninh_trat_tu chay_no thien_tai \
hanh_chinh chinh_tri kinh_te van_hoa_du_lich the_thao khoa_hoc_cong_nghe khac".split()
KINDS = (
    "news announcement question report_of_problem complaint criticism opinion praise advert scam_suspect other".split()
)


async def fill(made: Stage, texts: Sequence[tuple[str, str]], rows: int) -> None:
    connection = await asyncpg.connect(made.setup.owner_url.replace("+asyncpg", ""))
    now = datetime.now(UTC)
    start = int((now - timedelta(days=DAYS)).timestamp() * 1000)
    steps: list[tuple[str, str, tuple[Any, ...]]] = [
        ("rút mẫu", DRAW, (start, DAYS * 86_400_000, rows, len(texts))),
        ("nội dung", CONTENTS, ()),
        ("tài liệu tìm kiếm", DOCUMENTS, (FIELDS, KINDS)),
        ("chỉ mục", "CREATE INDEX ix_search_documents_tsv ON search_documents USING gin (tsv)", ()),
        ("thống kê", "ANALYZE search_documents, contents", ()),
    ]
    try:
        await connection.execute(
            "SET maintenance_work_mem = '1GB'; SET synchronous_commit = off; SET work_mem = '64MB'"
        )
        await _prepare(connection, texts, now)
        for name, statement, values in steps:
            began = time.monotonic()
            await connection.execute(statement, *values, timeout=900)
            screen.print(f"{name}: {time.monotonic() - began:.0f} giây")
    finally:
        await connection.close()


async def _prepare(connection: Any, texts: Sequence[tuple[str, str]], now: datetime) -> None:
    await connection.execute(FILL)
    await connection.execute("DROP INDEX ix_search_documents_tsv")
    for at in range(0, len(texts), 5000):
        batch = texts[at : at + 5000]
        await connection.execute(
            "INSERT INTO sample SELECT n, title, body, CAST(tsv AS tsvector) "
            "FROM unnest($1::int[], $2::text[], $3::text[], $4::text[]) x (n, title, body, tsv)",
            list(range(at, at + len(batch))), [t for t, _ in batch], [b for _, b in batch],
            [vector(*one) for one in batch],
        )  # fmt: skip
    await connection.execute(
        """
        INSERT INTO sources (id, kind, name, url, "group", language, settings, poll_seconds, state, failures,
                             created_at)
        SELECT gen_random_uuid(), 'push', 'Báo đo ' || n, 'https://bench-' || n || '.example', (ARRAY['press', 'press',
               'press', 'portal', 'forum', 'aggregator', 'citizen', 'official'])[n % 8 + 1], 'vi', '{}', 900, 'active',
               0, $1 FROM generate_series(0, 39) n
        """,
        now,
    )
    await connection.execute(
        """
        CREATE TEMP TABLE bench_sources AS SELECT (row_number() OVER (ORDER BY name))::int - 1 AS n, id, "group"
        FROM sources WHERE name LIKE 'Báo đo %';
        CREATE TEMP TABLE bench_places AS SELECT (row_number() OVER (ORDER BY code))::int - 1 AS n, code
        FROM organization_units WHERE kind IN ('ward', 'commune')
        """
    )


# --- questions ----------------------------------------------------------------------------------------------


class Vocabulary:
    """Words of the texts by how many texts have them, and runs of words as they stand there."""

    def __init__(self, texts: Sequence[tuple[str, str]], chance: random.Random) -> None:
        self._texts, self._chance = texts, chance
        counted: Counter[str] = Counter()
        for title, body in texts:
            counted.update(set(words(canonical_tone(f"{title} {body}").lower())))
        known = [(word, n) for word, n in counted.most_common() if len(word) > 1 and not word[0].isdigit()]
        self.frequent = [word for word, _ in known[:60]]
        self.middling = [word for word, n in known if 0.002 < n / len(texts) < 0.03][:400]
        self.rare = [word for word, n in known if 1 <= n <= 5][:2000]

    def run(self, length: int) -> str:
        found: list[str] = []
        while len(found) < length:
            found = words(self._chance.choice(self._texts)[1])
        at = self._chance.randrange(len(found) - length + 1)
        return " ".join(found[at : at + length])


def questions(known: Vocabulary, chance: random.Random, now: datetime) -> dict[str, Callable[[], Question]]:
    def pick(pool: Sequence[str]) -> str:
        return chance.choice(pool)

    def day(most: int) -> str:
        return f"{now - timedelta(days=chance.randrange(1, most)):%Y-%m-%d}"

    return {
        "từ hiếm": lambda: (pick(known.rare), {}),
        "từ rất thường": lambda: (pick(known.frequent), {}),
        "từ vừa": lambda: (pick(known.middling), {}),
        "hai từ": lambda: (f"{pick(known.middling)} {pick(known.frequent)}", {}),
        "cụm từ (2–3 tiếng)": lambda: (f'"{known.run(chance.choice((2, 3)))}"', {}),
        "không dấu": lambda: (unmark(known.run(chance.choice((1, 2)))), {}),
        "AND OR NOT": lambda: (
            f"({pick(known.middling)} OR {pick(known.frequent)}) {pick(known.middling)} -{pick(known.middling)}", {}
        ),
        "từ + lĩnh vực, loại": lambda: (pick(known.frequent), {"field": pick(FIELDS), "kind": pick(KINDS)}),
        "từ + địa danh, nhóm": lambda: (f"{pick(known.middling)} group:press", {"place": "00166"}),
        "từ + thời gian": lambda: (f"{pick(known.frequent)} after:{day(55)}", {"to": day(30)}),
        "chỉ bộ lọc": lambda: ("", {"field": pick(FIELDS), "place": "00166"}),
        "trang thứ hai": lambda: (pick(known.frequent), {"page": "2"}),
    }  # fmt: skip


# --- measuring ----------------------------------------------------------------------------------------------


async def asked(http: httpx.AsyncClient, question: Question) -> tuple[float, int, bool]:
    """Seconds, rows, and whether the page was cut short by the time it took."""
    q, more = question
    params = {"q": q, **{k: v for k, v in more.items() if k != "page"}}
    if "page" in more:
        first = (await http.get("search", params=params)).json()
        params |= {"cursor": first["next_cursor"]} if first["next_cursor"] else {}
    began = time.monotonic()
    answer = await http.get("search", params=params)
    took = time.monotonic() - began
    if answer.status_code != 200:
        raise StartFailed(f"{q}: {answer.status_code} {answer.text[:300]}")
    page = answer.json()
    return took, len(page["items"]), bool(page["next_cursor"]) and len(page["items"]) < 50


PLAIN = """
SELECT content_id FROM search_documents WHERE tsv @@ websearch_to_tsquery('simple', $1)
ORDER BY content_id DESC LIMIT 51
"""
ILIKE = "SELECT id FROM contents WHERE title ILIKE $1 OR text ILIKE $1 ORDER BY id DESC LIMIT 51"


async def plainly(connection: Any, statement: str, value: str) -> float:
    began = time.monotonic()
    try:
        await connection.fetch(statement, value, timeout=MOST_SECONDS)
    except TimeoutError:
        return float(MOST_SECONDS)
    return time.monotonic() - began


def worst(times: Sequence[float], percent: int) -> float:
    return quantiles(times, n=100, method="inclusive")[percent - 1] * 1000 if len(times) > 1 else times[0] * 1000


async def measure(made: Stage, kinds: dict[str, Callable[[], Question]]) -> list[dict[str, Any]]:
    address = made.setup.addresses.service("classify") + "/api/classify/v1/"
    headers = {"Authorization": f"Bearer {made.token}"}
    connection = await asyncpg.connect(made.setup.owner_url.replace("+asyncpg", ""))
    rows = []
    try:
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as http:
            for question in (make() for make in kinds.values()):
                await asked(http, question)
            for name, make in kinds.items():
                wanted = [make() for _ in range(EACH)]
                got = [await asked(http, one) for one in wanted]
                some = [q for q, _ in wanted[:BASELINE_EACH] if q and ":" not in q]
                plain = [await plainly(connection, PLAIN, q) for q in some]
                like = [await plainly(connection, ILIKE, f"%{q.strip(chr(34))}%") for q in some if "(" not in q]
                rows.append(
                    {
                        "name": name,
                        "p50_ms": round(worst([t for t, _, _ in got], 50), 1),
                        "p99_ms": round(worst([t for t, _, _ in got], 99), 1),
                        "rows": round(sum(n for _, n, _ in got) / len(got), 1),
                        "short_pages": sum(short for _, _, short in got),
                        "plain_p50_ms": round(worst(plain, 50), 1) if plain else None,
                        "plain_worst_ms": round(max(plain) * 1000, 1) if plain else None,
                        "ilike_p50_ms": round(worst(like, 50), 1) if like else None,
                        "ilike_worst_ms": round(max(like) * 1000, 1) if like else None,
                    }
                )
                screen.print(rows[-1])
    finally:
        await connection.close()
    return rows


async def bench(rows: int, files: Sequence[Path]) -> list[dict[str, Any]]:
    refuse_without_disk(paths.data_root(paths.checkout()).parent, NEEDED if rows > 200_000 else NEEDED // 4)
    chance = random.Random(3550)  # noqa: S311 - repeatable, nothing secret
    pool = news(files)
    if not pool:
        raise StartFailed("Tệp --data không có câu nào trong cột text / no sentence in the text of the --data files")
    texts = list(arranged(pool, chance))
    known = Vocabulary(texts, chance)
    async with stage(("classify-api",)) as made:
        await fill(made, texts, rows)
        return await measure(made, questions(known, chance, datetime.now(UTC)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Search over many items, beside plain queries on the same rows.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="news, JSON Lines packed by xz: text")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        found = asyncio.run(bench(wanted.rows, wanted.data))
    except StartFailed as error:
        sys.exit(str(error))
    if wanted.json:
        print(json.dumps({"machine": machine(), "rows": wanted.rows, "figures": found}, ensure_ascii=False))
        return
    table = Table(*found[0], title=f"{machine()}; {wanted.rows} tin; ngân sách p99 150 ms")
    for row in found:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
