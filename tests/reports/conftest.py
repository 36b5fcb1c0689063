"""A city with people, and the reports service's real app as its own database role."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.reports.main import SERVICE
from tests.reports.city import City


@pytest.fixture
def city(db: Database, make: Make, clock: FrozenClock) -> City:
    return City(db, make, clock)


@pytest.fixture
async def client(client_for: Any) -> httpx.AsyncClient:
    found: httpx.AsyncClient = await client_for(SERVICE, public_url="https://tin.example.vn")
    found._transport.raise_app_exceptions = True  # type: ignore[attr-defined]
    return found


@pytest.fixture
async def editor(signed_in: Any) -> dict[str, str]:
    headers: dict[str, str] = await signed_in(Role.EDITOR)
    return headers


@pytest.fixture
def worker(client: httpx.AsyncClient, db_as: Callable[[str], Database], clock: FrozenClock) -> JobContext[Any]:
    """What a job of the worker gets, as the service's own role."""
    resources = client._transport.app.state.resources  # type: ignore[attr-defined]
    return JobContext(db_as("reports"), clock, resources, asyncio.Event())
