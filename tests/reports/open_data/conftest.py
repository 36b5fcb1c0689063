"""What the worker publishes for open data."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from libs.common.jobs import JobContext
from services.reports.open_data import jobs

Publish = Callable[[], Awaitable[None]]


@pytest.fixture
def publish(worker: JobContext[Any]) -> Publish:
    """Everything the worker does for open data, once."""

    async def run() -> None:
        for job in jobs.jobs.all:
            await job.run(worker)

    return run
