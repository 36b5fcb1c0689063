"""The service with a real mail server on loopback, and a desk at work."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libs.common.jobs import JobContext
from libs.common.testing.make import Make
from services.reports.main import SERVICE
from tests.common.letterbox import Letterbox, running_letterbox
from tests.reports.sending.desk import RETURNED_TO, TOKEN, Desk


@pytest.fixture
async def box() -> AsyncIterator[Letterbox]:
    async with running_letterbox() as box:
        yield box


@pytest.fixture
async def client(client_for: Any, box: Letterbox) -> httpx.AsyncClient:
    reports = {"returns": {"domain": RETURNED_TO, "token": TOKEN}}
    found: httpx.AsyncClient = await client_for(SERVICE, mail=box.settings().model_dump(), reports=reports)
    found._transport.raise_app_exceptions = True  # type: ignore[attr-defined]
    return found


@pytest.fixture
def desk(client: httpx.AsyncClient, worker: JobContext[Any], box: Letterbox, make: Make, signed_in: Any) -> Desk:
    return Desk(client, worker, box, make, signed_in)
