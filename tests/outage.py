"""The database goes away: nobody gets a connection any more, and those that a service had are cut."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from libs.common.testing.plugin import TestServer

SwitchOff = Callable[[], Awaitable[None]]
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user"


@asynccontextmanager
async def switch_of(postgres: TestServer, database: str, role: str) -> AsyncIterator[SwitchOff]:
    """Switches it off when called; it is back when the test is over."""
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))

    async def off() -> None:
        await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        service = await asyncpg.connect(postgres.url("postgres", role).replace("+asyncpg", ""))
        await service.execute(CUT, database)
        await service.close()

    yield off
    await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    await admin.close()
