"""Real workers against a real crowd: killed again and again, and beside slow and hostile sources."""

import asyncio
import itertools
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from typing_extensions import override

from bench import sources
from bench.crowd import CrowdServer, Member, Writer, running_crowd
from bench.stage import Stage, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ITEMS, GROWS_FOR = 12, 10.0


class Growing(CrowdServer):
    """Feeds that only grow, to `ITEMS` each in ten seconds: what was shown once stays, so nothing may be missing."""

    @override
    async def _answer(self, path: str, head: str, reader: asyncio.StreamReader, writer: Writer) -> None:
        if path == "/robots.txt":
            await self.send(writer, 404, b"")
            return
        shown = min(ITEMS, 1 + int(ITEMS * (time.monotonic() - self.since) / GROWS_FOR))
        if f'"{shown}"' in head:
            await self.send(writer, 304, b"")
            return
        items = "".join(
            f"<item><guid>{path}/{n}</guid><link>http://127.0.0.1/tin{path}/{n}</link><title>Tin {n} của{path}</title>"
            f"<description>Bài thứ {n} của nguồn {path}, kể chuyện một khu phố.</description></item>"
            for n in range(shown)
        )
        body = f"<rss version='2.0'><channel><title>Báo</title>{items}</channel></rss>".encode()
        await self.send(writer, 200, body, f'ETag: "{shown}"\r\n')


async def killed_again_and_again(made: Stage, server: CrowdServer, times: int) -> None:
    """Each at work already, however long it took to start: the first has stored something, the others have asked."""
    chance = random.Random(3)
    for n in range(times):
        asked = server.requests
        with sources.worker(made) as process:
            while server.requests == asked or (n == 0 and not await rows(made, "SELECT id FROM fetches LIMIT 1")):
                await asyncio.sleep(0.05)
            await asyncio.sleep(chance.uniform(0, 2))
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


async def rows(made: Stage, query: str) -> list[Any]:
    async with made.db.transaction() as session:
        return list((await session.execute(text(query))).all())


@pytest.mark.mission("M39")
async def test_kill_9_loses_no_item_and_stores_none_twice() -> None:
    members = [Member(n, "healthy", f"127.2.0.{n + 1}") for n in range(12)]
    async with stage(()) as made, running_crowd(made=Growing(random.Random(1))) as server:
        await sources.register(made.db, members, server.port, every=5)
        await killed_again_and_again(made, server, times=4)
        before = len(await rows(made, "SELECT id FROM fetches"))
        with sources.worker(made):
            deadline = time.monotonic() + 90
            while len(await rows(made, "SELECT id FROM contents")) < len(members) * ITEMS:
                assert time.monotonic() < deadline, "items are missing"
                await asyncio.sleep(0.5)
            await asyncio.sleep(6)  # time enough for each to be read once more
        titles = Counter(title for (title,) in await rows(made, "SELECT title FROM contents"))
        told = await rows(
            made,
            "SELECT jsonb_array_elements_text(payload -> 'content_ids') FROM outbox "
            "WHERE subject = 'lantoa.content.ingested.v1'",
        )
        after = len(await rows(made, "SELECT id FROM fetches"))
    assert titles == {f"Tin {n} của/healthy/{one.number}": 1 for one in members for n in range(ITEMS)}
    assert sorted(Counter(told).values()) == [1] * (len(members) * ITEMS)
    assert before > 0
    assert after > before
    overlaps = sum(
        later.began < earlier.ended for visits in server.log.values() for earlier, later in itertools.pairwise(visits)
    )
    assert overlaps == 0, "a killed worker's turn is nobody else's while it may be under way"


@pytest.mark.mission("M01")
async def test_slow_and_hostile_sources_hold_up_no_other_and_no_host_gets_more_than_its_budget() -> None:
    seen = await sources.bench(60, every=8, seconds=20)
    assert seen.too_soon == 0
    assert seen.polls >= 54
    assert seen.items >= 54 * 20
    assert seen.p50 < 5
    assert seen.p99 < 20, "a deadline of 5 s, and places enough"
    assert seen.megabytes_worker < 300
