"""Items per second from the push API to labels, and to labels, stories and the search index, on all cores.

Baseline: the same path with one item in each request and so in each transaction and event.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from rich.progress import Progress
from sqlalchemy import text

from bench.articles import articles
from bench.stage import Stage, screen, stage
from services.classify.story_queries import count_backlog

ROWS, CLIENTS = 200, 3
PROCESSES = ("ingest-api", "relay", "classify-api", "classify-worker")


def batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while batch := list(itertools.islice(source, size)):
        yield batch


@dataclass(frozen=True)
class Rate:
    """Items/s, from the first request until the last one is committed."""

    labelled: float
    whole: float
    """Labelled, given a story, and found by the search."""


async def measure(stage: Stage, run: str, count: int, rows: int) -> Rate:
    bodies = list(batches(articles(count, run), rows))
    before, labelled = await ready(stage), 0.0
    began = time.monotonic()
    queue = iter(bodies)
    async with httpx.AsyncClient(
        base_url=stage.setup.addresses.service("ingest"),
        headers={"Authorization": f"Bearer {stage.token}"},
        timeout=60,
        trust_env=False,
    ) as http:
        with Progress(console=screen, transient=True) as progress:
            task = progress.add_task(f"{run}: {count} tin", total=count)
            clients = [asyncio.create_task(push(http, queue)) for _ in range(CLIENTS)]
            while min(done := [now - then for now, then in zip(await ready(stage), before, strict=True)]) < count:
                labelled = labelled or (time.monotonic() - began if done[0] >= count else 0.0)
                progress.update(task, completed=min(done))
                for client in clients:
                    if client.done():
                        client.result()
                await asyncio.sleep(0.1)
            await asyncio.gather(*clients)
    whole = time.monotonic() - began
    return Rate(count / (labelled or whole), count / whole)


async def push(http: httpx.AsyncClient, bodies: Iterator[Sequence[dict[str, Any]]]) -> None:
    for body in bodies:
        while True:
            answer = await http.post("/api/ingest/v1/contents/bulk", json={"items": body})
            if answer.status_code != 503:
                break
            await asyncio.sleep(1)
        answer.raise_for_status()


async def ready(stage: Stage) -> list[int]:
    """How many have labels, a story where they tell one, and a place in the search index."""
    async with stage.db.transaction() as session:
        tables = ("annotations", "search_documents")
        labelled, found = [int(await session.scalar(text(f"SELECT count(*) FROM {one}")) or 0) for one in tables]  # noqa: S608
        _, waiting = await count_backlog(session, UUID(int=0))
        return [labelled, labelled - waiting, found]


async def bench(count: int) -> tuple[Rate, Rate]:
    """(batched, one by one)."""
    async with stage(PROCESSES) as made:
        async with httpx.AsyncClient(base_url=made.setup.addresses.service("ingest"), trust_env=False) as http:
            source = {"kind": "push", "name": "Đo tốc độ", "group": "press"}
            headers = {"Authorization": f"Bearer {made.token}"}
            (await http.post("/api/ingest/v1/sources", json=source, headers=headers)).raise_for_status()
        await measure(made, "warm", ROWS * 5, ROWS)
        batched = await measure(made, "batch", count, ROWS)
        single = await measure(made, "single", max(count // 20, 200), 1)
        return batched, single
