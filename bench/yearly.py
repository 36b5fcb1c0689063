"""`python -m bench.yearly [--contents N] [--publications N] [--json]`: the report of a year from the totals of its
days, beside the same report read from the rows.

Rows are made by SQL in the real partitions: contents with short texts, labels, stories of eight and some of hundreds of
items, cases, publications with deliveries and their figures, evenly over a year. Both reports are asked for over HTTP
and printed as PDF by a process of their own, whose peak of memory is the kernel's. The rows go with the scratch server.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy import delete

from bench.stage import Stage, refuse_without_disk, screen, stage
from bench.table import show, wait
from libs.common.clock import SystemClock
from libs.common.db import Database
from libs.common.ids import floor_id
from libs.common.local import paths
from libs.common.local.process import StartFailed
from libs.common.local.topology import DATABASE, OWNER, service_environment
from libs.common.models import CountedDay
from libs.common.partitions import next_start, partitioned_tables, period_start
from libs.common.roles import role_name
from services.reports.domain import Period
from services.reports.totals.counting import count_days, plan_days
from services.reports.totals.rules import DAY, day_of, last_closing, span_of

CONTENTS, PUBLICATIONS, DAYS, SOURCES = 100_000, 1_000, 365, 500
KEPT_FOR = timedelta(days=90)
BYTES_A_ROW = 1_200
MOST_SECONDS = 900
"""A report that takes longer is given up, and counted so."""
API = "/api/reports/v1/reports"

# --- rows ---------------------------------------------------------------------------------------------------

KEYS = """
CREATE FUNCTION pg_temp.key_at(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid
$$;
CREATE TEMP TABLE drawn_sources AS
    SELECT (row_number() OVER (ORDER BY name))::int - 1 AS n, id FROM sources WHERE name LIKE 'Nguồn đo %';
"""
PARTS = 20
"""In which contents, their labels and their stories are made, so that one sees how far it is."""
SOURCE_ROWS = """
INSERT INTO sources (id, kind, name, url, "group", language, settings, poll_seconds, state, failures, created_at)
SELECT gen_random_uuid(), 'push', 'Nguồn đo ' || n, 'https://do-' || n || '.example',
       (ARRAY['press', 'portal', 'forum', 'citizen'])[n % 4 + 1], 'vi', '{}', 900, 'active', 0, $1
FROM generate_series(0, $2::int - 1) n
"""
STORIES = """
INSERT INTO stories (id, title, field, first_at, last_at, items, sources, version)
SELECT pg_temp.key_at($1, n), 'Chuyện ' || n, 'y_te', $1, $1, 8, 8, 1 FROM generate_series(0, $2::bigint) n
"""
# Eight in a row are one story; every hundredth belongs to one that is told for weeks.
CONTENT_ROWS = """
INSERT INTO contents (id, source_id, kind, title, text, language, published_from, first_seen_at, content_hash, revision)
SELECT pg_temp.key_at(at, i), s.id, 'article', 'Tin số ' || i, 'Nội dung ngắn của tin.', 'vi', 'feed', at, '\\x00', 1
FROM generate_series($1::bigint, $2::bigint - 1) i
     CROSS JOIN LATERAL (SELECT $3::timestamptz + i * $4::interval AS at) t
     JOIN drawn_sources s ON s.n = i * 7919 % $5::int
"""
LABELS = """
INSERT INTO annotations (content_id, source_id, field, field_score, tone, tone_score, kind, kind_score, risk, places,
                         language, model_versions, content_revision, annotated_at)
SELECT pg_temp.key_at(at, i), s.id, ($6::text[])[i % 4 + 1], 1, 'neutral', 1, ($7::text[])[i % 5 + 1], 1, '{}', '{}',
       'vi', '{}', 1, at
FROM generate_series($1::bigint, $2::bigint - 1) i
     CROSS JOIN LATERAL (SELECT $3::timestamptz + i * $4::interval AS at) t
     JOIN drawn_sources s ON s.n = i * 7919 % $5::int
"""
ITEMS = """
INSERT INTO story_items (content_id, story_id, source_id, score, epoch, assigned_at, position)
SELECT pg_temp.key_at(at, i), pg_temp.key_at($3, CASE WHEN i % 100 = 0 THEN i / 20000 ELSE i / 8 END), s.id, 1, 1, at, i
FROM generate_series($1::bigint, $2::bigint - 1) i
     CROSS JOIN LATERAL (SELECT $3::timestamptz + i * $4::interval AS at) t
     JOIN drawn_sources s ON s.n = i * 7919 % $5::int
"""
FIELDS = ["y_te", "giao_duc", "giao_thong", "moi_truong"]
KINDS = ["news", "announcement", "question", "complaint", "criticism"]
CASES = """
INSERT INTO feedback_cases (id, reference, kind, subject, body, urgency, state, received_at, answered_at, accept_due_at,
                            updated_at)
SELECT pg_temp.key_at(at, n), 'PA-2026-' || n, ($4::text[])[n % 2 + 4], 'Việc', 'Việc', 'normal', 'answered', at,
       at + interval '2 days', at + interval '1 day', at
FROM generate_series(0, $1::bigint - 1) n, LATERAL (SELECT $2::timestamptz + n * $3::interval AS at) t
"""
POSTS = """
INSERT INTO publications (id, unit_id, kind, title, summary, body, slug, state, revision, content_hash, published_at,
                          created_by, created_at, updated_at)
SELECT pg_temp.key_at(at, n), (SELECT id FROM organization_units ORDER BY code LIMIT 1),
       CASE WHEN n % 50 = 0 THEN 'correction' ELSE 'announcement' END, 'Bài ' || n, 'Tóm tắt.', 'Nội dung.',
       'bai-do-' || n, 'published', 1, sha256(n::text::bytea), at, (SELECT id FROM people ORDER BY id LIMIT 1), at, at
FROM generate_series(0, $1::bigint - 1) n, LATERAL (SELECT $2::timestamptz + n * $3::interval AS at) t
"""
CHANNELS = """
INSERT INTO channels (id, kind, name, unit_id, owner_kind, address, settings, state, is_city_official, created_at)
SELECT gen_random_uuid(), 'own_site', 'Kênh đo ' || n, (SELECT id FROM organization_units ORDER BY code LIMIT 1),
       'official', 'kenh-do-' || n, '{}', 'active', false, $1 FROM generate_series(1, 3) n
"""
DELIVERIES = """
INSERT INTO deliveries (id, publication_id, channel_id, revision, state, platform_url, not_before, committed_at,
                        confirmed_at, updated_at)
SELECT pg_temp.key_at(p.published_at, c.n * 10000000 + row_number() OVER ()), p.id, c.id, 1, 'published',
       'https://kenh.example/bai', p.published_at, p.published_at, p.published_at, p.published_at
FROM publications p, (SELECT id, row_number() OVER (ORDER BY id) AS n FROM channels WHERE name LIKE 'Kênh đo %') c
WHERE p.slug LIKE 'bai-do-%'
"""
POINTS = """
INSERT INTO engagement_points (id, delivery_id, metric, value, definition, as_of)
SELECT gen_random_uuid(), d.id, metric, 10, metric || ' do nền tảng đếm', d.confirmed_at + later * interval '1 day'
FROM deliveries d, unnest(ARRAY['views', 'likes', 'shares']) metric, generate_series(1, 2) later
"""


Step = tuple[str, str, tuple[Any, ...]]
"""What it makes, the statement, its values."""


@dataclass(frozen=True)
class Volume:
    contents: int
    publications: int
    period: Period

    def step(self, rows: int) -> timedelta:
        return self.period.length / rows


def year_before(now: datetime) -> Period:
    """The last 365 days that are closed."""
    end = span_of(day_of(last_closing(now)) - DAY).end
    return Period(end - DAYS * DAY, end)


async def fill(made: Stage, volume: Volume) -> None:
    async with unguarded(made) as first, unguarded(made) as second:
        await first.execute("ALTER SYSTEM SET max_wal_size = '16GB'")
        await first.execute("SELECT pg_reload_conf()")
        await _prepare(first, volume)
        await second.execute(KEYS)
        began = time.monotonic()
        async with asyncio.TaskGroup() as both:
            both.create_task(_make(first, _texts(volume), began))
            both.create_task(_make(second, _labels(volume), began))
        await _make(first, _others(volume), began)


@asynccontextmanager
async def unguarded(made: Stage) -> AsyncIterator[Any]:
    """A connection that no trigger and no foreign key holds up: the rows are right by how they are made."""
    connection = await asyncpg.connect(made.setup.postgres.url(DATABASE).replace("+asyncpg", ""))
    try:
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute("SET work_mem = '64MB'; SET maintenance_work_mem = '1GB'")
        yield connection
    finally:
        await connection.close()


async def _make(connection: Any, steps: Iterable[Step], began: float) -> None:
    for name, statement, values in steps:
        await connection.execute(statement, *values, timeout=3600)
        screen.print(f"{time.monotonic() - began:.0f} giây: {name}")


async def _prepare(connection: Any, volume: Volume) -> None:
    start = volume.period.start
    for table in partitioned_tables():
        first = period_start(table.info["partitioned"], start)
        while table.name in ("contents", "annotations") and first < volume.period.end:
            last = next_start(table.info["partitioned"], first)
            bounds = f"FROM ('{floor_id(first)}') TO ('{floor_id(last)}')"
            name = f"{table.name}_{first:%Y%m%d}"
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table.name} FOR VALUES {bounds}")
            await connection.execute(f"ALTER TABLE {name} OWNER TO {OWNER}")
            first = last
    await connection.execute("DELETE FROM sources WHERE NOT EXISTS (SELECT FROM contents WHERE source_id = sources.id)")
    await connection.execute(SOURCE_ROWS, start, SOURCES)
    await connection.execute(KEYS)


def _ranges(volume: Volume) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """How far it then is, and which rows these are."""
    n, step = volume.contents, volume.step(volume.contents)
    for part in range(PARTS):
        end = n * (part + 1) // PARTS
        yield f"đến {end:,}", (n * part // PARTS, end, volume.period.start, step, SOURCES)


def _texts(volume: Volume) -> list[Step]:
    stories: Step = ("câu chuyện", STORIES, (volume.period.start, volume.contents // 8))
    return [stories, *((f"nội dung {told}", CONTENT_ROWS, rows) for told, rows in _ranges(volume))]


def _labels(volume: Volume) -> Iterator[Step]:
    for told, rows in _ranges(volume):
        yield f"nhãn {told}", LABELS, (*rows, FIELDS, KINDS)
        yield f"mục của câu chuyện {told}", ITEMS, rows


def _others(volume: Volume) -> Sequence[Step]:
    start = volume.period.start
    posts = (volume.publications, start, volume.step(volume.publications))
    return (
        ("phản ánh", CASES, (*posts, KINDS)),
        ("bài đăng", POSTS, posts),
        ("kênh", CHANNELS, (start,)),
        ("lượt gửi", DELIVERIES, ()),
        ("tương tác", POINTS, ()),
        ("thống kê", "ANALYZE", ()),
    )


# --- the report ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    seconds: float
    paper_seconds: float
    """Until its PDF is there too."""
    megabytes: float
    """The peak of the process that made it."""
    items: int | None


@contextmanager
def process(made: Stage) -> Iterator[int]:
    """The service's own HTTP process, fresh; its number."""
    address = httpx.URL(made.setup.addresses.service("reports"))
    command = [sys.executable, "-m", "uvicorn", "--factory", "services.reports.main:app", "--log-level", "warning"]
    command += ["--host", address.host, "--port", str(address.port)]
    environment = service_environment(made.setup, role_name("reports"), "reports")
    started = subprocess.Popen(command, env=environment)
    try:
        yield started.pid
    finally:
        started.terminate()
        started.wait()


async def _until_ready(http: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            if (await http.get("/health/ready")).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)
    raise StartFailed("Dịch vụ báo cáo không khởi động / the reports service did not start")


async def report(made: Stage, period: Period) -> Made:
    body = {"kind": "yearly", "from": period.start.isoformat(), "to": period.end.isoformat()}
    at, headers = made.setup.addresses.service("reports"), {"Authorization": f"Bearer {made.token}"}
    client = httpx.AsyncClient(base_url=at, headers=headers, trust_env=False, timeout=MOST_SECONDS)
    with process(made) as pid:
        async with client as http:
            await _until_ready(http)
            began = time.monotonic()
            try:
                told = (await http.post(API, json=body)).raise_for_status().json()
            except httpx.TimeoutException:
                return Made(MOST_SECONDS, MOST_SECONDS, peak(pid), None)
            drafted = time.monotonic() - began
            (await http.get(f"{API}/{told['id']}/content", params={"format": "pdf"})).raise_for_status()
            snapshot = (await http.get(f"/api/reports/v1/snapshots/{told['snapshot_id']}")).raise_for_status().json()
            total = snapshot["data"]["items"]["total"]["value"]
            return Made(drafted, time.monotonic() - began, peak(pid), total)


def peak(pid: int) -> float:
    """MiB: the most memory that the process has held so far (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def count(made: Stage) -> tuple[int, float]:
    """Days counted, and in how many seconds."""
    url = service_environment(made.setup, role_name("reports"), "reports")["LANTOA_DB__URL"]
    db, clock, began = Database(url, pool_size=1), SystemClock(), time.monotonic()
    try:
        async with db.transaction() as session:
            plan = await plan_days(session, KEPT_FOR, clock.now(), since=None, again=False)
        async for day in count_days(db, plan.days, KEPT_FOR, clock):
            if day.day == 1:
                screen.print(f"đã đếm đến {day:%d/%m/%Y}: {time.monotonic() - began:.0f} giây")
    finally:
        await db.dispose()
    return len(plan.days), time.monotonic() - began


async def forget(made: Stage) -> None:
    """Without a counted day, everything is read from the rows."""
    async with made.db.transaction() as session:
        await session.execute(delete(CountedDay))


async def bench(contents: int = CONTENTS, publications: int = PUBLICATIONS) -> list[dict[str, object]]:
    parent = paths.data_root(paths.checkout())
    paths.make_directory(parent, mode=0o711)
    refuse_without_disk(parent, max(contents * BYTES_A_ROW * 2, 2 * 1024**3))
    volume = Volume(contents, publications, year_before(datetime.now(UTC)))
    async with stage(()) as made:
        await fill(made, volume)
        days, counting = await count(made)
        screen.print(f"đếm {days} ngày: {counting:.0f} giây")
        ours = await report(made, volume.period)
        screen.print(f"từ tổng theo ngày: {ours}")
        await forget(made)
        plain = await report(made, volume.period)
        screen.print(f"từ bảng gốc: {plain}")
    if plain.items is not None and ours.items != plain.items:
        raise AssertionError(f"{ours.items} mục tin từ tổng theo ngày, {plain.items} từ bảng gốc")
    what = f"báo cáo năm, {contents:,} nội dung, {publications:,} bài đăng"
    return [
        wait(f"giây: {what}, đến bản thảo (ngân sách 60)", ours.seconds, plain.seconds, "đọc thẳng bảng gốc"),
        wait("giây: như trên, đến khi có PDF", ours.paper_seconds, plain.paper_seconds, "đọc thẳng bảng gốc"),
        wait("MB bộ nhớ cao nhất (ngân sách 500)", ours.megabytes, plain.megabytes, "đọc thẳng bảng gốc"),
        wait(f"giây: đếm {days} ngày vào bảng tổng", counting, plain.seconds, "một báo cáo từ bảng gốc"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="The report of a year from totals, beside the same from the rows.")
    parser.add_argument("--contents", type=int, default=CONTENTS)
    parser.add_argument("--publications", type=int, default=PUBLICATIONS)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        rows = asyncio.run(bench(wanted.contents, wanted.publications))
    except StartFailed as error:
        sys.exit(str(error))
    show(rows, as_json=wanted.json)


if __name__ == "__main__":
    main()
