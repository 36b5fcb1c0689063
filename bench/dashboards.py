"""`python -m bench.dashboards [--rows N] [--json]`: the console's front page over 13 months, by its real API.

A million contents (a fiftieth of them in the last 24 hours: a day on which the city is talked of), their labels,
stories and counts as long as they are kept, 2,000 sources, 100,000 publications with two deliveries each, 100,000
cases of citizens with their steps, written by SQL and removed with the scratch server. Asked by an editor of the city,
who sees most, and by one of a ward. Baseline: counting today's contents by when they were seen, as without the ids.
Beside it stands what an answer without any work takes (`/health/live`): the floor of a machine that others use too.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from bench.searching import FIELDS, KINDS, worst
from bench.stage import Stage, machine, refuse_without_disk, screen, stage
from libs.common.auth.dev import dev_token
from libs.common.clock import midnight
from libs.common.local import paths
from libs.common.local.people import EDITOR
from libs.common.local.process import StartFailed
from libs.common.models.enums import Role
from libs.common.partitions import ensure_partitions
from libs.common.seed import seed_person

PARTS = ("today", "rising-stories", "waiting-approvals", "overdue", "channel-health", "source-health")
DAYS, SOURCES, PUBLICATIONS, CASES = 395, 2000, 100_000, 100_000
NEEDED = 6 * 1024**3
WARM, EACH, BASELINE_EACH = 10, 200, 3
WARD = "bien-tap-phuong"
API = "/api/reports/v1/dashboards/"

ID = """
CREATE FUNCTION pg_temp.key(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || '8'
            || lpad(to_hex(n), 15, '0'))::uuid
$$;
"""
SOURCE_ROWS = """
INSERT INTO sources (id, kind, name, url, "group", language, settings, poll_seconds, state, failures, created_at,
                     next_poll_at, health, health_since, checked_at, last_ok_at)
SELECT gen_random_uuid(), 'feed', 'Nguồn đo ' || n, 'https://bench-' || n || '.example', (ARRAY['press', 'press',
       'press', 'portal', 'forum', 'aggregator', 'press', 'official'])[n % 8 + 1], 'vi', '{}', 900, 'active', 0,
       now() - interval '400 days', now() + interval '5 minutes', CASE WHEN n % 20 = 0
       THEN (ARRAY['silent', 'failing', 'broken', 'blocked', 'flooding'])[n / 20 % 5 + 1] ELSE 'ok' END,
       now() - n * interval '1 minute', now(), now()
FROM generate_series(1, CAST($1 AS int)) AS n
"""
DRAWN = """
CREATE TEMP TABLE drawn AS
SELECT pg_temp.key(at, n) AS id, n, at, s.id AS source_id, s.kind, s."group", (random() ^ 2 * 16)::int AS field,
       (random() ^ 2 * 10)::int AS label, (random() * 400)::int AS place,
       CASE WHEN random() < 0.8 THEN (random() ^ 3 * 59)::int + 60 * (at::date - DATE '2020-01-01') END AS story
FROM (SELECT n, CASE WHEN n % 50 = 0 THEN now() - random() * interval '24 hours'
                     ELSE now() - (n::float8 / $1) * $2 * interval '1 day' END AS at
      FROM generate_series(1, $1::int) AS n) AS spread
JOIN (SELECT id, kind, "group", row_number() OVER (ORDER BY id) - 1 AS k FROM sources WHERE name LIKE 'Nguồn đo %') AS s
  ON s.k = (spread.n::bigint * 7919) % $3;
CREATE TEMP TABLE told AS
SELECT DISTINCT story, pg_temp.key(min(at), story) AS id, min(at) AS first_at, max(at) AS last_at, count(*) AS items
FROM drawn WHERE story IS NOT NULL GROUP BY story;
CREATE TEMP TABLE wards AS
SELECT (row_number() OVER (ORDER BY code))::int - 1 AS n, id, code FROM organization_units
WHERE kind IN ('ward', 'commune') AND valid_to IS NULL;
ANALYZE drawn; ANALYZE told;
"""
CONTENTS = """
INSERT INTO contents (id, source_id, kind, url, title, summary, text, language, published_at, published_from,
                      first_seen_at, content_hash, revision)
SELECT id, source_id, 'article', 'https://bench.example/' || n, 'Bản tin số ' || n || ' về việc của thành phố', NULL,
       repeat('Nội dung của bản tin. ', 12), 'vi', at, 'feed', at, uuid_send(id), 1
FROM drawn ORDER BY at
"""
ANNOTATIONS = """
INSERT INTO annotations (content_id, source_id, field, field_score, tone, tone_score, kind, kind_score, risk, places,
                         language, model_versions, content_revision, annotated_at)
SELECT d.id, source_id, ($1::text[])[field + 1], 0.9, 'neutral', 0.9, ($2::text[])[label + 1], 0.9, '{}',
       CASE WHEN w.code IS NULL THEN '{}'::text[] ELSE ARRAY[w.code] END, 'vi', '{}', 1, at
FROM drawn AS d LEFT JOIN wards AS w ON w.n = d.place ORDER BY at
"""
STORIES = """
INSERT INTO stories (id, title, field, first_at, last_at, items, sources, version)
SELECT id, 'Chuyện ' || story, 'giao_thong', first_at, last_at, items, least(items, 40), 1 FROM told;
INSERT INTO story_items (content_id, story_id, source_id, score, epoch, assigned_at, position)
SELECT d.id, t.id, d.source_id, 0.8, 1, d.at, d.n FROM drawn AS d JOIN told AS t USING (story);
INSERT INTO source_hours (source_id, hour, items)
SELECT source_id, date_trunc('hour', at), count(*) FROM drawn WHERE at > now() - interval '60 days' GROUP BY 1, 2;
INSERT INTO series_items (content_id, bucket_at, field, places, source_kind, source_group, story_id, annotated_at)
SELECT d.id, date_bin('5 minutes', d.at, TIMESTAMPTZ '2000-01-01 00:00:00+00'), 'giao_thong',
       CASE WHEN w.code IS NULL THEN '{}'::text[] ELSE ARRAY[w.code] END, d.kind, d."group", t.id, d.at
FROM drawn AS d LEFT JOIN told AS t USING (story) LEFT JOIN wards AS w ON w.n = d.place
WHERE d.at > now() - interval '4 days';
"""
SERIES = """
CREATE TEMP TABLE counted AS
SELECT k.dimension, k.key, date_bin('5 minutes', d.at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket_at,
       count(*) AS count
FROM drawn AS d LEFT JOIN told AS t USING (story) LEFT JOIN wards AS w ON w.n = d.place
CROSS JOIN LATERAL (
    SELECT 'all' AS dimension, 'all' AS key
    UNION ALL SELECT 'field', ($1::text[])[d.field + 1]
    UNION ALL SELECT 'source_group', d."group"
    UNION ALL SELECT 'place', w.code WHERE w.code IS NOT NULL
    UNION ALL SELECT 'story', t.id::text WHERE t.id IS NOT NULL AND d.at > now() - interval '14 days'
) AS k
WHERE d.at > now() - interval '70 days' GROUP BY 1, 2, 3
"""
POINTS = """
INSERT INTO series (id, dimension, key, created_at)
SELECT gen_random_uuid(), dimension, key, now() FROM (SELECT DISTINCT dimension, key FROM counted) AS k;
INSERT INTO series_points (series_id, bucket_at, count)
SELECT s.id, c.bucket_at, c.count FROM counted AS c JOIN series AS s USING (dimension, key);
INSERT INTO series_marks (name, reached_at) VALUES ('counted', now() - interval '1 minute')
ON CONFLICT (name) DO UPDATE SET reached_at = excluded.reached_at;
INSERT INTO bursts (id, series_id, began_at, detected_at, loud_at, ended_at, window_minutes, seen, expected, surprise,
                    once_in_weeks, content_ids, story_ids)
SELECT gen_random_uuid(), s.id, now() - interval '2 hours', now() - interval '1 hour', now(),
       CASE WHEN n > 40 THEN now() END, 60, 40, 9, 8, 5, '{}', '{}'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM series WHERE dimension <> 'all' LIMIT 5000) AS s;
"""
# The triggers hold what people may do, one row at a time; here a year is written at once.
NEWSROOM = """
ALTER TABLE publications DISABLE TRIGGER USER; ALTER TABLE deliveries DISABLE TRIGGER USER;
ALTER TABLE tasks DISABLE TRIGGER USER; ALTER TABLE feedback_cases DISABLE TRIGGER USER;
ALTER TABLE case_events DISABLE TRIGGER USER; ALTER TABLE publication_revisions DISABLE TRIGGER USER;
ALTER TABLE takedowns DISABLE TRIGGER USER; ALTER TABLE channels DISABLE TRIGGER USER;
CREATE TEMP TABLE units AS
SELECT (row_number() OVER (ORDER BY kind = 'city' DESC, code))::int - 1 AS k, id FROM organization_units
WHERE valid_to IS NULL AND kind <> 'district';
INSERT INTO channels (id, kind, name, unit_id, owner_kind, address, settings, state, is_city_official, created_at)
SELECT gen_random_uuid(), (ARRAY['facebook', 'telegram', 'zalo', 'tiktok', 'mastodon'])[n % 5 + 1], 'Kênh đo ' || n,
       u.id, 'official', 'kenh-do-' || n, '{}', 'active', false, now()
FROM generate_series(0, 59) AS n JOIN units AS u ON u.k = n % 30;
"""
PUBLICATION_ROWS = """
INSERT INTO publications (id, unit_id, kind, title, summary, body, slug, state, revision, content_hash, scheduled_at,
                          published_at, created_by, created_at, updated_at)
SELECT pg_temp.key(at, n), u.id, CASE WHEN n % 40 = 0 THEN 'correction' ELSE 'announcement' END, 'Bài đăng số ' || n,
       'Tóm tắt', repeat('Nội dung bài đăng. ', 40), 'bai-do-' || n,
       state, 1, sha256(n::text::bytea),
       CASE state WHEN 'in_review' THEN NULL WHEN 'scheduled' THEN now() + n % 20 * interval '1 hour' ELSE at END,
       CASE state WHEN 'published' THEN at END, p.id, at, at
FROM (SELECT n, now() - (1 - n::float8 / $1) * $2 * interval '1 day' AS at
      FROM generate_series(1, $1::int) AS n) AS spread
CROSS JOIN LATERAL (SELECT CASE WHEN n % 1601 = 0 THEN 'in_review' WHEN n % 709 = 0 THEN 'scheduled'
                                WHEN n % 503 = 0 THEN 'publishing' ELSE 'published' END AS state) AS is_now
JOIN units AS u ON u.k = CASE WHEN spread.n % 4 = 0 THEN 0 ELSE spread.n % 150 END
CROSS JOIN (SELECT id FROM people ORDER BY id LIMIT 1) AS p
"""
DELIVERY_ROWS = """
INSERT INTO publication_revisions (id, publication_id, revision, content_hash, edited_by, edited_at)
SELECT gen_random_uuid(), id, 1, content_hash, created_by, created_at FROM publications;
INSERT INTO deliveries (id, publication_id, channel_id, revision, state, handle, not_before, confirmed_at, updated_at)
SELECT pg_temp.key(p.created_at, p.row * 2 + k.n), p.id, c.id, 1,
       CASE WHEN p.state = 'published' THEN 'published' WHEN p.state = 'scheduled' THEN 'pending'
            ELSE (ARRAY['unknown', 'rejected', 'manual', 'committed'])[k.n % 4 + 1] END, '{}', p.created_at,
       CASE WHEN p.state = 'published' THEN p.published_at END, p.updated_at
FROM (SELECT *, row_number() OVER (ORDER BY id) AS row FROM publications) AS p CROSS JOIN generate_series(0, 1) AS k (n)
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM channels WHERE name LIKE 'Kênh đo %') AS c
  ON c.n = (p.row * 2 + k.n) % 60
WHERE p.state NOT IN ('draft', 'in_review');
INSERT INTO tasks (id, kind, title, unit_id, state, created_at, done_by, done_at, due_at)
SELECT gen_random_uuid(), 'other', 'Việc đo ' || n, u.id, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END, now(),
       CASE WHEN n % 100 <> 0 THEN gen_random_uuid() END, CASE WHEN n % 100 <> 0 THEN now() END,
       now() - n % 7 * interval '1 hour'
FROM generate_series(1, 20000) AS n JOIN units AS u ON u.k = n % 150;
INSERT INTO watchdog_alerts (id, kind, object_id, first_seen_at, cleared_at)
SELECT gen_random_uuid(), 'delivery_overdue', d.id, now(), CASE WHEN d.row > 100 THEN now() END
FROM (SELECT id, row_number() OVER (ORDER BY confirmed_at DESC NULLS FIRST, id) AS row FROM deliveries) AS d
WHERE d.row <= 20000;
"""
CASE_ROWS = """
INSERT INTO feedback_cases (id, reference, kind, topic, subject, body, unit_id, urgency, state, received_at,
                            accept_due_at, due_at, accepted_at, answered_at, updated_at)
SELECT pg_temp.key(at, n), 'PA-DO-' || n, ($3::text[])[n % 4 + 1], 'giao_thong', 'Phản ánh số ' || n,
       repeat('Nội dung phản ánh. ', 20), u.id, 'normal',
       CASE WHEN n <= $1 - 3000 THEN 'closed' WHEN n % 3 = 0 THEN 'received' ELSE 'in_progress' END, at,
       at + interval '1 day', at + interval '10 days', at, CASE WHEN n <= $1 - 3000 THEN at + interval '5 days' END, at
FROM (SELECT n, now() - (1 - n::float8 / $1) * $2 * interval '1 day' AS at
      FROM generate_series(1, $1::int) AS n) AS spread
JOIN units AS u ON u.k = spread.n % 150
"""
STEPS = """
INSERT INTO case_events (id, case_id, action, state, at)
SELECT pg_temp.key(c.received_at + k.n * interval '5 days', row_number() OVER ()), c.id,
       (ARRAY['opened', 'answered'])[k.n + 1], 'answered', c.received_at
FROM feedback_cases AS c CROSS JOIN generate_series(0, 1) AS k (n) WHERE c.state = 'closed' OR k.n = 0
"""
NAIVE = "SELECT count(*) FROM contents WHERE first_seen_at >= $1"


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one part asked by one person; `known`: of the answers 304."""

    part: str
    who: str
    p50: float
    p99: float
    known_p50: float


# --- rows ---------------------------------------------------------------------------------------------------


async def fill(made: Stage, rows: int) -> None:
    await _prepare(made, datetime.now(UTC))
    connection = await asyncpg.connect(made.setup.owner_url.replace("+asyncpg", ""))
    kinds = ["criticism", "complaint", "question", "report_of_problem"]
    steps: list[tuple[str, str, tuple[Any, ...]]] = [
        ("nguồn", SOURCE_ROWS, (SOURCES,)),
        ("nội dung", CONTENTS, ()),
        ("nhãn", ANNOTATIONS, (FIELDS, KINDS)),
        ("câu chuyện", STORIES, ()),
        ("đếm", SERIES, (FIELDS,)),
        ("chuỗi", POINTS, ()),
        ("kênh", NEWSROOM, ()),
        ("bài đăng", PUBLICATION_ROWS, (PUBLICATIONS, float(DAYS))),
        ("lượt gửi", DELIVERY_ROWS, ()),
        ("phản ánh", CASE_ROWS, (CASES, float(DAYS), kinds)),
        ("bước xử lý", STEPS, ()),
        ("thống kê", "VACUUM ANALYZE", ()),
    ]
    try:
        await connection.execute("SET synchronous_commit = off; SET work_mem = '128MB'")
        await connection.execute(ID)
        for name, statement, values in steps:
            began = time.monotonic()
            await connection.execute(statement, *values, timeout=900)
            if name == "nguồn":
                await _draw(connection, rows)
            screen.print(f"{name}: {time.monotonic() - began:.0f} giây")
    finally:
        await connection.close()


async def _prepare(made: Stage, now: datetime) -> None:
    """A month of partitions for each of the months that are past, and somebody who works in a ward."""
    async with made.db.engine.begin() as connection:
        for days in range(0, DAYS + 60, 28):
            await connection.run_sync(ensure_partitions, now - timedelta(days=days))
    async with made.db.transaction() as session:
        await seed_person(session, WARD, "Biên tập viên phường (đo)", (Role.EDITOR,), now, "00004")


async def _draw(connection: Any, rows: int) -> None:
    """Parameters go with one statement at a time."""
    first, *others = [part for part in DRAWN.split(";\n") if part.strip()]
    await connection.execute(first, rows, float(DAYS), SOURCES, timeout=900)
    for other in others:
        await connection.execute(other, timeout=900)


# --- measuring ----------------------------------------------------------------------------------------------


async def measure(made: Stage) -> tuple[list[Measured], float]:
    """Each part as each of the two asks for it; and the milliseconds of the baseline."""
    address = made.setup.addresses.service("reports")
    found = [await _floor(address)]
    async with httpx.AsyncClient(base_url=address + API, timeout=60, trust_env=False) as http:
        for who in (EDITOR, WARD):
            token = dev_token(made.setup.paths.secrets, who, datetime.now(UTC))
            headers = {"Authorization": f"Bearer {token}"}
            for part in PARTS:
                found.append(await _part(http, part, who, headers))
                screen.print(found[-1])
    return found, await _naive(made)


async def _floor(address: str) -> Measured:
    times = []
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
        for _ in range(EACH):
            began = time.monotonic()
            (await http.get("/health/live")).raise_for_status()
            times.append(time.monotonic() - began)
    return Measured("/health/live", "—", worst(times, 50), worst(times, 99), 0.0)


async def _part(http: httpx.AsyncClient, part: str, who: str, headers: dict[str, str]) -> Measured:
    for _ in range(WARM):
        await _asked(http, part, headers, 200)
    times = [(await _asked(http, part, headers, 200))[0] for _ in range(EACH)]
    _, tag = await _asked(http, part, headers, 200)
    known = [(await _asked(http, part, headers | {"If-None-Match": tag}, None))[0] for _ in range(20)]
    return Measured(part, who, worst(times, 50), worst(times, 99), worst(known, 50))


async def _asked(http: httpx.AsyncClient, part: str, headers: dict[str, str], wanted: int | None) -> tuple[float, str]:
    began = time.monotonic()
    answer = await http.get(part, headers=headers)
    took = time.monotonic() - began
    if answer.status_code != (wanted or answer.status_code) or answer.status_code not in (200, 304):
        raise StartFailed(f"{part}: {answer.status_code} {answer.text[:300]}")
    return took, answer.headers["etag"]


async def _naive(made: Stage) -> float:
    connection = await asyncpg.connect(made.setup.owner_url.replace("+asyncpg", ""))
    times = []
    try:
        for _ in range(BASELINE_EACH):
            began = time.monotonic()
            await connection.fetchval(NAIVE, midnight(datetime.now(UTC)))
            times.append(time.monotonic() - began)
    finally:
        await connection.close()
    return worst(times, 50)


async def bench(rows: int) -> tuple[list[Measured], float]:
    refuse_without_disk(paths.data_root(paths.checkout()).parent, NEEDED if rows > 200_000 else NEEDED // 4)
    async with stage(("reports-api",)) as made:
        await fill(made, rows)
        return await measure(made)


def told(found: Sequence[Measured], naive: float) -> list[dict[str, Any]]:
    return [
        {
            "part": one.part,
            "who": one.who,
            "p50_ms": round(one.p50, 1),
            "p99_ms": round(one.p99, 1),
            "known_p50_ms": round(one.known_p50, 1),
            "naive_ms": round(naive, 1),
        }
        for one in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="The front page over 13 months, beside counting without the ids.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        rows = told(*asyncio.run(bench(wanted.rows)))
    except StartFailed as error:
        sys.exit(str(error))
    if wanted.json:
        print(json.dumps({"machine": machine(), "rows": wanted.rows, "figures": rows}, ensure_ascii=False))
        return
    table = Table(*rows[0], title=f"{machine()}; {wanted.rows} nội dung; ngân sách p99 100 ms")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
