"""Systems of others on loopback, the service's real app, and its worker's use cases as its own database role."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.reports.main import SERVICE
from services.reports.settings import ReportsGroup, WebhookSettings
from tests.common.hook import Hook, running_hook
from tests.reports.webhooks.office import Office

KEY = SecretStr("khoa-niem-phong-cua-webhook-thu-nghiem")


@pytest.fixture
async def client(client_for: Any) -> httpx.AsyncClient:
    """All of outside is on this machine, as in a replay."""
    group = ReportsGroup(webhooks=WebhookSettings(key=KEY, timeout_seconds=1))
    found: httpx.AsyncClient = await client_for(SERVICE, replay=True, reports=group)
    found._transport.raise_app_exceptions = True  # type: ignore[attr-defined]
    return found


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with running_hook() as running:
        yield running


@pytest.fixture
async def office(
    client: httpx.AsyncClient,
    db: Database,
    db_as: Callable[[str], Database],
    make: Make,
    clock: FrozenClock,
    issuer: Path,
    hook: Hook,
) -> Office:
    person = await make.person(Role.INTEGRATOR)
    desk = client._transport.app.state.resources.webhooks  # type: ignore[attr-defined]
    return Office(client, db, db_as("reports"), db_as("publish"), make, clock, issuer, person, hook, desk)
