"""Claim loops: claim → call outside the transaction → record. A job says how much it did."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from libs.common import telemetry
from libs.common.bus import pause
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe

log = logging.getLogger("lantoa.jobs")
R = TypeVar("R")


@dataclass(frozen=True)
class JobContext(Generic[R]):
    db: Database
    clock: Clock
    resources: R
    stopping: asyncio.Event


@dataclass(frozen=True)
class Job:
    name: str
    seconds: float
    run: Callable[[JobContext[Any]], Awaitable[int]]


class Jobs:
    """The claim loops of one service."""

    def __init__(self) -> None:
        self.all: list[Job] = []

    def every(self, *, seconds: float) -> Callable[[Any], Any]:
        """Run again after this pause, or at once while there is work."""

        def decorate(run: Any) -> Any:
            self.all.append(Job(run.__name__, seconds, run))
            return run

        return decorate


async def run_job(job: Job, context: JobContext[Any]) -> None:
    """Until the stop; a run that is under way is finished. One that fails is tried again after the job's pause."""
    while not context.stopping.is_set():
        done = 0
        try:
            done = await job.run(context)
        except Exception as error:
            log.error("job %s failed, it will run again: %s", job.name, describe(error))
            telemetry.count("lantoa.job.failures", job=job.name)
        if done == 0:
            await pause(job.seconds, context.stopping)
