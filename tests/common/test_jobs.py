"""Claim loops: at once while there is work, after a pause when there is none, again after a failure."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext, Jobs, run_job

SECRET = "Trần Thị B 0987654321"


def _context(db: Database, clock: FrozenClock) -> JobContext[None]:
    return JobContext(db, clock, None, asyncio.Event())


async def test_runs_at_once_while_there_is_work(db: Database, clock: FrozenClock) -> None:
    jobs, context, left = Jobs(), _context(db, clock), [3, 2, 1, 0]

    @jobs.every(seconds=60)
    async def work(ctx: JobContext[Any]) -> int:
        done = left.pop(0)
        if not done:
            asyncio.get_running_loop().call_later(0.05, ctx.stopping.set)
        return done

    await asyncio.wait_for(run_job(jobs.all[0], context), 5)
    assert left == []
    assert jobs.all[0].name == "work"


async def test_runs_again_after_its_pause(db: Database, clock: FrozenClock) -> None:
    jobs, context, times = Jobs(), _context(db, clock), []

    @jobs.every(seconds=0.15)
    async def work(ctx: JobContext[Any]) -> int:
        times.append(time.monotonic())
        if len(times) == 3:
            ctx.stopping.set()
        return 0

    await asyncio.wait_for(run_job(jobs.all[0], context), 5)
    assert all(later - earlier >= 0.14 for earlier, later in pairwise(times))


@pytest.mark.mission("M39")
async def test_a_failure_is_said_without_the_data_and_the_job_goes_on(
    db: Database, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    jobs, context, runs = Jobs(), _context(db, clock), 0

    @jobs.every(seconds=0.01)
    async def work(ctx: JobContext[Any]) -> int:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ValueError(SECRET)
        ctx.stopping.set()
        return 1

    await asyncio.wait_for(run_job(jobs.all[0], context), 5)
    assert runs == 3
    assert caplog.text.count("job work failed, it will run again: ValueError (tests/common/test_jobs.py:") == 2
    assert SECRET not in caplog.text


async def test_a_stop_lets_the_run_under_way_finish(db: Database, clock: FrozenClock) -> None:
    jobs, context, finished = Jobs(), _context(db, clock), []

    @jobs.every(seconds=60)
    async def work(ctx: JobContext[Any]) -> int:
        ctx.stopping.set()
        await asyncio.sleep(0.1)
        finished.append(True)
        return 1

    await asyncio.wait_for(run_job(jobs.all[0], context), 5)
    assert finished == [True]
