"""2,000 sources, a tenth of them slow or hostile: how late the healthy ones are polled, and in how much memory.

Baseline: the period in which each is to be polled, and the 300 MB that a process may have. The server's log says
whether any host was asked more than its budget allows.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import text

from bench.crowd import CrowdServer, Member, crowd, running_crowd
from bench.stage import Stage, screen, stage
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.local.process import StartFailed
from libs.common.local.topology import service_environment
from libs.common.roles import role_name

PAUSE, DEADLINE = 0.5, 5.0
_POLLING = {
    "LANTOA_POLL__HOST_DELAY_SECONDS": str(PAUSE),
    "LANTOA_POLL__DEADLINE_SECONDS": str(DEADLINE),
    "LANTOA_POLL__PATIENCE_SECONDS": "5",
    "LANTOA_POLL__LEASE_SECONDS": "60",
}
_ADD = text(
    """
    INSERT INTO sources (id, kind, name, url, "group", state, poll_seconds, next_poll_at, created_at, settings)
    VALUES (:id, 'feed', :name, :url, 'press', 'active', :every, :due, :now, '{"full_text": false}')
    """
)
_DELAYS = text(
    """
    SELECT count(late), coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY late), 0),
           coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY late), 0), coalesce(max(late), 0)
    FROM (
        SELECT greatest(extract(epoch FROM f.fetched_at - f.due_at) - f.duration_ms / 1000.0, 0) AS late
        FROM fetches f JOIN sources s ON s.id = f.source_id
        WHERE s.name LIKE 'healthy %' AND f.due_at IS NOT NULL
    ) AS polls
    """
)


@dataclass(frozen=True)
class Watched:
    """What was seen. Times in seconds, memory in MiB of the worker and its parsers together."""

    polls: int
    p50: float
    p99: float
    longest: float
    items: int
    requests: int
    too_soon: int
    megabytes_worker: float
    megabytes: float
    growth: float
    """Memory of the last quarter to that of the second."""


async def bench(count: int, *, every: int = 120, seconds: float = 300.0) -> Watched:
    """Poll `count` sources, each every so many seconds, for so long."""
    async with stage(()) as made, running_crowd() as server:
        first, *members = crowd(count + 1)
        with worker(made) as process:
            await register(made.db, [first], server.port, every)
            await _until_polled(made.db)
            await register(made.db, members, server.port, every)
            memory = await watch(process.pid, seconds)
        return await told(made.db, server, memory)


async def _until_polled(db: Database, patience: float = 60.0) -> None:
    """The worker has started, and its parsers with it."""
    for _ in range(int(patience / 0.2)):
        async with db.transaction() as session:
            if await session.scalar(text("SELECT count(*) FROM fetches")):
                await session.execute(text("UPDATE fetches SET due_at = NULL"))
                return
        await asyncio.sleep(0.2)
    raise StartFailed("Tiến trình đọc nguồn không chạy / the worker does not poll")


async def register(db: Database, members: Sequence[Member], port: int, every: int) -> None:
    """All sources, due one after another over the first period."""
    now = datetime.now(UTC)
    rows = [
        {
            "id": new_id(now),
            "name": f"{one.kind} {one.number}",
            "url": one.url(port),
            "every": every,
            "due": now + timedelta(seconds=every * one.number / len(members)),
            "now": now,
        }
        for one in members
    ]
    async with db.transaction() as session:
        await session.execute(_ADD, rows)


@contextmanager
def worker(made: Stage, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of ingest as its own process; told to stop at the end."""
    environment = service_environment(made.setup, role_name("ingest"), "ingest") | _POLLING | more
    command = [sys.executable, "-m", "libs.common.worker", "services.ingest.main"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        process.wait()


async def watch(pid: int, seconds: float) -> list[tuple[float, float]]:
    """MiB of the worker, and of it with its parsers, looked at every two seconds."""
    seen = []
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task("nguồn tin", total=seconds)
        for _ in range(int(seconds / 2)):
            await asyncio.sleep(2)
            progress.advance(task, 2)
            seen.append((resident(pid), resident(pid) + sum(map(resident, children(pid)))))
    return seen


def resident(pid: int) -> float:
    """Resident memory, MiB; 0 for a process that is gone."""
    with suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
    return 0.0


def children(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(each) for each in (thread / "children").read_text().split()]
    return found


async def told(db: Database, server: CrowdServer, memory: Sequence[tuple[float, float]]) -> Watched:
    async with db.transaction() as session:
        polls, p50, p99, longest = (await session.execute(_DELAYS)).one()
        items = await session.scalar(text("SELECT count(*) FROM contents"))
    quarter = max(len(memory) // 4, 1)
    second, last = memory[quarter : 2 * quarter] or memory, memory[-quarter:]
    growth = _mean([both for _, both in last]) / max(_mean([both for _, both in second]), 1.0)
    return Watched(
        polls,
        float(p50),
        float(p99),
        float(longest),
        int(items or 0),
        server.requests,
        server.too_soon(PAUSE),
        max(own for own, _ in memory),
        max(both for _, both in memory),
        growth,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
